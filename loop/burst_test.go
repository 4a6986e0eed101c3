package loop_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"eddy/loop"
)

// burst is more posts than a turn runs.
const burst = 1000

// counting counts the events of a descriptor that is always ready to be written to.
type counting struct {
	events, most int
	remove       func()
}

func (c *counting) HandleReady(loop.Ready) {
	if c.events++; c.events == c.most {
		c.remove()
	}
}
func (c *counting) HandleDeadline()  {}
func (c *counting) HandleLoopClose() {}

func TestPost_BurstsDoNotKeepTheLoopFromItsDescriptors(t *testing.T) {
	bubble(t, func(h *harness) {
		fd, _ := h.fake.Socket()
		c := &counting{most: 5}
		var ran, events []int
		h.Post(func() { // the loop is at work while the others come
			id, err := h.AddHandler(fd, c, loop.Write)
			if err != nil {
				t.Error(err)
			}
			c.remove = func() { h.RemoveHandler(id) }
			for i := range burst {
				h.Post(func() { ran, events = append(ran, i), append(events, c.events) })
			}
		})
		synctest.Wait()
		if !slices.IsSorted(ran) || len(ran) != burst {
			t.Errorf("%d of %d callbacks ran, in order: %v", len(ran), burst, slices.IsSorted(ran))
		}
		if n := len(ran); n == 0 || events[n-1] != c.most {
			t.Errorf("%d callbacks ran before the last of %d events", slices.Index(events, c.most), c.most)
		}
	})
}

// What has begun goes on before more begins: a burst of jobs that wait does not take a stack for
// each.
func TestSpawn_BurstsFinishWhatTheyBegin(t *testing.T) {
	bubble(t, func(h *harness) {
		active, most, done := 0, 0, 0
		job := func(ctx context.Context) {
			active++
			most = max(most, active)
			var w loop.Waiter
			w.Init(ctx)
			h.CallLater(0, w.Wake)
			if err := w.Wait(ctx); err != nil {
				t.Error(err)
			}
			active--
			done++
		}
		h.Post(func() {
			for range burst {
				h.Spawn(context.Background(), job)
			}
		})
		synctest.Wait()
		if done != burst || most > burst/4 {
			t.Errorf("%d of %d jobs are done, at most %d were under way at once", done, burst, most)
		}
	})
}

// Nothing of a burst is forgotten by a loop that stops, and none by one that is closed.
func TestPost_BurstsSurviveStopAndClose(t *testing.T) {
	bubble(t, func(h *harness) {
		ran := 0
		parked := make([]loop.Waiter, burst)
		ended := 0
		for i := range parked {
			h.Spawn(context.Background(), func(ctx context.Context) {
				parked[i].Init(ctx)
				parked[i].Wait(ctx)
				ended++
			})
		}
		synctest.Wait()
		h.Post(func() {
			for i := range burst {
				h.Post(func() { ran++ })
				parked[i].Wake()
			}
			go h.Close()
		})
		synctest.Wait()
		if ran != burst || ended != burst {
			t.Errorf("%d callbacks ran and %d jobs ended, want %d of each", ran, ended, burst)
		}
	})
}
