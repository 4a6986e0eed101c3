package async

import (
	"context"
	"errors"
	"time"

	"eddy/loop"
)

// ErrTimeout is returned by WithTimeout.
var ErrTimeout = errors.New("async: timeout")

// Sleep waits for d, or until ctx ends and then returns its error. Zero or less is one turn
// of the loop, as [Moment].
func Sleep(ctx context.Context, d time.Duration) error {
	var w loop.Waiter
	w.Init(ctx)
	stop := w.WakeAfter(d)
	err := w.Wait(ctx)
	if err != nil {
		stop()
	}
	return err
}

// Moment gives others a turn: it waits for one turn of the loop (Tornado's gen.moment). A
// long computation that calls it now and then keeps its loop from being taken.
func Moment(ctx context.Context) error { return Sleep(ctx, 0) }

// WithTimeout waits for f at most d and then returns ErrTimeout. The future is not
// cancelled: its result is there for others, or later. An error that it brings later and
// nobody looks at is logged, as for [Go]; a [Quiet] ctx leaves that out.
func WithTimeout[T any](ctx context.Context, d time.Duration, f *Future[T]) (T, error) {
	limited, cancel := context.WithTimeoutCause(ctx, d, ErrTimeout)
	defer cancel()
	value, err, done := f.wait(limited)
	if !done && context.Cause(limited) == ErrTimeout {
		f.abandon(ctx)
		err = ErrTimeout
	}
	return value, err
}
