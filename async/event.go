package async

import (
	"context"
	"sync"
)

// Event is a flag that can be waited for. It is not set at first.
type Event struct {
	mu      sync.Mutex
	set     bool
	waiters waitlist[none]
}

// Set sets the flag and wakes everyone who waits.
func (e *Event) Set() {
	e.mu.Lock()
	e.set = true
	woken := e.waiters.take(e.waiters.n)
	e.mu.Unlock()
	woken.wake()
}

// Clear takes the flag back. Whoever Set has woken before is not stopped by that.
func (e *Event) Clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set = false
}

// IsSet reports whether the flag is set.
func (e *Event) IsSet() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set
}

// Wait returns nil once the flag is set, at once if it is, and ctx's error if that ends
// first.
func (e *Event) Wait(ctx context.Context) error {
	e.mu.Lock()
	if e.set {
		e.mu.Unlock()
		return nil
	}
	return e.waiters.wait(ctx, &e.mu, e.waiters.join(ctx, none{}))
}
