package async

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ErrResolved is returned by Resolve and Reject when the promise was kept before.
var ErrResolved = errors.New("async: promise already resolved")

// Future is a result that will be there later. Any number of goroutines and coroutines may
// wait for it.
type Future[T any] struct {
	mu      sync.Mutex
	done    bool
	value   T
	err     error
	waiters waitlist
}

// Wait returns the result, and waits for it if need be. If ctx ends first it returns ctx's
// error; the future and its other waiters are not touched.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	f.mu.Lock()
	if f.done {
		defer f.mu.Unlock()
		return f.value, f.err
	}
	w := newWaiter(ctx)
	f.waiters.push(w)
	f.mu.Unlock()

	err := w.Wait(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		return f.value, f.err
	}
	f.waiters.remove(w)
	var zero T
	return zero, err
}

// Result returns the result if it is there.
func (f *Future[T]) Result() (value T, err error, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.value, f.err, f.done
}

// Done reports whether the result is there.
func (f *Future[T]) Done() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

func (f *Future[T]) settle(value T, err error) error {
	f.mu.Lock()
	if f.done {
		f.mu.Unlock()
		return ErrResolved
	}
	f.done, f.value, f.err = true, value, err
	waiters := f.waiters.take(f.waiters.n)
	f.mu.Unlock()
	wake(waiters)
	return nil
}

// Promise is the side of a future that brings the result.
type Promise[T any] struct {
	future Future[T]
}

// Future returns the future that this promise will resolve, always the same.
func (p *Promise[T]) Future() *Future[T] { return &p.future }

// Resolve sets the value and wakes everyone who waits. Only the first Resolve or Reject
// counts; a later one returns ErrResolved.
func (p *Promise[T]) Resolve(value T) error { return p.future.settle(value, nil) }

// Reject is Resolve with an error. A nil error is refused by a panic, because a waiter
// would take it for success.
func (p *Promise[T]) Reject(err error) error {
	if err == nil {
		panic("async: Reject with a nil error")
	}
	var zero T
	return p.future.settle(zero, err)
}

// A PanicError is the error of a future whose function panicked.
type PanicError struct {
	Value any // what panic was called with
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("async: panic: %v", e.Value) }

// ErrExited is the error of a future whose function called runtime.Goexit.
var ErrExited = errors.New("async: function called runtime.Goexit")
