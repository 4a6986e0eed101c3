package loop

import (
	"context"
	"sync/atomic"
)

// Do runs f with the loop held: at once if the caller is a coroutine that has it, and else
// in a coroutine of the loop, for which it waits. f may use everything that belongs to the
// loop, and may park, but must not block. Do returns f's error. If ctx ends before f has
// begun, f does not run and Do returns ctx's error; later it is f, with a context that has
// ended, that must come to an end, also if the loop of the caller is being closed: Do never
// leaves f behind. Any goroutine.
func (l *Loop) Do(ctx context.Context, f func(context.Context) error) error {
	if co := FromContext(ctx); co != nil && co.loop == l && co.Hold() {
		defer co.Release()
		return f(ctx)
	}
	return l.call(ctx, &call{f: f, held: true})
}

// Aside is Do in a coroutine of its own, for which the caller waits also if it is one of this loop. f does
// not hold the loop, which goes on without it if it blocks, as without any coroutine.
// What f needs of a stack is not the caller's, which keeps its own for as long as its job takes: a
// deep call that many make who will wait for long is better made so. Any goroutine.
func (l *Loop) Aside(ctx context.Context, f func(context.Context) error) error {
	return l.call(ctx, &call{f: f})
}

func (l *Loop) call(ctx context.Context, c *call) error {
	c.ended, c.err = make(chan struct{}), ErrAborted
	c.waiter.Init(ctx)
	c.job.f, c.job.done = c.run, c.finish
	if !l.spawn(ctx, &c.job) {
		return ErrClosed
	}
	return c.wait(ctx)
}

// call is a Do or Aside that waits for its function.
type call struct {
	job    funcJob
	f      func(context.Context) error
	held   bool // f has the loop
	waiter Waiter
	begun  atomic.Bool   // or withdrawn
	ended  chan struct{} // closed after f
	err    error
}

func (c *call) run(ctx context.Context) {
	if c.begun.Swap(true) {
		return
	}
	if c.held {
		co := FromContext(ctx)
		for !co.Hold() { // it was taken between the start and here
			co.comeBack()
		}
		defer co.Release()
	}
	c.err = c.f(ctx)
}

func (c *call) finish(Outcome) {
	close(c.ended)
	c.waiter.Wake()
}

func (c *call) wait(ctx context.Context) error {
	settled := false
	defer func() {
		// A caller whose loop is closed for good ends in its wait. Its last duty blocks, and loses
		// that loop; but if f is of the same one, Close ends it as it ends the caller.
		if !settled && c.begun.Swap(true) {
			c.job.Cancel(ErrClosed)
			if c.waiter.ch != nil || c.waiter.co.loop != c.job.loop {
				<-c.ended
			}
		}
	}()
	err := c.waiter.Wait(ctx)
	if err != nil && !c.begun.Swap(true) {
		settled = true
		return err
	}
	for err != nil { // f is under way
		c.job.Cancel(err)
		err = c.waiter.Wait(context.WithoutCancel(ctx))
	}
	settled = true
	return c.err
}
