package async

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	failed  uint64           // its place among all failures of the program, 0: none
	waiters waitlist[func()] // the item is called instead of a wake-up, if there is one
	regret  *regret          // nil: nobody is told of an error that is not looked at
}

// failures counts the failures of all futures, so that Gather knows which came first.
var failures atomic.Uint64

// Wait returns the result, and waits for it if need be. If ctx ends first it returns ctx's
// error; the future and its other waiters are not touched.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	value, err, _ := f.wait(ctx)
	return value, err
}

// wait is Wait, and tells whether the result is the future's.
func (f *Future[T]) wait(ctx context.Context) (value T, err error, done bool) {
	f.mu.Lock()
	if !f.done {
		if err := f.waiters.wait(ctx, &f.mu, f.waiters.join(ctx, nil)); err != nil {
			return value, err, false
		}
		f.mu.Lock()
	}
	defer f.mu.Unlock()
	value, err = f.look()
	return value, err, true
}

// Result returns the result if it is there.
func (f *Future[T]) Result() (value T, err error, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	value, err = f.look()
	return value, err, f.done
}

// Done reports whether the result is there.
func (f *Future[T]) Done() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// look returns the result to somebody who wants it. mu is held.
func (f *Future[T]) look() (T, error) {
	f.regret.looked()
	return f.value, f.err
}

func (f *Future[T]) settle(value T, err error) error {
	f.mu.Lock()
	if f.done {
		f.mu.Unlock()
		return ErrResolved
	}
	f.done, f.value, f.err = true, value, err
	if err != nil {
		f.failed = failures.Add(1)
		watchFor(f)
	}
	waiters := f.waiters.take(f.waiters.n)
	f.mu.Unlock()
	for w := range waiters.all {
		if w.item != nil {
			w.item()
		} else {
			w.Wake()
		}
	}
	return nil
}

// subscribe lets call be called once, soon after the result is there, by whoever brings
// it: call must not block. cancel ends that.
func (f *Future[T]) subscribe(call func()) (cancel func()) {
	f.mu.Lock()
	if f.done {
		f.mu.Unlock()
		call()
		return func() {}
	}
	w := &waiter[func()]{item: call}
	f.waiters.push(w)
	f.mu.Unlock()
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.waiters.remove(w)
	}
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

// StackTrace returns Stack. It is the method by which package web knows the errors that
// have one to log.
func (e *PanicError) StackTrace() []byte { return e.Stack }

// ErrExited is the error of a future whose function called runtime.Goexit.
var ErrExited = errors.New("async: function called runtime.Goexit")
