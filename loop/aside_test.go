package loop_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"eddy/loop"
)

func TestAside_IsAnotherCoroutineOfTheLoop(t *testing.T) {
	bubble(t, func(h *harness) {
		failure := errors.New("failure")
		aside := func(ctx context.Context) error {
			outer := loop.FromContext(ctx)
			err := h.Aside(ctx, func(ctx context.Context) error {
				inner := loop.FromContext(ctx)
				if inner == nil || inner == outer || inner.Loop() != h.Loop || !inner.Hold() {
					t.Error("it is not in a coroutine of its own that has the loop")
					return nil
				}
				inner.Release()
				return failure
			})
			if err != failure {
				t.Errorf("the error is %v", err)
			}
			return nil
		}
		if err := h.Do(context.Background(), aside); err != nil {
			t.Error(err)
		}
		aside(context.Background())
	})
}

// The caller's loop goes on meanwhile, and the end of its context is the function's, for which it waits.
func TestAside_EndsWithTheContextAndIsWaitedFor(t *testing.T) {
	bubble(t, func(h *harness) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		ended := false
		err := h.Do(ctx, func(ctx context.Context) error {
			return h.Aside(ctx, func(ctx context.Context) error {
				var w loop.Waiter
				w.Init(ctx)
				err := w.Wait(ctx)
				for until := time.Now().Add(time.Second); time.Now().Before(until); {
					var w loop.Waiter
					w.Init(context.WithoutCancel(ctx))
					w.WakeAfter(time.Second)
					w.Wait(context.WithoutCancel(ctx))
				}
				ended = true
				return err
			})
		})
		if !errors.Is(err, context.DeadlineExceeded) || !ended {
			t.Errorf("%v, ended: %v", err, ended)
		}
	})
}

func TestAside_OnALoopThatIsClosed(t *testing.T) {
	bubble(t, func(h *harness) {
		failed := make(chan error, 1)
		h.Spawn(context.Background(), func(ctx context.Context) {
			failed <- h.Aside(ctx, func(ctx context.Context) error {
				var w loop.Waiter
				w.Init(ctx)
				return w.Wait(ctx)
			})
		})
		synctest.Wait()
		h.Close()
		if err := <-failed; !errors.Is(err, loop.ErrClosed) {
			t.Errorf("the error is %v", err)
		}
		if err := h.Aside(context.Background(), func(context.Context) error { return nil }); err != loop.ErrClosed {
			t.Errorf("after Close: %v", err)
		}
	})
}

// Both of them wait in spite of the end, until Close ends them one after the other.
func TestAside_OfTwoThatGoOnWaitingAfterClose(t *testing.T) {
	for _, after := range []time.Duration{0, -1} {
		bubbleWith(t, loop.Options{HandOffAfter: after}, func(h *harness) {
			outer, inner := false, false
			h.Spawn(context.Background(), func(ctx context.Context) {
				defer func() { outer = true }()
				h.Aside(ctx, func(ctx context.Context) error {
					defer func() { inner = true }()
					for {
						var w loop.Waiter
						w.Init(ctx)
						w.Wait(context.WithoutCancel(ctx))
					}
				})
			})
			synctest.Wait()
			h.Close()
			synctest.Wait()
			if !outer || !inner {
				t.Errorf("hand-off after %v: ended: the caller %v, what it waits for %v", after, outer, inner)
			}
		})
	}
}
