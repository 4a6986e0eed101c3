package loop

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ErrStopped is returned by RunSync when Stop was called before the function was done.
var ErrStopped = errors.New("loop: stopped before the function was done")

// RunSync runs the loop until f is done, and returns f's error: the main function of a
// program that needs a loop for one task. f runs in a coroutine of the loop and its context
// is derived from ctx. Afterwards the loop can be run again.
//
//   - If ctx ends first, so does f's context, and RunSync waits until f has returned. If f
//     failed then, the error is ctx's (context.DeadlineExceeded after a timeout) and f's.
//   - A panic of f is logged with its stack, and the error is ErrAborted.
//   - If Stop is called meanwhile, or was called before the loop ran, the error is
//     ErrStopped; if Close is, ErrClosed. f's context ends, but f may not have: if it has not begun, it
//     never does, and if it is parked, it goes on when the loop runs again or is closed.
//   - If the loop is running already, the error is ErrRunning and f does not run.
//
// Any goroutine but the loop's own may call it.
func (l *Loop) RunSync(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return cutShort(err, err)
	}
	run, err := l.begin()
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &syncCall{f: f, outer: ctx, err: ErrAborted}
	l.spawn(inner, &funcJob{f: c.run, done: func(Outcome) {
		c.finish()
		l.stopRun(run)
	}})
	l.finish(run)
	return c.result(l)
}

// stopRun is Stop for one run: a later one goes on.
func (l *Loop) stopRun(run chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == run {
		l.stop = true
		l.wake()
	}
}

// syncCall is the function of one RunSync. The loop may be run by somebody else while
// RunSync returns, so its fields are under mu.
type syncCall struct {
	f     func(context.Context) error
	outer context.Context

	mu   sync.Mutex
	over bool // RunSync has returned
	done bool
	err  error
}

func (c *syncCall) run(ctx context.Context) {
	c.mu.Lock()
	over := c.over
	c.mu.Unlock()
	if over {
		return
	}
	err := c.f(ctx)
	if end := c.outer.Err(); err != nil && end != nil {
		err = cutShort(end, err)
	}
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
}

func (c *syncCall) finish() {
	c.mu.Lock()
	c.done = true
	c.mu.Unlock()
}

func (c *syncCall) result(l *Loop) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	switch {
	case c.done:
		return c.err
	case l.closing.Load():
		return ErrClosed
	}
	return ErrStopped
}

// cutShort makes an error of a context's end and of what a function returned after it.
func cutShort(end, err error) error {
	what := "cancelled"
	if errors.Is(end, context.DeadlineExceeded) {
		what = "timed out"
	}
	if errors.Is(err, end) {
		return fmt.Errorf("loop: RunSync %s: %w", what, err)
	}
	return fmt.Errorf("loop: RunSync %s: %w; the function's error: %w", what, end, err)
}
