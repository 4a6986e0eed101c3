package loop_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/habit"
	"eddy/loop"
)

func TestHandOff_BlockedCoroutineLosesTheLoop(t *testing.T) {
	bubble(t, func(h *harness) {
		var slept, others atomic.Int32
		outcome := make(chan loop.Outcome, 1)
		h.on(func() {
			h.start(func(context.Context) {
				time.Sleep(time.Second) // not async.Sleep
				slept.Add(1)
			}, func(o loop.Outcome) { outcome <- o })
			// These are ready in the same batch, and must not wait for the sleeper.
			for range 10 {
				h.start(func(context.Context) { others.Add(1) }, nil)
			}
		})
		time.Sleep(5 * time.Millisecond)
		synctest.Wait()
		if others.Load() != 10 || slept.Load() != 0 {
			t.Errorf("%d of 10 others ran while one slept", others.Load())
		}
		if o := <-outcome; o != loop.Returned || slept.Load() != 1 {
			t.Errorf("outcome %v", o)
		}
		if n := h.Stats().HandOffs; n != 1 {
			t.Errorf("%d hand-offs, want 1", n)
		}
	})
}

func TestHandOff_LostCoroutineComesBackToTheLoop(t *testing.T) {
	bubble(t, func(h *harness) {
		done := make(chan struct{})
		h.on(func() {
			h.start(func(ctx context.Context) {
				co := loop.FromContext(ctx)
				if !co.Hold() {
					t.Error("a fresh coroutine does not have its loop")
				} else {
					co.Release()
				}
				time.Sleep(time.Second)
				if co.Hold() {
					t.Error("a coroutine that has lost its loop could hold it")
				}
				// Work for the loop is done there, whoever has it.
				onLoop := false
				if err := h.Do(ctx, func(ctx context.Context) error {
					inner := loop.FromContext(ctx)
					onLoop = inner.Hold()
					inner.Release()
					return nil
				}); err != nil || !onLoop {
					t.Errorf("Do: %v, on the loop: %v", err, onLoop)
				}
				// A wait parks as ever, and gives the loop back.
				var w loop.Waiter
				w.Init(ctx)
				w.WakeAfter(time.Second)
				if err := w.Wait(ctx); err != nil {
					t.Error(err)
				}
				if !co.Hold() {
					t.Error("a coroutine that was resumed does not have its loop")
				} else {
					co.Release()
				}
			}, func(loop.Outcome) { close(done) })
		})
		<-done
	})
}

func TestHandOff_EndsOfLostCoroutines(t *testing.T) {
	tests := []struct {
		name string
		run  func(ctx context.Context)
		want loop.Outcome
	}{
		{"return", func(context.Context) {}, loop.Returned},
		{"panic", func(context.Context) { panic("boom") }, loop.Panicked},
		{"Goexit", func(context.Context) { runtime.Goexit() }, loop.Exited},
		{"own context's end", func(ctx context.Context) { <-ctx.Done() }, loop.Returned},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(h *harness) {
				outcome := make(chan loop.Outcome, 1)
				var j *job
				h.on(func() {
					j = h.start(func(ctx context.Context) {
						time.Sleep(time.Second)
						tt.run(ctx)
					}, func(o loop.Outcome) { outcome <- o })
				})
				time.Sleep(2 * time.Second)
				j.Cancel(errors.New("gone"))
				if o := <-outcome; o != tt.want {
					t.Errorf("outcome %v, want %v", o, tt.want)
				}
				ran := false
				h.on(func() { ran = true })
				if !ran {
					t.Error("the loop has stopped")
				}
			})
		})
	}
}

func TestHandOff_HeldLoopIsNotTaken(t *testing.T) {
	bubble(t, func(h *harness) {
		var order []string
		h.on(func() {
			h.start(func(ctx context.Context) {
				h.Do(ctx, func(context.Context) error {
					time.Sleep(time.Second) // wrong, but it must not corrupt the loop
					order = append(order, "held")
					return nil
				})
			}, nil)
			h.Post(func() { order = append(order, "post") })
		})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		h.on(func() {
			if len(order) != 2 || order[0] != "held" || h.Stats().HandOffs != 0 {
				t.Errorf("ran %v with %d hand-offs", order, h.Stats().HandOffs)
			}
		})
	})
}

func TestClose_DoesNotWaitForALostCoroutine(t *testing.T) {
	release := make(chan struct{})
	ended := make(chan struct{})
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	started := make(chan struct{})
	l.Spawn(context.Background(), func(ctx context.Context) {
		defer close(ended)
		close(started)
		<-release
		var w loop.Waiter // on a loop that is gone
		w.Init(ctx)
		w.Wait(ctx)
	})
	<-started
	for l.Stats().HandOffs == 0 {
		runtime.Gosched()
	}
	l.Close()
	close(release)
	<-ended
}

// Whatever jobs do, in whatever order, each ends once and the loop lives.
func TestHandOff_RandomSchedules(t *testing.T) {
	for _, procs := range []int{runtime.GOMAXPROCS(0), 1} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		l, err := loop.New(loop.Options{Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		const jobs = 300
		var ended sync.WaitGroup
		ended.Add(jobs)
		counter := 0 // the loop's state: -race tells if two runners have it
		for i := range jobs {
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			j := &job{done: func(loop.Outcome) {
				counter++
				ended.Done()
			}}
			j.run = func(ctx context.Context) {
				for range 1 + rng.IntN(4) {
					randomStep(l, ctx, rng, &counter)
				}
			}
			j.Init(context.Background())
			l.Post(func() { l.Start(&j.Context, j) })
		}
		ended.Wait()
		l.Close()
		if counter < jobs {
			t.Errorf("%d of %d jobs ended", counter, jobs)
		}
		t.Logf("GOMAXPROCS %d: %d hand-offs", procs, l.Stats().HandOffs)
	}
}

var (
	randomLock  sync.Mutex
	randomKinds = []*habit.Habit{
		habit.New("learned", habit.Learned), habit.New("loop", habit.OnLoop), habit.New("goroutine", habit.InGoroutine),
	}
)

func randomStep(l *loop.Loop, ctx context.Context, rng *rand.Rand, counter *int) {
	switch rng.IntN(10) {
	case 0:
		time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
	case 1: // spin
		for end := time.Now().Add(time.Duration(rng.IntN(3000)) * time.Microsecond); time.Now().Before(end); {
		}
	case 2:
		l.Do(ctx, func(context.Context) error { *counter++; return nil })
	case 3:
		w := new(loop.Waiter)
		w.Init(ctx)
		w.WakeAfter(time.Duration(rng.IntN(2000)) * time.Microsecond)
		w.Wait(ctx)
	case 4:
		w := new(loop.Waiter)
		w.Init(ctx)
		go w.Wake()
		w.Wait(ctx)
	case 5:
		if rng.IntN(4) == 0 {
			panic("random")
		}
	case 6:
		if rng.IntN(4) == 0 {
			runtime.Goexit()
		}
	case 7:
		co := loop.FromContext(ctx)
		if co.Hold() {
			*counter++
			co.Release()
		}
	case 8:
		loop.FromContext(ctx).Follow(randomKinds[rng.IntN(len(randomKinds))])
	case 9:
		randomLock.Lock()
		time.Sleep(time.Duration(rng.IntN(500)) * time.Microsecond)
		randomLock.Unlock()
	}
}
