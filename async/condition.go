package async

import (
	"context"
	"sync"
)

// Condition lets any number of waiters wait until they are notified. There is no lock
// beneath it: what the waiters wait for is theirs to check, before and after.
//
// To miss no notification, a caller registers first and checks then:
//
//	w := cond.Waiter(ctx)
//	defer w.Cancel()
//	if !ready() {
//		err = w.Wait(ctx)
//	}
//
// Wait does both where the check and the wait cannot be interrupted, as between two waits
// of a coroutine whose state only its own loop changes.
type Condition struct {
	mu      sync.Mutex
	waiters waitlist[none]
}

// Registration is one waiter's place in the queue of a [Condition].
type Registration struct {
	cond *Condition
	w    *waiter[none]
}

// Waiter takes a place in the queue. Notifications count from now on, also before Wait.
// It is for the goroutine that called it.
func (c *Condition) Waiter(ctx context.Context) Registration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Registration{c, c.waiters.join(ctx, none{})}
}

// Wait returns nil once the registration was notified, or ctx's error once ctx has ended;
// then the registration has left the queue and uses up no notification.
func (r Registration) Wait(ctx context.Context) error {
	err := r.w.Wait(ctx)
	if err != nil && !r.leave() {
		return nil // notified at the same time: the notification must not be lost
	}
	return err
}

// Cancel leaves the queue. After a notification it does nothing.
func (r Registration) Cancel() { r.leave() }

// leave reports whether the waiter was still in the queue.
func (r Registration) leave() bool {
	r.cond.mu.Lock()
	defer r.cond.mu.Unlock()
	return r.cond.waiters.remove(r.w)
}

// Wait waits to be notified: nil once it was, ctx's error if that ended first.
func (c *Condition) Wait(ctx context.Context) error { return c.Waiter(ctx).Wait(ctx) }

// Notify wakes the n waiters that came first.
func (c *Condition) Notify(n int) {
	c.mu.Lock()
	woken := c.waiters.take(n)
	c.mu.Unlock()
	wake(woken)
}

// NotifyAll wakes every waiter.
func (c *Condition) NotifyAll() {
	c.mu.Lock()
	woken := c.waiters.take(c.waiters.n)
	c.mu.Unlock()
	wake(woken)
}

// Waiters returns how many wait.
func (c *Condition) Waiters() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiters.n
}
