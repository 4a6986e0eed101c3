package loop_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"eddy/loop"
)

func TestTimer_RunsInOrderOfTimeThenCreation(t *testing.T) {
	bubble(t, func(h *harness) {
		var got []string
		note := func(s string) func() { return func() { got = append(got, s) } }
		h.on(func() {
			at := time.Now().Add(time.Second)
			h.CallLater(2*time.Second, note("later"))
			h.CallAt(at, note("a"))
			h.CallAt(at, note("b"))
			h.CallAt(at, note("c"))
			h.CallLater(0, note("now"))
			h.CallLater(-time.Hour, note("past"))
		})
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if want := []string{"past", "now", "a", "b", "c", "later"}; !slices.Equal(got, want) {
			t.Errorf("ran %v, want %v", got, want)
		}
	})
}

func TestTimer_ComesOnTime(t *testing.T) {
	bubble(t, func(h *harness) {
		begin := time.Now()
		var at time.Duration
		h.on(func() { h.CallLater(1234*time.Millisecond, func() { at = time.Since(begin) }) })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if at != 1234*time.Millisecond {
			t.Errorf("ran after %v", at)
		}
	})
}

func TestTimer_StoppedByAnotherOfTheSameTick(t *testing.T) {
	bubble(t, func(h *harness) {
		ran := 0
		h.on(func() {
			at := time.Now().Add(time.Second)
			var first, second *loop.Timer
			first = h.CallAt(at, func() {
				ran++
				if !second.Stop() {
					t.Error("the second timer had run already")
				}
				if first.Stop() {
					t.Error("a timer that runs cannot be stopped")
				}
			})
			second = h.CallAt(at, func() { ran++ })
		})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if ran != 1 {
			t.Errorf("%d timers ran, want 1", ran)
		}
	})
}

func TestTimer_StopFreesTheQueue(t *testing.T) {
	bubble(t, func(h *harness) {
		h.on(func() {
			var timers []*loop.Timer
			for range 1000 {
				timers = append(timers, h.CallLater(time.Hour, func() { t.Error("ran") }))
			}
			for _, tm := range timers {
				if !tm.Stop() || tm.Stop() {
					t.Fatal("Stop must be true once")
				}
			}
		})
		time.Sleep(2 * time.Hour)
	})
}

func TestTimer_OfNoDelayLeavesTurnsToOthers(t *testing.T) {
	bubble(t, func(h *harness) {
		n := 0
		var again func()
		again = func() {
			if n++; n < 1000 {
				h.CallLater(0, again)
			}
		}
		posted := -1
		h.on(func() {
			h.CallLater(0, again)
			h.Post(func() { posted = n })
		})
		time.Sleep(time.Second)
		synctest.Wait()
		if posted < 0 || posted > 2 {
			t.Errorf("the post ran after %d timers", posted)
		}
	})
}
