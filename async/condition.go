package async

import (
	"context"
	"sync"
)

// Condition lets any number of waiters wait until they are notified. There is no lock
// beneath it: what the waiters wait for is theirs to guard and to check, before and after.
//
// To miss no notification, a caller registers first and checks then:
//
//	for !ready() {
//		w := cond.Waiter(ctx)
//		if ready() {
//			w.Cancel()
//			break
//		}
//		if err := w.Wait(ctx); err != nil {
//			return err
//		}
//	}
//
// A check followed by [Condition.Wait] is not enough, on one loop either: the notification may come
// in between.
type Condition struct {
	mu      sync.Mutex
	waiters waitlist[notice]
}

// notice is what a waiter was told.
type notice struct {
	alone bool // by Notify: others were not told
	used  bool // Wait has returned it, or it was passed on
}

// Registration is one waiter's place in the queue of a [Condition].
type Registration struct {
	cond *Condition
	w    *waiter[notice]
}

// Waiter takes a place in the queue. Notifications count from now on, also before Wait.
// It is for the goroutine that called it.
func (c *Condition) Waiter(ctx context.Context) Registration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Registration{c, c.waiters.join(ctx, notice{})}
}

// Wait returns nil once the registration was notified, or ctx's error once ctx has ended;
// then the registration has left the queue and uses up no notification.
func (r Registration) Wait(ctx context.Context) error {
	r.cond.mu.Lock()
	err := r.cond.waiters.wait(ctx, &r.cond.mu, r.w)
	if err == nil {
		r.w.item.used = true
	}
	return err
}

// Cancel leaves the queue. A notification by [Condition.Notify] that was not waited for goes to
// the next in the queue.
func (r Registration) Cancel() {
	c := r.cond
	c.mu.Lock()
	var next *waiter[notice]
	if !c.waiters.remove(r.w) && r.w.item.alone && !r.w.item.used {
		r.w.item.used = true
		if next = c.waiters.pop(); next != nil {
			next.item.alone = true
		}
	}
	c.mu.Unlock()
	if next != nil {
		next.Wake()
	}
}

// Wait waits to be notified: nil once it was, ctx's error if that ended first.
func (c *Condition) Wait(ctx context.Context) error { return c.Waiter(ctx).Wait(ctx) }

// Notify wakes the n waiters that came first.
func (c *Condition) Notify(n int) {
	c.mu.Lock()
	woken := c.waiters.take(n)
	for w := range woken.all {
		w.item.alone = true
	}
	c.mu.Unlock()
	woken.wake()
}

// NotifyAll wakes every waiter.
func (c *Condition) NotifyAll() {
	c.mu.Lock()
	woken := c.waiters.take(c.waiters.n)
	c.mu.Unlock()
	woken.wake()
}

// Waiters returns how many wait.
func (c *Condition) Waiters() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiters.n
}
