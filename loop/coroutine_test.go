package loop_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/loop"
)

func TestStart_RunsAfterTheCallbackThatStartsIt(t *testing.T) {
	bubble(t, func(h *harness) {
		var got []string
		h.on(func() {
			h.start(func(context.Context) { got = append(got, "job") },
				func(o loop.Outcome) {
					if o != loop.Returned {
						t.Errorf("outcome %v", o)
					}
					got = append(got, "done")
				})
			got = append(got, "callback")
		})
		synctest.Wait()
		if want := []string{"callback", "job", "done"}; !slices.Equal(got, want) {
			t.Errorf("ran %v, want %v", got, want)
		}
	})
}

func TestCoroutine_ParkServesOthers(t *testing.T) {
	bubble(t, func(h *harness) {
		var w loop.Waiter
		var got []string
		h.on(func() {
			h.start(func(ctx context.Context) {
				w.Init(ctx)
				got = append(got, "waits")
				if err := w.Wait(ctx); err != nil {
					t.Error(err)
				}
				got = append(got, "woken")
			}, nil)
			h.start(func(context.Context) { got = append(got, "other") }, nil)
		})
		synctest.Wait()
		w.Wake() // from another goroutine
		w.Wake()
		synctest.Wait()
		if want := []string{"waits", "other", "woken"}; !slices.Equal(got, want) {
			t.Errorf("ran %v, want %v", got, want)
		}
	})
}

func TestCoroutine_WakeBeforeParkIsNotLost(t *testing.T) {
	bubble(t, func(h *harness) {
		done := false
		h.on(func() {
			h.start(func(ctx context.Context) {
				var w loop.Waiter
				w.Init(ctx)
				w.Wake()
				done = w.Wait(ctx) == nil
			}, nil)
		})
		synctest.Wait()
		if !done {
			t.Error("the wait did not end")
		}
	})
}

func TestCoroutine_PanicIsLoggedAndTheLoopGoesOn(t *testing.T) {
	bubble(t, func(h *harness) {
		outcome := loop.Returned
		h.on(func() {
			h.start(func(context.Context) { panic("boom") }, func(o loop.Outcome) { outcome = o })
		})
		ran := false
		h.on(func() { h.start(func(context.Context) { ran = true }, nil) })
		synctest.Wait()
		if outcome != loop.Panicked || !ran {
			t.Errorf("outcome %v, the next job ran: %v", outcome, ran)
		}
		if s := h.logs.String(); !strings.Contains(s, "boom") || !strings.Contains(s, "coroutine_test.go") {
			t.Errorf("the log lacks the panic or its stack: %s", s)
		}
	})
}

// runtime.Goexit in a coroutine is replayed in the goroutine that resumed it.
func TestCoroutine_GoexitEndsItAlone(t *testing.T) {
	bubble(t, func(h *harness) {
		for range 3 {
			var outcomes []loop.Outcome
			note := func(o loop.Outcome) { outcomes = append(outcomes, o) }
			deferred, posted := false, false
			h.on(func() {
				// The rest of the batch must be served in spite of the lost runner.
				h.start(func(context.Context) {}, note)
				h.start(func(context.Context) {
					defer func() { deferred = true }()
					runtime.Goexit()
				}, note)
				h.start(func(context.Context) {}, note)
				h.Post(func() { posted = true })
			})
			synctest.Wait()
			if want := []loop.Outcome{loop.Returned, loop.Exited, loop.Returned}; !slices.Equal(outcomes, want) {
				t.Errorf("outcomes %v, want %v", outcomes, want)
			}
			if !deferred || !posted {
				t.Errorf("deferred function ran: %v, post ran: %v", deferred, posted)
			}
		}
	})
}

func TestCoroutine_GoexitAfterPark(t *testing.T) {
	bubble(t, func(h *harness) {
		var w loop.Waiter
		outcome := loop.Returned
		h.on(func() {
			h.start(func(ctx context.Context) {
				w.Init(ctx)
				w.Wait(ctx)
				runtime.Goexit()
			}, func(o loop.Outcome) { outcome = o })
		})
		synctest.Wait()
		w.Wake()
		synctest.Wait()
		h.on(func() {})
		if outcome != loop.Exited {
			t.Errorf("outcome %v, want Exited", outcome)
		}
	})
}

func TestClose_EndsParkedCoroutines(t *testing.T) {
	var errs []error
	unwound := 0
	bubble(t, func(h *harness) {
		h.on(func() {
			for range 10 {
				h.start(func(ctx context.Context) {
					var w loop.Waiter
					w.Init(ctx)
					errs = append(errs, w.Wait(ctx))
				}, nil)
			}
			h.start(func(ctx context.Context) { // one that will not take the hint
				defer func() { unwound++ }()
				for {
					var w loop.Waiter
					w.Init(ctx)
					w.Wait(ctx)
				}
			}, nil)
		})
		synctest.Wait()
	})
	if len(errs) != 10 || unwound != 1 {
		t.Errorf("%d waits ended, %d stubborn coroutines unwound; want 10, 1", len(errs), unwound)
	}
	for _, err := range errs {
		if !errors.Is(err, loop.ErrClosed) {
			t.Errorf("a wait ended with %v, want ErrClosed", err)
		}
	}
}

type key struct{}

func TestWaiter_EndsWithItsContext(t *testing.T) {
	cause := errors.New("client gone")
	tests := []struct {
		name   string
		derive func(ctx context.Context) (context.Context, context.CancelFunc)
		cancel bool // the job's own context is cancelled
		want   error
	}{
		{"own", func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }, true, cause},
		{"with value", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithValue(ctx, key{}, "v"), func() {}
		}, true, cause},
		{"with timeout", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, false, context.DeadlineExceeded},
		{"derived, cancelled above", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Hour)
		}, true, cause},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(h *harness) {
				var got error
				ended := false
				var j *job
				h.on(func() {
					j = h.start(func(ctx context.Context) {
						ctx, cancel := tt.derive(ctx)
						defer cancel()
						var w loop.Waiter
						w.Init(ctx)
						got = w.Wait(ctx)
						ended = true
					}, nil)
				})
				synctest.Wait()
				if tt.cancel {
					j.Cancel(cause)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if !ended || !errors.Is(got, tt.want) {
					t.Errorf("ended: %v, error %v, want %v", ended, got, tt.want)
				}
			})
		})
	}
}

func TestWaiter_BlocksOffTheLoop(t *testing.T) {
	bubble(t, func(h *harness) {
		var w loop.Waiter
		w.Init(h.t.Context())
		h.Post(w.Wake)
		if err := w.Wait(h.t.Context()); err != nil {
			t.Error(err)
		}
		// A goroutine that a coroutine gave its context to blocks, too.
		var inner error
		h.on(func() {
			h.start(func(ctx context.Context) {
				var mine loop.Waiter
				mine.Init(ctx)
				go func() {
					var w loop.Waiter
					w.Init(ctx)
					w.WakeAfter(time.Second)
					inner = w.Wait(ctx)
					mine.Wake()
				}()
				if err := mine.Wait(ctx); err != nil {
					t.Error(err)
				}
			}, nil)
		})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if inner != nil {
			t.Error(inner)
		}
	})
}

func TestDo_RunsOnTheLoopFromAnywhere(t *testing.T) {
	bubble(t, func(h *harness) {
		want := errors.New("result")
		check := func(ctx context.Context) error {
			if co := loop.FromContext(ctx); co == nil || co.Loop() != h.Loop || !co.Current() {
				t.Error("not in a coroutine of the loop")
			}
			return want
		}
		if err := h.Do(h.t.Context(), check); err != want {
			t.Errorf("from a goroutine: %v", err)
		}
		h.on(func() {
			h.start(func(ctx context.Context) {
				if err := h.Do(ctx, check); err != want {
					t.Errorf("from a coroutine: %v", err)
				}
			}, nil)
		})
		synctest.Wait()
		err := h.Do(h.t.Context(), func(context.Context) error { runtime.Goexit(); return nil })
		if !errors.Is(err, loop.ErrAborted) {
			t.Errorf("Goexit: %v, want ErrAborted", err)
		}
		ctx, cancel := context.WithTimeout(h.t.Context(), time.Second)
		defer cancel()
		err = h.Do(ctx, func(ctx context.Context) error {
			var w loop.Waiter
			w.Init(ctx)
			return w.Wait(ctx)
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("timeout: %v", err)
		}
	})
}

func TestSpawn_ContextCarriesValuesAndCancellation(t *testing.T) {
	bubble(t, func(h *harness) {
		ctx, cancel := context.WithCancelCause(context.WithValue(h.t.Context(), key{}, "value"))
		cause := errors.New("cause")
		var value any
		var err error
		h.Spawn(ctx, func(ctx context.Context) {
			value = ctx.Value(key{})
			var w loop.Waiter
			w.Init(ctx)
			err = w.Wait(ctx)
		})
		synctest.Wait()
		cancel(cause)
		synctest.Wait()
		if value != "value" || !errors.Is(err, context.Canceled) {
			t.Errorf("value %v, error %v", value, err)
		}
	})
}

func TestContext_EndsWithTheJob(t *testing.T) {
	bubble(t, func(h *harness) {
		var kept context.Context
		after := make(chan struct{})
		h.on(func() {
			h.start(func(ctx context.Context) {
				kept = ctx
				context.AfterFunc(ctx, func() { close(after) })
				if ctx.Err() != nil {
					t.Error("ended too early")
				}
			}, nil)
		})
		<-after
		<-kept.Done()
		if !errors.Is(kept.Err(), context.Canceled) || loop.FromContext(kept) != nil {
			t.Errorf("after the job: %v, coroutine %v", kept.Err(), loop.FromContext(kept))
		}
		// A wait with the context of a job that is over must not park another's coroutine.
		h.on(func() {
			h.start(func(context.Context) {
				var w loop.Waiter
				w.Init(kept)
				if err := w.Wait(kept); !errors.Is(err, context.Canceled) {
					t.Errorf("wait: %v", err)
				}
			}, nil)
		})
		synctest.Wait()
	})
}

// Thousands of others may be derived from a job's context: each leaves at the same cost.
func TestContext_AfterFuncsLeaveInAnyOrder(t *testing.T) {
	for stopped := range 1 << 4 {
		var c loop.Context
		c.Init(context.Background())
		var called sync.WaitGroup
		var ran atomic.Int32
		var stops []func() bool
		for i := range 4 {
			if stopped>>i&1 == 0 {
				called.Add(1)
			}
			stops = append(stops, c.AfterFunc(func() { ran.Add(1 << (4 * i)); called.Done() }))
		}
		want := int32(0)
		for _, i := range []int{2, 0, 3, 1} {
			if stopped>>i&1 == 0 {
				want += 1 << (4 * i)
			} else if !stops[i]() || stops[i]() {
				t.Errorf("%b: stop of %d", stopped, i)
			}
		}
		c.Cancel(context.Canceled)
		called.Wait()
		if got := ran.Load(); got != want {
			t.Errorf("stopped %04b: ran %x, want %x", stopped, got, want)
		}
	}
}

func BenchmarkContext_AfterFuncs10000(b *testing.B) {
	var c loop.Context
	c.Init(context.Background())
	stops := make([]func() bool, 10000)
	for b.Loop() {
		for i := range stops {
			stops[i] = c.AfterFunc(func() {})
		}
		for _, stop := range stops {
			stop()
		}
	}
}

// Wake-ups race with parking and with the end of contexts, on a real loop.
func TestCoroutine_WakesRaceWithParks(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	var wg sync.WaitGroup
	for range 200 {
		wg.Add(1)
		l.Spawn(t.Context(), func(ctx context.Context) {
			defer wg.Done()
			for range 20 {
				w := new(loop.Waiter)
				w.Init(ctx)
				go w.Wake()
				go w.Wake()
				if err := w.Wait(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	l.Close()
}

func BenchmarkCoroutine_SpawnRunReturn(b *testing.B) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	b.ReportAllocs()
	finished := make(chan struct{})
	n := 0
	j := &job{run: func(context.Context) {}}
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

func BenchmarkCoroutine_ParkWake(b *testing.B) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	b.ReportAllocs()
	l.Do(context.Background(), func(ctx context.Context) error {
		for b.Loop() {
			var w loop.Waiter
			w.Init(ctx)
			w.WakeAfter(0)
			w.Wait(ctx)
		}
		return nil
	})
}
