package async

import (
	"context"

	"eddy/loop"
)

// waiter is one wait in a waitlist.
type waiter struct {
	loop.Waiter
	prev, next *waiter
	queued     bool
}

func newWaiter(ctx context.Context) *waiter {
	w := new(waiter)
	w.Init(ctx)
	return w
}

// waitlist is a queue of waiters in the order of their coming. Any of them can leave at the
// same cost, so that a hundred thousand timed-out waits do not hold each other up. Its
// owner's lock protects it, and is not held while waiters are woken.
type waitlist struct {
	first, last *waiter
	n           int
}

func (l *waitlist) push(w *waiter) {
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
func (l *waitlist) remove(w *waiter) bool {
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

// take removes the first n waiters; wake wakes what it returned.
func (l *waitlist) take(n int) []*waiter {
	taken := make([]*waiter, 0, max(0, min(n, l.n)))
	for len(taken) < n && l.first != nil {
		taken = append(taken, l.first)
		l.remove(l.first)
	}
	return taken
}

func wake(ws []*waiter) {
	for _, w := range ws {
		w.Wake()
	}
}
