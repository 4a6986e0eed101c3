package loop_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
)

// pause parks the coroutine for d, or until its context ends.
func pause(ctx context.Context, d time.Duration) error {
	var w loop.Waiter
	w.Init(ctx)
	defer w.WakeAfter(d)()
	return w.Wait(ctx)
}

// every makes a periodic callback with a period of a second.
func (h *harness) every(f func(context.Context) error, o loop.PeriodicOptions) *loop.PeriodicCallback {
	h.t.Helper()
	p, err := loop.NewPeriodicCallback(h.Loop, time.Second, f, o)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func seconds(all ...float64) (ds []time.Duration) {
	for _, s := range all {
		ds = append(ds, time.Duration(s*float64(time.Second)))
	}
	return ds
}

func TestPeriodicCallback_KeepsToItsSchedule(t *testing.T) {
	block := func(d time.Duration) func(*harness) {
		return func(h *harness) { h.Post(func() { time.Sleep(d) }) }
	}
	tests := []struct {
		name    string
		lasts   time.Duration // each call, waiting
		disturb func(*harness)
		want    []time.Duration
	}{
		{"short calls", 0, nil, seconds(1, 2, 3, 4, 5, 6, 7)},
		{"calls that wait: no drift", 300 * time.Millisecond, nil, seconds(1, 2, 3, 4, 5, 6, 7)},
		{"as long as a period", time.Second, nil, seconds(1, 3, 5, 7)},
		{"longer than periods: those are skipped", 2500 * time.Millisecond, nil, seconds(1, 4, 7)},
		{"late by less than a period", 0, block(1300 * time.Millisecond), seconds(1.3, 2, 3, 4, 5, 6, 7)},
		{"late by periods: those are skipped", 0, block(4700 * time.Millisecond), seconds(4.7, 5, 6, 7)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(h *harness) {
				begin := time.Now()
				var got []time.Duration
				p := h.every(func(ctx context.Context) error {
					got = append(got, time.Since(begin))
					if tt.lasts > 0 {
						return pause(ctx, tt.lasts)
					}
					return nil
				}, loop.PeriodicOptions{})
				p.Start()
				synctest.Wait()
				if tt.disturb != nil {
					tt.disturb(h)
				}
				time.Sleep(7500 * time.Millisecond)
				p.Stop()
				synctest.Wait()
				if !slices.Equal(got, tt.want) {
					t.Errorf("called at %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestPeriodicCallback_JitterMultipliesEachPeriod(t *testing.T) {
	bubble(t, func(h *harness) {
		randoms := []float64{0, 0.5, 0.75, 0.25, 0.5}
		begin := time.Now()
		var got []time.Duration
		p := h.every(func(context.Context) error {
			got = append(got, time.Since(begin))
			return nil
		}, loop.PeriodicOptions{Jitter: 0.4, Random: func() float64 {
			r := randoms[0]
			randoms = append(randoms[1:], r)
			return r
		}})
		p.Start()
		time.Sleep(5 * time.Second)
		p.Stop()
		synctest.Wait()
		if want := seconds(0.8, 1.8, 2.9, 3.8, 4.8); !slices.Equal(got, want) {
			t.Errorf("called at %v, want %v", got, want)
		}
	})
}

func TestPeriodicCallback_OwnRandomStaysInBounds(t *testing.T) {
	bubble(t, func(h *harness) {
		last, calls := time.Now(), 0
		var shortest, longest time.Duration = math.MaxInt64, 0
		p := h.every(func(context.Context) error {
			d := time.Since(last)
			shortest, longest = min(shortest, d), max(longest, d)
			last = time.Now()
			calls++
			return nil
		}, loop.PeriodicOptions{Jitter: 1})
		p.Start()
		time.Sleep(1000 * time.Second)
		p.Stop()
		synctest.Wait()
		if shortest < 500*time.Millisecond || longest > 1500*time.Millisecond || shortest == longest {
			t.Errorf("%d periods from %v to %v", calls, shortest, longest)
		}
	})
}

func TestPeriodicCallback_RefusesNonsense(t *testing.T) {
	l, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := func(context.Context) error { return nil }
	for _, period := range []time.Duration{0, -1, math.MinInt64} {
		if _, err := loop.NewPeriodicCallback(l, period, f, loop.PeriodicOptions{}); err == nil {
			t.Errorf("period %v was accepted", period)
		}
	}
	for _, jitter := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		if _, err := loop.NewPeriodicCallback(l, time.Second, f, loop.PeriodicOptions{Jitter: jitter}); err == nil {
			t.Errorf("jitter %v was accepted", jitter)
		}
	}
}

func TestPeriodicCallback_LongestPeriodNeverComes(t *testing.T) {
	bubble(t, func(h *harness) {
		p, err := loop.NewPeriodicCallback(h.Loop, math.MaxInt64, func(context.Context) error {
			t.Error("called")
			return nil
		}, loop.PeriodicOptions{Jitter: 1, Random: func() float64 { return 0.99 }})
		if err != nil {
			t.Fatal(err)
		}
		p.Start()
		time.Sleep(24 * time.Hour)
	})
}

func TestPeriodicCallback_GoesOnAfterFailures(t *testing.T) {
	bubble(t, func(h *harness) {
		calls := 0
		p := h.every(func(context.Context) error {
			switch calls++; calls {
			case 1:
				return errors.New("the first failed")
			case 2:
				panic("the second panicked")
			case 3:
				runtime.Goexit()
			}
			return nil
		}, loop.PeriodicOptions{})
		p.Start()
		time.Sleep(4500 * time.Millisecond)
		p.Stop()
		if calls != 4 {
			t.Errorf("%d calls, want 4", calls)
		}
		for _, want := range []string{"the first failed", "the second panicked", "periodic_test.go"} {
			if s := h.logs.String(); !strings.Contains(s, want) {
				t.Errorf("the log lacks %q: %s", want, s)
			}
		}
	})
}

func TestPeriodicCallback_StopEndsTheContext(t *testing.T) {
	bubble(t, func(h *harness) {
		var calls int
		var got error
		p := h.every(func(ctx context.Context) error {
			calls++
			got = pause(ctx, time.Hour)
			return fmt.Errorf("waiting: %w", got)
		}, loop.PeriodicOptions{})
		if p.IsRunning() {
			t.Error("running before Start")
		}
		for range 2 { // the second does nothing
			if !p.Start() || !p.IsRunning() {
				t.Error("not running after Start")
			}
		}
		time.Sleep(1500 * time.Millisecond)
		p.Stop()
		p.Stop()
		if p.IsRunning() {
			t.Error("running after Stop")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if calls != 1 || !errors.Is(got, context.Canceled) {
			t.Errorf("%d calls, the wait ended with %v", calls, got)
		}
		if s := h.logs.String(); s != "" {
			t.Errorf("the end of the context was logged: %s", s)
		}
		p.Start()
		h.on(func() {})
		p.Stop()
		synctest.Wait() // to the end of the turn: figures are known then
		if n := h.Stats().Timers; n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
}

// Stop on the loop, in the very turn in which a call is due, prevents it.
func TestPeriodicCallback_StopOnTheLoopIsExact(t *testing.T) {
	bubble(t, func(h *harness) {
		p := h.every(func(context.Context) error {
			t.Error("called after Stop")
			return nil
		}, loop.PeriodicOptions{})
		h.on(func() { h.CallLater(time.Second, p.Stop) }) // at the same time, and first
		p.Start()
		time.Sleep(3 * time.Second)
	})
}

func TestPeriodicCallback_NeverOverlapsAcrossRestarts(t *testing.T) {
	bubble(t, func(h *harness) {
		begin := time.Now()
		var got []time.Duration
		under := 0
		p := h.every(func(ctx context.Context) error {
			if under++; under > 1 {
				t.Error("calls overlap")
			}
			defer func() { under-- }()
			got = append(got, time.Since(begin))
			return pause(context.WithoutCancel(ctx), 2500*time.Millisecond) // takes no hint
		}, loop.PeriodicOptions{})
		p.Start()
		time.Sleep(1200 * time.Millisecond)
		p.Stop()
		p.Start() // due at 2.2, 3.2; the call lasts until 3.5
		time.Sleep(3500 * time.Millisecond)
		p.Stop()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if want := seconds(1, 4.2); !slices.Equal(got, want) {
			t.Errorf("called at %v, want %v", got, want)
		}
	})
}

func TestPeriodicCallback_EndsWithItsLoop(t *testing.T) {
	var p *loop.PeriodicCallback
	bubble(t, func(h *harness) {
		p = h.every(func(ctx context.Context) error { return pause(ctx, time.Hour) }, loop.PeriodicOptions{})
		p.Start()
		time.Sleep(1500 * time.Millisecond)
		h.Close()
		if s := h.logs.String(); s != "" {
			t.Errorf("the end of the loop was logged as a failure: %s", s)
		}
	})
	if p.IsRunning() || p.Start() {
		t.Error("running on a closed loop")
	}
	p.Stop()
}

func TestPeriodicCallback_IsForAnyGoroutine(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	under := 0
	called := make(chan struct{}, 1)
	p, err := loop.NewPeriodicCallback(l, 10*time.Microsecond, func(context.Context) error {
		if under++; under > 1 {
			t.Error("calls overlap")
		}
		select {
		case called <- struct{}{}:
		default:
		}
		under--
		return nil
	}, loop.PeriodicOptions{Jitter: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				p.Start()
				p.IsRunning()
				p.Stop()
			}
		})
	}
	wg.Wait()
	p.Start()
	<-called
	p.Stop()
}

func BenchmarkPeriodicCallback(b *testing.B) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	b.ReportAllocs()
	n, done := 0, make(chan struct{})
	p, err := loop.NewPeriodicCallback(l, 1, func(context.Context) error {
		if n++; n == b.N {
			close(done)
		}
		return nil
	}, loop.PeriodicOptions{})
	if err != nil {
		b.Fatal(err)
	}
	p.Start()
	<-done
	p.Stop()
}
