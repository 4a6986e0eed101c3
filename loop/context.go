package loop

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Context is the context of a job. It carries the coroutine, so that a wait that is given
// this context, or one derived from it, parks the coroutine instead of blocking its loop.
// It is never recycled. Embed it in the job to spare an allocation, and call Init before
// [Loop.Start].
type Context struct {
	parent context.Context
	co     atomic.Pointer[Coroutine]

	mu    sync.Mutex
	done  chan struct{}
	err   error
	after *follower
}

// follower is what happens at a context's end: a function's call, or the end of the context of
// a job that it has begun. It is linked both ways: a job that begins thousands of others must not
// pay for all of them at the end of each.
type follower struct {
	next, prev *follower
	linked     bool
	f          func()
	child      *Context
}

func (a *follower) tell(err error) {
	if a.child != nil {
		a.child.Cancel(err)
	} else {
		go a.f()
	}
}

type contextKey struct{}

// Init sets where values and the deadline come from. parent's cancellation is not looked at.
func (c *Context) Init(parent context.Context) { c.parent = parent }

// Coroutine returns the coroutine that runs the job, nil before and after.
func (c *Context) Coroutine() *Coroutine { return c.co.Load() }

// Deadline returns the parent's.
func (c *Context) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// Value returns the parent's value for key.
func (c *Context) Value(key any) any {
	if _, ok := key.(contextKey); ok {
		return c
	}
	return c.parent.Value(key)
}

var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done returns a channel that is closed when the context ends.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		if c.err != nil {
			c.done = closedChan
		} else {
			c.done = make(chan struct{})
		}
	}
	return c.done
}

// Err returns nil while the job goes on, the error of Cancel, or context.Canceled after
// the job has ended.
func (c *Context) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Cancel ends the context with err and wakes the job if it waits. Any goroutine.
func (c *Context) Cancel(err error) {
	if c.finish(err) {
		if co := c.co.Load(); co != nil {
			co.Wake()
		}
	}
}

// end is Cancel after the job.
func (c *Context) end() {
	c.co.Store(nil)
	c.finish(context.Canceled)
}

func (c *Context) finish(err error) bool {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return false
	}
	c.err = err
	if c.done != nil {
		close(c.done)
	}
	after := c.after
	c.after = nil
	c.mu.Unlock()
	for ; after != nil; after = after.next {
		after.tell(err)
	}
	return true
}

// AfterFunc runs f in a goroutine of its own once the context has ended; stop keeps it from running.
// The context package uses it to derive contexts without a goroutine for each.
func (c *Context) AfterFunc(f func()) (stop func() bool) {
	a := &follower{f: f}
	c.add(a)
	return func() bool { return c.remove(a) }
}

// add lets a be told of the context's end, at once if that has come.
func (c *Context) add(a *follower) {
	c.mu.Lock()
	if err := c.err; err != nil {
		c.mu.Unlock()
		a.tell(err)
		return
	}
	defer c.mu.Unlock()
	a.linked, a.next = true, c.after
	if a.next != nil {
		a.next.prev = a
	}
	c.after = a
}

// remove reports whether a is not told any more.
func (c *Context) remove(a *follower) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !a.linked || c.err != nil {
		return false
	}
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		c.after = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	}
	a.linked = false
	return true
}

func (c *Context) ofJob() *Context { return c }

// jobOf returns the context of the job that ctx itself is, nil if it is another's or derived.
func jobOf(ctx context.Context) *Context {
	if c, ok := ctx.(interface{ ofJob() *Context }); ok {
		return c.ofJob()
	}
	return nil
}
