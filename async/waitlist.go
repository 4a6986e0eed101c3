package async

import (
	"context"
	"sync"

	"eddy/loop"
)

// waiter is one wait in a waitlist. Those who wait with an item in hand, or for one, have it
// in the waiter.
type waiter[T any] struct {
	loop.Waiter
	item       T
	prev, next *waiter[T]
	queued     bool
}

// none is the item of those who only wait.
type none struct{}

// waitlist is a queue of waiters in the order of their coming. Any of them can leave at the
// same cost, so that a hundred thousand timed-out waits do not hold each other up. Its
// owner's lock protects it, and is not held while waiters are woken.
type waitlist[T any] struct {
	first, last *waiter[T]
	n           int
}

// join adds a waiter for the caller.
func (l *waitlist[T]) join(ctx context.Context, item T) *waiter[T] {
	w := &waiter[T]{item: item}
	w.Init(ctx)
	l.push(w)
	return w
}

func (l *waitlist[T]) push(w *waiter[T]) {
	w.queued, w.prev = true, l.last
	if l.last != nil {
		l.last.next = w
	} else {
		l.first = w
	}
	l.last = w
	l.n++
}

// remove takes w out and reports whether it was still queued.
func (l *waitlist[T]) remove(w *waiter[T]) bool {
	if !w.queued {
		return false
	}
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		l.last = w.prev
	}
	w.prev, w.next, w.queued = nil, nil, false
	l.n--
	return true
}

// pop removes the first waiter, nil if there is none.
func (l *waitlist[T]) pop() *waiter[T] {
	w := l.first
	if w != nil {
		l.remove(w)
	}
	return w
}

// taken are waiters that were removed, linked by next.
type taken[T any] struct{ first *waiter[T] }

// take removes the first n waiters.
func (l *waitlist[T]) take(n int) (t taken[T]) {
	link := &t.first
	for ; n > 0 && l.first != nil; n-- {
		w := l.pop()
		*link, link = w, &w.next
	}
	return t
}

func (t taken[T]) all(yield func(*waiter[T]) bool) {
	for w := t.first; w != nil; {
		next := w.next
		if !yield(w) {
			return
		}
		w = next
	}
}

func (t taken[T]) wake() {
	for w := range t.all {
		w.Wake()
	}
}

// wait waits until w, which is in the list, is woken by somebody who has taken it out. mu
// guards the list; the caller holds it, and wait returns without it. An error means that
// ctx has ended first and w has left the list.
//
// A coroutine that waits on a loop which is closed for good ends in its wait
// (runtime.Goexit). It leaves the list then, too.
func (l *waitlist[T]) wait(ctx context.Context, mu *sync.Mutex, w *waiter[T]) error {
	mu.Unlock()
	err, returned := error(nil), false
	defer func() {
		if !returned {
			mu.Lock()
			defer mu.Unlock()
			l.remove(w)
		}
	}()
	err, returned = w.Wait(ctx), true
	if err == nil {
		return nil
	}
	mu.Lock()
	defer mu.Unlock()
	if !l.remove(w) {
		return nil // woken at the same time: what that means must not be lost
	}
	return err
}
