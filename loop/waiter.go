package loop

import (
	"context"
	"sync/atomic"
	"time"
)

// Waiter is one wait for one event, from a coroutine or from any other goroutine. All of
// Eddy's waiting is made of it. Call Init, let the waiter be known to whoever will call
// Wake, then call Wait.
type Waiter struct {
	co    *Coroutine    // parks, unless it has a goroutine of its own, which
	ch    chan struct{} // blocks, as any other does; nil: co parks
	woken atomic.Bool
}

// Init readies the waiter for one wait of the calling goroutine: it will park if that is
// the coroutine that ctx belongs to, and block otherwise. A coroutine that has a goroutine of
// its own ([Coroutine.Follow]) blocks, too: its loop has nothing to do with it.
func (w *Waiter) Init(ctx context.Context) {
	if co := FromContext(ctx); co != nil && co.Current() {
		if w.co = co; !co.apart {
			return
		}
	}
	w.ch = make(chan struct{})
}

// Wait returns nil once Wake has been called, ctx's error once ctx has ended, or ErrClosed
// when the coroutine's loop is being closed. It is for the goroutine that called Init.
func (w *Waiter) Wait(ctx context.Context) error {
	if w.ch != nil {
		select {
		case <-w.ch:
			return nil
		default:
		}
		if w.co != nil {
			w.co.pause()
			defer w.co.goOn()
		}
		ended := ctx.Done()
		if ended == nil {
			<-w.ch // costs half of a select
			return nil
		}
		select {
		case <-w.ch:
			return nil
		case <-ended:
			return ctx.Err()
		}
	}
	if w.woken.Load() {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if own := jobOf(ctx); (own == nil || own.Coroutine() != w.co) && ctx.Done() != nil {
		// A derived context does not know the coroutine; the job's own context wakes it.
		defer context.AfterFunc(ctx, w.co.Wake)()
	}
	return w.park(ctx)
}

func (w *Waiter) park(ctx context.Context) error {
	for {
		w.co.Park()
		if w.woken.Load() {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.co.loop.closing.Load() {
			return ErrClosed
		}
	}
}

// Wake ends the wait, also one that has not begun. Calls after the first do nothing. Any
// goroutine.
func (w *Waiter) Wake() {
	if w.woken.Swap(true) {
		return
	}
	if w.ch != nil {
		close(w.ch)
	} else {
		w.co.Wake()
	}
}

// RunTask is Wake, for a waiter that is posted or set on a timer.
func (w *Waiter) RunTask() { w.Wake() }

// WakeAfter calls Wake after d. It is for the goroutine that called Init;
// stop frees what is left of the timer. It costs no goroutine, and on a loop no timer of the
// Go runtime.
func (w *Waiter) WakeAfter(d time.Duration) (stop func()) {
	parks := w.ch == nil
	if parks && d <= 0 && w.co.loop.PostTask(w) {
		return func() {}
	}
	if parks && w.co.Hold() {
		defer w.co.Release()
		t := w.co.loop.taskAt(time.Now().Add(d), w)
		return func() {
			if w.co.Hold() {
				t.Stop()
				w.co.Release()
			} else {
				w.co.loop.Post(func() { t.Stop() })
			}
		}
	}
	t := time.AfterFunc(d, w.Wake)
	return func() { t.Stop() }
}
