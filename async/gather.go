package async

import (
	"context"
	"iter"
	"maps"
	"slices"
)

// Gather waits for all futures and returns their values, in the same order. If some have
// failed, it still waits for all and then returns the error of the one that failed first;
// the others are logged, but for cancellations, and unless ctx is [Quiet]. The same future
// may be there twice, and none is no error. If ctx ends, Gather returns its error at
// once; the futures go on.
func Gather[T any](ctx context.Context, futures ...*Future[T]) ([]T, error) {
	values := make([]T, len(futures))
	err := gather(ctx, slices.All(futures), func(i int, value T) { values[i] = value })
	if err != nil {
		return nil, err
	}
	return values, nil
}

// GatherMap is [Gather] for futures that have names.
func GatherMap[K comparable, T any](ctx context.Context, futures map[K]*Future[T]) (map[K]T, error) {
	values := make(map[K]T, len(futures))
	err := gather(ctx, maps.All(futures), func(key K, value T) { values[key] = value })
	if err != nil {
		return nil, err
	}
	return values, nil
}

// gather waits for one after another: that takes no longer than waiting for all at once.
func gather[K, T any](ctx context.Context, futures iter.Seq2[K, *Future[T]], take func(K, T)) error {
	failed := make(map[*Future[T]]error)
	var first *Future[T] // of those that failed; nil if ctx's error is returned
	for key, f := range futures {
		value, err, done := f.wait(ctx)
		switch {
		case !done:
			logOthers(ctx, failed, nil)
			return err
		case err == nil:
			take(key, value)
		default:
			failed[f] = err
			if first == nil || f.failed < first.failed {
				first = f
			}
		}
	}
	logOthers(ctx, failed, first)
	return failed[first]
}

// logOthers logs the errors that Gather has looked at and does not return.
func logOthers[T any](ctx context.Context, failed map[*Future[T]]error, returned *Future[T]) {
	for f, err := range failed {
		if f != returned && !isQuiet(ctx, err) {
			logger(ctx).Error("one of several errors of gathered futures", attrs(err.Error(), stackOf(err))...)
		}
	}
}
