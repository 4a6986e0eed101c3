package async

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"eddy/loop"
)

// Result is the outcome of a future.
type Result[T any] struct {
	Value T
	Err   error
}

// ErrNoFutures is returned by First without a future to wait for.
var ErrNoFutures = errors.New("async: no futures")

// First waits until one of the futures is done, with a value or an error, and returns which
// and its result. The others go on. If ctx ends first, or there are no futures, the index is
// -1 and the error says so.
func First[T any](ctx context.Context, futures ...*Future[T]) (index int, value T, err error) {
	if len(futures) == 0 {
		return -1, value, ErrNoFutures
	}
	c := newCompletions(slices.All(futures))
	defer c.leave()
	i, f, err := c.next(ctx)
	if err != nil {
		return -1, value, err
	}
	value, err, _ = f.Result()
	return i, value, err
}

// AsCompleted returns the results of futures in the order of their completion (Tornado's
// WaitIterator). The futures come with their keys: slices.All makes the keys of a slice
// its indices, maps.All keeps those of a map. If ctx ends, its error is the last result, with
// the zero key. The iteration may be left early; the futures go on.
//
//	for i, r := range async.AsCompleted(ctx, slices.All(futures)) {
//		if r.Err != nil {
//			return r.Err
//		}
//		answers[i] = r.Value
//	}
func AsCompleted[K, T any](ctx context.Context, futures iter.Seq2[K, *Future[T]]) iter.Seq2[K, Result[T]] {
	return func(yield func(K, Result[T]) bool) {
		c := newCompletions(futures)
		defer c.leave()
		for range c.cancels {
			key, f, err := c.next(ctx)
			if err != nil {
				yield(key, Result[T]{Err: err})
				return
			}
			value, err, _ := f.Result()
			if !yield(key, Result[T]{value, err}) {
				return
			}
		}
	}
}

// completions is the queue of futures that are done and were not returned yet.
type completions[K, T any] struct {
	cancels []func()
	mu      sync.Mutex
	done    []completion[K, T]
	waiting *loop.Waiter // the iteration, if it waits
}

type completion[K, T any] struct {
	key    K
	future *Future[T]
}

func newCompletions[K, T any](futures iter.Seq2[K, *Future[T]]) *completions[K, T] {
	c := new(completions[K, T])
	for key, f := range futures {
		c.wait(key, f)
	}
	return c
}

func (c *completions[K, T]) wait(key K, f *Future[T]) {
	c.cancels = append(c.cancels, f.subscribe(func() {
		c.mu.Lock()
		c.done = append(c.done, completion[K, T]{key, f})
		w := c.waiting
		c.waiting = nil
		c.mu.Unlock()
		if w != nil {
			w.Wake()
		}
	}))
}

func (c *completions[K, T]) next(ctx context.Context) (key K, f *Future[T], err error) {
	for {
		c.mu.Lock()
		if len(c.done) > 0 {
			first := c.done[0]
			c.done = c.done[1:]
			c.mu.Unlock()
			return first.key, first.future, nil
		}
		w := new(loop.Waiter)
		w.Init(ctx)
		c.waiting = w
		c.mu.Unlock()
		if err := w.Wait(ctx); err != nil && !c.any() {
			return key, nil, err
		}
	}
}

// any reports whether there is a result that was not returned.
func (c *completions[K, T]) any() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.done) > 0
}

func (c *completions[K, T]) leave() {
	for _, cancel := range c.cancels {
		cancel()
	}
}
