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
	end    atomic.Pointer[ending] // nil until somebody asks for it, or it comes
}

// ending is how a context ends.
type ending struct {
	mu    sync.Mutex
	done  chan struct{} // nil until somebody asks for it
	err   error         // nil before the end
	after *follower
}

// unasked is the ending of all contexts that end with their jobs before anybody has asked, as
// most do. Nothing in it changes.
var unasked = &ending{done: closedChan, err: context.Canceled}

// ending returns the context's own, or unasked.
func (c *Context) ending() *ending {
	if e := c.end.Load(); e != nil {
		return e
	}
	c.end.CompareAndSwap(nil, new(ending))
	return c.end.Load()
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
func (c *Context) Coroutine() *Coroutine {
	if c.end.Load() == unasked {
		return nil
	}
	return c.co.Load()
}

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
	e := c.ending()
	if e == unasked {
		return e.done
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done == nil {
		if e.err != nil {
			e.done = closedChan
		} else {
			e.done = make(chan struct{})
		}
	}
	return e.done
}

// Err returns nil while the job goes on, the error of Cancel, or context.Canceled after
// the job has ended.
func (c *Context) Err() error {
	e := c.end.Load()
	switch e {
	case nil:
		return nil
	case unasked:
		return e.err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// Cancel ends the context with err and wakes the job if it waits. Any goroutine.
func (c *Context) Cancel(err error) {
	if c.finish(err) {
		if co := c.Coroutine(); co != nil {
			co.Wake()
		}
	}
}

// leave is Cancel after the job.
func (c *Context) leave() {
	if c.end.CompareAndSwap(nil, unasked) {
		return // Coroutine sees that; one more atomic step would cost as much again
	}
	c.co.Store(nil)
	c.finish(context.Canceled)
}

func (c *Context) finish(err error) bool {
	e := c.ending()
	if e == unasked {
		return false
	}
	e.mu.Lock()
	if e.err != nil {
		e.mu.Unlock()
		return false
	}
	e.err = err
	if e.done != nil {
		close(e.done)
	}
	after := e.after
	e.after = nil
	e.mu.Unlock()
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
	e := c.ending()
	if e == unasked {
		a.tell(e.err)
		return
	}
	e.mu.Lock()
	if err := e.err; err != nil {
		e.mu.Unlock()
		a.tell(err)
		return
	}
	defer e.mu.Unlock()
	a.linked, a.next = true, e.after
	if a.next != nil {
		a.next.prev = a
	}
	e.after = a
}

// remove reports whether a is not told any more.
func (c *Context) remove(a *follower) bool {
	e := c.ending()
	if e == unasked {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !a.linked || e.err != nil {
		return false
	}
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		e.after = a.next
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
