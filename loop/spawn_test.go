package loop_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// A coroutine that has its loop starts others at once, and all the same in a fair way.
func TestSpawn_ChainsDoNotStarveTheLoop(t *testing.T) {
	bubble(t, func(h *harness) {
		for range 3 { // fill the pool
			h.Spawn(context.Background(), func(ctx context.Context) { waitHere(ctx, time.Second) })
		}
		time.Sleep(2 * time.Second)
		const most = 100_000
		links, posted := 0, false
		var link func(ctx context.Context)
		link = func(ctx context.Context) {
			if links++; !posted && links < most {
				h.Spawn(ctx, link)
			}
		}
		h.on(func() {
			h.Spawn(context.Background(), link)
			h.Post(func() { h.Post(func() { posted = true }) })
		})
		synctest.Wait()
		h.on(func() {
			if !posted || links == most {
				t.Errorf("a chain of %d coroutines had the loop to itself; a post has run: %v", links, posted)
			}
		})
	})
}

func TestSpawn_IsRefusedWhileTheLoopCloses(t *testing.T) {
	taken, ran := true, false
	bubble(t, func(h *harness) {
		h.Spawn(context.Background(), func(ctx context.Context) {
			waitHere(ctx, time.Hour) // until Close
			taken = h.Spawn(ctx, func(context.Context) { ran = true })
		})
		synctest.Wait()
	})
	if taken || ran {
		t.Errorf("taken: %v, ran: %v", taken, ran)
	}
}

// Where coroutines are made does not depend on what their starters do to their threads.
func TestSpawn_FromALockedThread(t *testing.T) {
	bubble(t, func(h *harness) {
		ran := 0
		h.Spawn(context.Background(), func(ctx context.Context) {
			runtime.LockOSThread()
			for range 10 {
				h.Spawn(ctx, func(context.Context) { ran++ }) // else the runtime ends the program
			}
			runtime.UnlockOSThread()
			waitHere(ctx, time.Second)
		})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		h.on(func() {
			if ran != 10 {
				t.Errorf("%d of 10 ran", ran)
			}
		})
	})
}

// A job's contexts end from the outer to the inner, with its error, and those of jobs that
// have ended are not held.
func TestSpawn_ChildrenEndWithTheirParent(t *testing.T) {
	bubble(t, func(h *harness) {
		cause := errors.New("gone")
		var errs []error
		var parent *job
		h.on(func() {
			parent = h.start(func(ctx context.Context) {
				h.Spawn(ctx, func(ctx context.Context) {
					h.Spawn(ctx, func(ctx context.Context) { errs = append(errs, waitHere(ctx, time.Hour)) })
					errs = append(errs, waitHere(ctx, time.Hour))
				})
				errs = append(errs, waitHere(ctx, time.Hour))
			}, nil)
		})
		synctest.Wait()
		parent.Cancel(cause)
		synctest.Wait()
		if len(errs) != 3 || errs[0] != cause || errs[1] != cause || errs[2] != cause {
			t.Errorf("errors %v, want %v three times", errs, cause)
		}
		var late error
		h.on(func() { // of one that has ended
			h.Spawn(parent, func(ctx context.Context) { late = waitHere(ctx, time.Hour) })
		})
		synctest.Wait()
		if late != cause {
			t.Errorf("with a parent that has ended: %v", late)
		}
	})
}
