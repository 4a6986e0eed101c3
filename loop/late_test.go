package loop_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/habit"
	"eddy/internal/poll"
	"eddy/loop"
)

// A job that blocks beyond the end of its loop ends as any other: once, and as it did.
func TestClose_LateJobsEndOnce(t *testing.T) {
	ends := []struct {
		name string
		run  func(ctx context.Context)
		want loop.Outcome
	}{
		{"return", func(context.Context) {}, loop.Returned},
		{"panic", func(context.Context) { panic("boom") }, loop.Panicked},
		{"Goexit", func(context.Context) { runtime.Goexit() }, loop.Exited},
		{"ErrClosed", func(ctx context.Context) {
			if err := waitHere(context.WithoutCancel(ctx), time.Hour); !errors.Is(err, loop.ErrClosed) {
				panic(err)
			}
		}, loop.Returned},
		{"wait", func(ctx context.Context) {
			for {
				waitHere(context.WithoutCancel(ctx), time.Hour)
			}
		}, loop.Exited},
	}
	for _, apart := range []bool{false, true} {
		for _, tt := range ends {
			if apart && (tt.name == "wait" || tt.name == "ErrClosed") {
				continue // it blocks its own goroutine, and needs no loop
			}
			t.Run(map[bool]string{false: "lost ", true: "apart "}[apart]+tt.name, func(t *testing.T) {
				const n = 20
				var outcomes []loop.Outcome // -race tells if two ends come at once
				bubble(t, func(h *harness) {
					release := make(chan struct{})
					h.on(func() {
						for range n {
							h.start(func(ctx context.Context) {
								if apart {
									loop.FromContext(ctx).Follow(habit.New("x", habit.InGoroutine))
								}
								<-release
								tt.run(ctx)
							}, func(o loop.Outcome) {
								outcomes = append(outcomes, o)
								h.PutBuffer(h.GetBuffer()) // what is the loop's may be used
							})
						}
					})
					time.Sleep(time.Second)
					h.Close()
					if s := h.Stats(); len(outcomes) != 0 || s.Coroutines != n || s.Away != n {
						t.Errorf("after Close %d have ended, %d are there, %d away", len(outcomes), s.Coroutines, s.Away)
					}
					close(release)
					synctest.Wait()
					if s := h.Stats(); s.Coroutines != 0 || s.Away != 0 {
						t.Errorf("at the end %d are there, %d away", s.Coroutines, s.Away)
					}
				})
				if len(outcomes) != n {
					t.Fatalf("%d of %d jobs have ended", len(outcomes), n)
				}
				for _, o := range outcomes {
					if o != tt.want {
						t.Fatalf("outcome %v, want %v", o, tt.want)
					}
				}
			})
		}
	}
}

// What the end of a late job does cannot hurt those behind it.
func TestClose_LateEndsThatFailHurtNobody(t *testing.T) {
	var ended []string
	bubble(t, func(h *harness) {
		release := make(chan struct{})
		ends := map[string]func(){
			"panics": func() { panic("an end") },
			"exits":  runtime.Goexit,
			"starts": func() {
				h.start(func(context.Context) { t.Error("a job runs on a loop that is gone") },
					func(o loop.Outcome) {
						if o != loop.Exited {
							t.Errorf("outcome %v", o)
						}
						ended = append(ended, "its job")
					})
			},
			"does nothing": func() {},
		}
		h.on(func() {
			for name, end := range ends {
				h.start(func(context.Context) { <-release }, func(loop.Outcome) {
					ended = append(ended, name)
					end()
				})
			}
		})
		time.Sleep(time.Second)
		h.Close()
		close(release)
		synctest.Wait()
		if len(ended) != 5 || !strings.Contains(h.logs.String(), "an end") {
			t.Errorf("ended: %v; the log: %s", ended, h.logs)
		}
	})
}

// Close goes on without a deferred function that blocks, and its job ends in its own time.
func TestClose_DoesNotWaitForADeferredFunctionThatBlocks(t *testing.T) {
	outcome := loop.Returned
	var others atomic.Int32
	bubble(t, func(h *harness) {
		release := make(chan struct{})
		h.on(func() {
			h.start(func(ctx context.Context) {
				defer func() { <-release }()
				for {
					waitHere(ctx, time.Hour)
				}
			}, func(o loop.Outcome) { outcome = o })
			for range 10 {
				h.start(func(ctx context.Context) {
					defer others.Add(1)
					for {
						waitHere(ctx, time.Hour)
					}
				}, nil)
			}
		})
		synctest.Wait()
		begin := time.Now()
		h.Close() // synctest tells if it hangs
		if d := time.Since(begin); d > time.Second {
			t.Errorf("Close took %v", d)
		}
		if n := others.Load(); n != 10 {
			t.Errorf("%d of 10 others were ended", n)
		}
		if s := h.Stats(); s.Coroutines != 1 || s.Away != 1 || s.HandOffs != 1 || outcome != loop.Returned {
			t.Errorf("%d coroutines, %d away, %d hand-offs, outcome %v", s.Coroutines, s.Away, s.HandOffs, outcome)
		}
		close(release)
		synctest.Wait()
		if s := h.Stats(); s.Coroutines != 0 || s.Away != 0 || outcome != loop.Exited {
			t.Errorf("%d coroutines, %d away, outcome %v", s.Coroutines, s.Away, outcome)
		}
	})
}

// Deferred functions of one that holds the loop have it while they run.
func TestClose_WaitsForADeferredFunctionThatHoldsTheLoop(t *testing.T) {
	var order []string
	bubble(t, func(h *harness) {
		ended := make(chan error, 1)
		go func() {
			ended <- h.Do(context.Background(), func(ctx context.Context) error {
				defer func() {
					time.Sleep(time.Second) // wrong, but it must not corrupt the loop
					order = append(order, "deferred")
				}()
				for {
					waitHere(ctx, time.Hour)
				}
			})
		}()
		synctest.Wait()
		h.Close()
		order = append(order, "closed")
		if err := <-ended; !errors.Is(err, loop.ErrAborted) {
			t.Errorf("Do: %v", err)
		}
	})
	if len(order) != 2 || order[0] != "deferred" {
		t.Errorf("order: %v", order)
	}
}

// A logger that panics must not keep Close in a circle.
func TestClose_EndsCoroutinesInSpiteOfTheLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: hookedPanic})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		unwound := false
		l.Spawn(context.Background(), func(ctx context.Context) {
			defer func() { unwound = true }()
			for {
				waitHere(ctx, time.Hour)
			}
		})
		synctest.Wait()
		l.Close()
		if !unwound {
			t.Error("the coroutine was not ended")
		}
	})
}

// Do never leaves its function behind, whoever's loop is closed.
func TestDo_WaitsForItsFunctionWhileTheCallersLoopCloses(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		t.Run(map[bool]string{false: "heeds its context", true: "stubborn"}[stubborn], func(t *testing.T) {
			bubble(t, func(other *harness) {
				mine, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: quiet})
				if err != nil {
					t.Fatal(err)
				}
				go mine.Run()
				var mu sync.Mutex
				under, left := false, false
				var heard error
				callerEnded := make(chan struct{})
				mine.Spawn(context.Background(), func(ctx context.Context) {
					defer close(callerEnded)
					defer func() { // also when it is ended
						mu.Lock()
						left = under
						mu.Unlock()
					}()
					other.Do(ctx, func(ctx context.Context) error {
						mu.Lock()
						under = true
						mu.Unlock()
						if stubborn {
							waitHere(context.WithoutCancel(ctx), time.Minute)
						}
						heard = waitHere(ctx, time.Hour)
						mu.Lock()
						under = false
						mu.Unlock()
						return nil
					})
				})
				synctest.Wait()
				begin := time.Now()
				mine.Close()
				if d := time.Since(begin); d > time.Second {
					t.Errorf("Close took %v", d)
				}
				<-callerEnded
				if left {
					t.Error("Do has returned while its function was under way")
				}
				if !errors.Is(heard, loop.ErrClosed) {
					t.Errorf("the function's context: %v, want ErrClosed", heard)
				}
				if took := time.Since(begin) >= time.Minute; took != stubborn {
					t.Errorf("it took %v", time.Since(begin))
				}
			})
		})
	}
}

// Wherever jobs are when their loop is closed, each of them ends once.
func TestClose_RandomSchedules(t *testing.T) {
	for seed := range uint64(15) {
		l, err := loop.New(loop.Options{Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		var ended sync.WaitGroup
		var twice atomic.Int32
		counter := 0 // the loop's state
		for i := range uint64(40) {
			rng := rand.New(rand.NewPCG(seed, i))
			var once atomic.Bool
			j := &job{done: func(loop.Outcome) {
				counter++
				if once.Swap(true) {
					twice.Add(1)
				} else {
					ended.Done()
				}
			}}
			j.run = func(ctx context.Context) {
				if rng.IntN(3) == 0 {
					defer time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
				}
				for range 1 + rng.IntN(4) {
					randomStep(l, ctx, rng, &counter)
				}
				for rng.IntN(2) == 0 && !l.Closed() {
					waitHere(context.WithoutCancel(ctx), time.Duration(rng.IntN(3000))*time.Microsecond)
				}
			}
			j.Init(context.Background())
			ended.Add(1)
			if !l.Post(func() { l.Start(&j.Context, j) }) {
				ended.Done()
			}
		}
		time.Sleep(time.Duration(seed%6) * time.Millisecond) // somewhere in the midst
		l.Close()
		ended.Wait()
		if n := twice.Load(); n > 0 {
			t.Fatalf("%d jobs ended twice", n)
		}
		if s := l.Stats(); s.Away < 0 || s.Coroutines < 0 {
			t.Fatalf("%d away, %d coroutines", s.Away, s.Coroutines)
		}
	}
}
