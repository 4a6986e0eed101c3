package loop_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/goid"
	"eddy/loop"
)

// Jobs that end at once follow each other in one coroutine.
func TestProceed_OneCoroutineForManyJobs(t *testing.T) {
	bubble(t, func(h *harness) {
		var where []int64
		var order []int
		h.on(func() {
			for i := range 20 {
				h.start(func(context.Context) { where = append(where, goid.Get()) },
					func(loop.Outcome) { order = append(order, i) })
			}
		})
		synctest.Wait()
		if len(where) != 20 || len(slices.Compact(slices.Clone(where))) != 1 {
			t.Errorf("the jobs ran in goroutines %v", where)
		}
		if !slices.IsSorted(order) || len(order) != 20 {
			t.Errorf("they ended in the order %v", order)
		}
		if s := h.Stats(); s.IdleCoroutines != 1 || s.Coroutines != 0 {
			t.Errorf("%d idle coroutines, %d busy ones; want 1 and 0", s.IdleCoroutines, s.Coroutines)
		}
	})
}

// A job that begins the next at its end, for ever, does not keep the loop from anything else.
func TestProceed_LeavesOthersTheirTurn(t *testing.T) {
	bubble(t, func(h *harness) {
		ended, between := 0, 0
		stop := false
		var next func()
		next = func() {
			h.start(func(context.Context) {}, func(loop.Outcome) {
				if ended++; !stop {
					next()
				}
			})
		}
		h.on(next)
		h.on(func() {
			between = -ended
			h.Post(func() { stop, between = true, between+ended })
		})
		synctest.Wait()
		if between < 1 || between > 1000 {
			t.Errorf("%d jobs within a turn", between)
		}
	})
}

// Whatever a job or its end does, the jobs behind it run.
func TestProceed_AfterEndsOfAllKinds(t *testing.T) {
	quick := func(context.Context) {}
	for name, c := range map[string]struct {
		run  func(ctx context.Context)
		done func()
		logs int
	}{
		"a panic":                  {run: func(context.Context) { panic("job") }, logs: 1},
		"Goexit":                   {run: func(context.Context) { runtime.Goexit() }},
		"a park":                   {run: func(ctx context.Context) { parkFor(ctx, time.Second) }},
		"a loop that was lost":     {run: func(context.Context) { time.Sleep(time.Second) }},
		"a loop that is held":      {run: func(ctx context.Context) { loop.FromContext(ctx).Hold() }},
		"a panic in JobDone":       {run: quick, done: func() { panic("done") }, logs: 1},
		"Goexit in JobDone":        {run: quick, done: func() { runtime.Goexit() }},
		"panics in both":           {run: func(context.Context) { panic("job") }, done: func() { panic("done") }, logs: 2},
		"a lost loop, then Goexit": {run: func(context.Context) { time.Sleep(time.Second); runtime.Goexit() }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(h *harness) {
				before, after, ends := 0, 0, 0
				h.on(func() {
					h.start(quick, func(loop.Outcome) { before++ })
					h.start(c.run, func(loop.Outcome) {
						ends++
						if c.done != nil {
							c.done()
						}
					})
					for range 3 {
						h.start(quick, func(loop.Outcome) { after++ })
					}
				})
				time.Sleep(2 * time.Second)
				h.on(func() {})
				synctest.Wait()
				if before != 1 || ends != 1 || after != 3 {
					t.Errorf("%d jobs before, %d ends, %d jobs behind; want 1, 1, 3", before, ends, after)
				}
				if n := strings.Count(h.logs.Take(), "level=ERROR"); n != c.logs {
					t.Errorf("%d panics logged, want %d", n, c.logs)
				}
				if s := h.Stats(); s.Coroutines != 0 {
					t.Errorf("%d coroutines are busy", s.Coroutines)
				}
			})
		})
	}
}

func parkFor(ctx context.Context, d time.Duration) {
	var w loop.Waiter
	w.Init(ctx)
	w.WakeAfter(d)
	w.Wait(ctx)
}

// Jobs that had not begun when their loop was closed for good end without running.
func TestProceed_JobsLeftByClose(t *testing.T) {
	ran, outcomes := 0, []loop.Outcome(nil)
	bubble(t, func(h *harness) {
		var next func()
		next = func() {
			h.start(func(context.Context) { ran++ }, func(o loop.Outcome) {
				outcomes = append(outcomes, o)
				if o == loop.Returned {
					next()
				}
			})
		}
		h.on(next)
	})
	if last := len(outcomes) - 1; last != ran || outcomes[last] != loop.Exited {
		t.Errorf("%d jobs ran and %d ended, the last with %v", ran, len(outcomes), outcomes[len(outcomes)-1])
	}
}
