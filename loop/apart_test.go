package loop_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/habit"
	"eddy/loop"
)

// follow starts a job that follows h and then runs f, and reports whether f had the loop.
func follow(t *testing.T, h *harness, kind *habit.Habit, f func(ctx context.Context)) (onLoop bool) {
	t.Helper()
	done := make(chan struct{})
	h.on(func() {
		h.start(func(ctx context.Context) {
			co := loop.FromContext(ctx)
			co.Follow(kind)
			if onLoop = co.Hold(); onLoop {
				co.Release()
			}
			f(ctx)
		}, func(loop.Outcome) { close(done) })
	})
	<-done
	return onLoop
}

func TestFollow_LearnsToStartInAGoroutineAndBack(t *testing.T) {
	bubble(t, func(h *harness) {
		kind := habit.New("GET /slow", habit.Learned)
		slow := func(context.Context) { time.Sleep(100 * time.Millisecond) }
		quick := func(context.Context) {}
		for i := range 3 {
			if !follow(t, h, kind, slow) {
				t.Fatalf("job %d did not start on the loop", i)
			}
		}
		for range 10 {
			if follow(t, h, kind, slow) {
				t.Fatal("a kind that blocks started on the loop")
			}
		}
		if n := h.Stats().HandOffs; n != 3 || kind.HandOffs() != 3 {
			t.Errorf("%d hand-offs, want 3", n)
		}
		jobs := 0
		for !follow(t, h, kind, quick) {
			if jobs++; jobs > 2000 {
				t.Fatal("a kind that is quick again never came back to the loop")
			}
		}
		synctest.Wait()
		for _, want := range []string{"they block", "they have been quick", `route="GET /slow"`} {
			if !strings.Contains(h.logs.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, h.logs)
			}
		}
	})
}

func TestFollow_ForcedPlaces(t *testing.T) {
	bubble(t, func(h *harness) {
		slow := func(context.Context) { time.Sleep(100 * time.Millisecond) }
		for range 5 {
			if !follow(t, h, habit.New("x", habit.OnLoop), slow) {
				t.Error("OnLoop did not start on the loop")
			}
			if follow(t, h, habit.New("x", habit.InGoroutine), slow) {
				t.Error("InGoroutine started on the loop")
			}
		}
		// What is around decides for what is inside.
		follow(t, h, habit.New("x", habit.OnLoop), func(ctx context.Context) {
			co := loop.FromContext(ctx)
			co.Follow(habit.New("y", habit.InGoroutine))
			if !co.Hold() {
				t.Error("a forced place was changed")
			} else {
				co.Release()
			}
		})
	})
}

func TestFollow_OthersRunMeanwhile(t *testing.T) {
	bubble(t, func(h *harness) {
		kind := habit.New("x", habit.InGoroutine)
		begin := time.Now()
		slept := make(chan struct{})
		h.on(func() {
			h.start(func(ctx context.Context) {
				loop.FromContext(ctx).Follow(kind)
				time.Sleep(time.Second)
			}, func(loop.Outcome) { close(slept) })
			h.start(func(context.Context) {
				if d := time.Since(begin); d != 0 {
					t.Errorf("another coroutine waited %v", d)
				}
			}, nil)
		})
		<-slept
		if h.Stats().HandOffs != 0 {
			t.Errorf("%d hand-offs, want none", h.Stats().HandOffs)
		}
	})
}

func TestFollow_EndsOfJobsApart(t *testing.T) {
	tests := []struct {
		name string
		run  func(ctx context.Context)
		want loop.Outcome
	}{
		{"return", func(context.Context) {}, loop.Returned},
		{"panic", func(context.Context) { panic("boom") }, loop.Panicked},
		{"Goexit", func(context.Context) { runtime.Goexit() }, loop.Exited},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(h *harness) {
				outcome := make(chan loop.Outcome, 1)
				h.on(func() {
					h.start(func(ctx context.Context) {
						loop.FromContext(ctx).Follow(habit.New("x", habit.InGoroutine))
						tt.run(ctx)
					}, func(o loop.Outcome) { outcome <- o })
				})
				if o := <-outcome; o != tt.want {
					t.Errorf("outcome %v, want %v", o, tt.want)
				}
				h.on(func() {}) // the loop lives
			})
		})
	}
}

// A wait blocks the goroutine, so that the loop has nothing to do with it, and is not taken
// for a long run.
func TestFollow_WaitsApartAreNotHeldAgainstIt(t *testing.T) {
	bubble(t, func(h *harness) {
		kind := habit.New("x", habit.Learned)
		for range 3 {
			kind.HandedOff()
		}
		jobs := 0
		for !follow(t, h, kind, func(ctx context.Context) {
			var w loop.Waiter
			w.Init(ctx)
			w.WakeAfter(time.Second)
			if err := w.Wait(ctx); err != nil {
				t.Error(err)
			}
		}) {
			if jobs++; jobs > 2000 {
				t.Fatal("a kind that only waits never came back to the loop")
			}
		}
		if jobs < 100 {
			t.Errorf("it was back after %d jobs", jobs)
		}
	})
}

func TestFollow_LockedThreadMayWaitApart(t *testing.T) {
	bubble(t, func(h *harness) {
		follow(t, h, habit.New("x", habit.InGoroutine), func(ctx context.Context) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var w loop.Waiter
			w.Init(ctx)
			w.WakeAfter(time.Second)
			if err := w.Wait(ctx); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestClose_EndsWaitsApart(t *testing.T) {
	bubble(t, func(h *harness) {
		got := make(chan error, 1)
		h.on(func() {
			h.start(func(ctx context.Context) {
				loop.FromContext(ctx).Follow(habit.New("x", habit.InGoroutine))
				var w loop.Waiter
				w.Init(ctx)
				got <- w.Wait(ctx)
			}, nil)
		})
		synctest.Wait()
		h.Close()
		if err := <-got; !errors.Is(err, loop.ErrClosed) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want ErrClosed", err)
		}
	})
}

// What a job does is added to the habit that it follows at the time.
func TestFollow_EachHabitLearnsFromItsPart(t *testing.T) {
	slow := func() { time.Sleep(2 * loop.DefaultHandOffAfter) }
	quick := func() {}
	tests := []struct {
		name                string
		first, second       func()
		firstStays, leaving bool
	}{
		{"the first part blocks", slow, quick, true, false},
		{"the second part blocks", quick, slow, false, true},
		{"neither", quick, quick, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(h *harness) {
				outer, inner := habit.New("outer", habit.Learned), habit.New("inner", habit.Learned)
				for range 3 {
					outer.HandedOff()
				}
				for range 1200 {
					follow(t, h, outer, func(ctx context.Context) {
						tt.first()
						loop.FromContext(ctx).Follow(inner)
						tt.second()
					})
				}
				if outer.Apart() != tt.firstStays {
					t.Errorf("the first habit keeps its jobs apart: %v, want %v", !tt.firstStays, tt.firstStays)
				}
				if inner.Apart() != tt.leaving {
					t.Errorf("the second one leaves the loop: %v, want %v", !tt.leaving, tt.leaving)
				}
			})
		})
	}
}

// A job that says twice what it follows has run once.
func TestFollow_SameHabitTwiceCountsOnce(t *testing.T) {
	bubble(t, func(h *harness) {
		jobs := func(times int) (n int) {
			kind := habit.New("x", habit.Learned)
			for range 3 {
				kind.HandedOff()
			}
			for kind.Apart() && n < 2000 {
				follow(t, h, kind, func(ctx context.Context) {
					for range times {
						loop.FromContext(ctx).Follow(kind)
					}
				})
				n++
			}
			return n
		}
		if once, thrice := jobs(0), jobs(2); once != thrice {
			t.Errorf("back on the loop after %d jobs, and after %d that follow it again", once, thrice)
		}
	})
}

// What is learned does not depend on how long the monitor's looks take.
func TestMonitor_OptionsSetTheTimes(t *testing.T) {
	tests := []struct {
		name             string
		after, threshold time.Duration
		handOffs         uint64
		says             string
	}{
		{"default", 0, 0, 1, "a handler blocks: its loop goes on without it"},
		{"patient", 300 * time.Millisecond, -1, 1, "a handler blocks"},
		{"more patient than it takes", 2 * time.Second, 100 * time.Millisecond, 0, "a loop is blocked"},
		{"never", -1, 0, 0, "a loop is blocked"},
		{"never, and silent", -1, -1, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubbleWith(t, loop.Options{HandOffAfter: tt.after, BlockingLogThreshold: tt.threshold}, func(h *harness) {
				follow(t, h, habit.New("x", habit.OnLoop), blockHere)
				synctest.Wait()
				if n := h.Stats().HandOffs; n != tt.handOffs {
					t.Errorf("%d hand-offs, want %d", n, tt.handOffs)
				}
				log := h.logs.String()
				if tt.says == "" {
					if log != "" {
						t.Errorf("it logs\n%s", log)
					}
				} else if !strings.Contains(log, tt.says) || !strings.Contains(log, "blockHere") {
					t.Errorf("the log does not say %q with the place:\n%s", tt.says, log)
				}
			})
		})
	}
}

func blockHere(context.Context) { time.Sleep(time.Second) }

// A handler that is merely unlucky on a busy machine loses its loop, and nobody is told.
func TestMonitor_ShortBlocksAreNotReported(t *testing.T) {
	bubbleWith(t, loop.Options{BlockingLogThreshold: -1}, func(h *harness) {
		for range 5 {
			follow(t, h, habit.New("x", habit.OnLoop), func(context.Context) { time.Sleep(5 * time.Millisecond) })
			time.Sleep(2 * time.Second)
		}
		if n := h.Stats().HandOffs; n != 5 {
			t.Errorf("%d hand-offs, want 5", n)
		}
		if log := h.logs.String(); log != "" {
			t.Errorf("it logs\n%s", log)
		}
		follow(t, h, habit.New("x", habit.OnLoop), blockHere)
		if log := h.logs.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "unreported=5") {
			t.Errorf("it logs\n%s", log)
		}
	})
}

func TestMonitor_ReportsAreRare(t *testing.T) {
	bubble(t, func(h *harness) {
		kind := habit.New("x", habit.OnLoop)
		for range 30 { // for a minute
			follow(t, h, kind, func(context.Context) { time.Sleep(2 * time.Second) })
		}
		synctest.Wait()
		if n := strings.Count(h.logs.String(), "a handler blocks"); n < 5 || n > 7 {
			t.Errorf("%d lines in a minute:\n%s", n, h.logs)
		}
	})
}

func BenchmarkFollow_InGoroutine(b *testing.B) {
	benchmarkFollow(b, habit.New("x", habit.InGoroutine))
}

func BenchmarkFollow_OnLoop(b *testing.B) { benchmarkFollow(b, habit.New("x", habit.Learned)) }

func benchmarkFollow(b *testing.B, kind *habit.Habit) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	b.ReportAllocs()
	finished := make(chan struct{})
	n := 0
	j := &job{run: func(ctx context.Context) { loop.FromContext(ctx).Follow(kind) }}
	next := func() {
		j.Context = loop.Context{}
		j.Init(context.Background())
		l.Start(&j.Context, j)
	}
	j.done = func(loop.Outcome) {
		if n++; n < b.N {
			next()
		} else {
			close(finished)
		}
	}
	l.Post(func() {
		b.ResetTimer()
		next()
	})
	<-finished
}
