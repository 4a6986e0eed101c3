package loop_test

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
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

func TestTimer_ResetFromEveryState(t *testing.T) {
	bubble(t, func(h *harness) {
		begin := time.Now()
		var ran []time.Duration
		var tm *loop.Timer
		h.on(func() {
			tm = h.CallLater(time.Second, func() { ran = append(ran, time.Since(begin)) })
			if !tm.Reset(3 * time.Second) {
				t.Error("Reset of a waiting timer reports false")
			}
		})
		time.Sleep(4 * time.Second)
		h.on(func() {
			if tm.Reset(time.Second) {
				t.Error("Reset of a timer that has run reports true")
			}
		})
		time.Sleep(2 * time.Second)
		h.on(func() {
			tm.Reset(time.Second)
			if !tm.Stop() || tm.Stop() {
				t.Error("Stop must be true once")
			}
			if tm.Reset(2 * time.Second) {
				t.Error("Reset of a stopped timer reports true")
			}
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if want := []time.Duration{3 * time.Second, 5 * time.Second, 8 * time.Second}; !slices.Equal(ran, want) {
			t.Errorf("ran at %v, want %v", ran, want)
		}
	})
}

func TestTimer_ResetByAnotherOfTheSameTick(t *testing.T) {
	bubble(t, func(h *harness) {
		begin := time.Now()
		var ran []time.Duration
		h.on(func() {
			at := begin.Add(time.Second)
			var second *loop.Timer
			h.CallAt(at, func() {
				if !second.Reset(0) || !second.Reset(time.Second) {
					t.Error("a timer that is due but has not run waits")
				}
			})
			second = h.CallAt(at, func() { ran = append(ran, time.Since(begin)) })
		})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if want := []time.Duration{2 * time.Second}; !slices.Equal(ran, want) {
			t.Errorf("ran at %v, want %v", ran, want)
		}
	})
}

// A time without a monotonic reading means the same moment.
func TestTimer_TakesWallTimes(t *testing.T) {
	bubble(t, func(h *harness) {
		begin := time.Now()
		var got []string
		h.on(func() {
			wall := begin.Add(time.Second).Round(0)
			h.CallAt(wall, func() { got = append(got, "wall "+time.Since(begin).String()) })
			h.CallAt(begin.Add(time.Second), func() { got = append(got, "monotonic "+time.Since(begin).String()) })
			h.CallAt(wall.UTC(), func() { got = append(got, "utc "+time.Since(begin).String()) })
			h.CallAt(begin.Add(-time.Hour).Round(0), func() { got = append(got, "past "+time.Since(begin).String()) })
		})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if want := []string{"past 0s", "wall 1s", "monotonic 1s", "utc 1s"}; !slices.Equal(got, want) {
			t.Errorf("ran %v, want %v", got, want)
		}
	})
}

func TestTimer_FurtherOffThanTimeGoes(t *testing.T) {
	bubble(t, func(h *harness) {
		time.Sleep(time.Hour) // so that the sum overflows
		h.on(func() {
			for _, when := range []time.Time{time.Unix(1<<60, 0), h.Now().Add(math.MaxInt64), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
				h.CallAt(when, func() { t.Errorf("the timer for %v ran", when) })
			}
			h.CallLater(math.MaxInt64, func() { t.Error("the timer of 292 years ran") })
			h.CallAt(time.Time{}, func() {}) // long past
			h.CallLater(math.MinInt64, func() {})
		})
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := h.Stats().Timers; n != 4 {
			t.Errorf("%d timers wait, want 4", n)
		}
	})
}

// Timers are set, stopped and set anew at random; those left must run in order.
func TestTimer_OrderHoldsUnderRandomChanges(t *testing.T) {
	bubble(t, func(h *harness) {
		type entry struct{ due, seq int }
		inOrder := func(a, b entry) int {
			return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.seq, b.seq))
		}
		random := rand.New(rand.NewPCG(1, 2))
		var got, want []entry
		h.on(func() {
			base := time.Now()
			var timers []*loop.Timer
			for seq := range 5000 {
				due := random.IntN(200) // so that many are equal
				timers = append(timers, h.CallAt(base.Add(time.Duration(due)*time.Millisecond),
					func() { got = append(got, entry{due, seq}) }))
				want = append(want, entry{due, seq})
				if i := random.IntN(len(timers)); seq%3 == 0 {
					if !timers[i].Stop() {
						t.Fatal("a waiting timer could not be stopped")
					}
					timers, want = slices.Delete(timers, i, i+1), slices.Delete(want, i, i+1)
				}
			}
		})
		time.Sleep(time.Second)
		synctest.Wait()
		slices.SortFunc(want, inOrder)
		if !slices.Equal(got, want) {
			t.Errorf("%d timers ran, in order: %v; want %d", len(got), slices.IsSortedFunc(got, inOrder), len(want))
		}
	})
}

// A million timers are set and stopped, a quarter of them at a time, and another quarter
// runs: neither they nor the room for them may stay.
func TestTimer_StoppedOnesLeaveNothing(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what the first one only marked as garbage, as finalizers and pools hold
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	timers := make([]*loop.Timer, 250_000)
	before := heap()
	for range 4 {
		done := make(chan struct{})
		l.Post(func() {
			defer close(done)
			for i := range timers {
				timers[i] = l.CallLater(time.Duration(1+i%1000)*time.Hour, func() { t.Error("ran") })
			}
			for i, tm := range timers {
				tm.Stop()
				timers[i] = nil
			}
		})
		<-done
	}
	ran := 0
	l.Post(func() {
		for range timers {
			l.CallLater(0, func() { ran++ })
		}
	})
	for range 4 { // turns: they run in one and leave in the next
		l.Do(t.Context(), func(context.Context) error { return nil })
	}
	if n := l.Stats().Timers; n != 0 {
		t.Errorf("%d timers are left, %d have run", n, ran)
	}
	if left := heap() - before; left > 3<<19 {
		t.Errorf("%d bytes are left", left)
	}
	runtime.KeepAlive(timers) // it was there before, too
}

func TestTimer_NeverRunsEarly(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	const n = 200
	done := make(chan struct{}, n)
	l.Post(func() {
		for i := range n {
			begin, d := time.Now(), time.Duration(i)*97*time.Microsecond
			l.CallLater(d, func() {
				if took := time.Since(begin); took < d {
					t.Errorf("a timer of %v ran after %v", d, took)
				}
				done <- struct{}{}
			})
		}
	})
	for range n {
		<-done
	}
}

// Equal times without a monotonic reading stay equal when they are translated, on a clock
// that moves meanwhile.
func TestTimer_EqualWallTimesRunInOrderOfCreation(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	err = l.RunSync(t.Context(), func(ctx context.Context) error {
		var w loop.Waiter
		w.Init(ctx)
		wall := time.Now().Add(5 * time.Millisecond).Round(0)
		return l.Do(ctx, func(ctx context.Context) error {
			for i := range 1000 {
				l.CallAt(wall, func() {
					if got = append(got, i); len(got) == 1000 {
						w.Wake()
					}
				})
			}
			return w.Wait(ctx)
		})
	})
	l.Close()
	if err != nil || len(got) != 1000 || !slices.IsSorted(got) {
		t.Errorf("%d timers ran, in order: %v; error %v", len(got), slices.IsSorted(got), err)
	}
}

// What a loop that stood still measures in its first turn must not begin in the past.
func TestTimer_AfterTheLoopStoodStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := poll.NewFake()
		l, _ := loop.New(loop.Options{Poller: fake, Logger: quiet})
		time.Sleep(time.Hour)
		begin := time.Now()
		fd, _ := fake.Socket()
		r := &recorder{}
		l.Post(func() {
			if !l.Now().Equal(begin) {
				t.Errorf("Now is %v before the turn", begin.Sub(l.Now()))
			}
			id, err := l.AddHandler(fd, r, loop.Read)
			if err != nil {
				t.Error(err)
			}
			l.SetDeadline(id, 10*time.Second)
		})
		go l.Run()
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if r.deadlines.Load() != 0 {
			t.Error("the deadline came early")
		}
		l.Close()
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
