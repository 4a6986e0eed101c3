package async_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"eddy/async"
	"eddy/loop"
)

func TestFuture_WaitReturnsWhatWasPromised(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		failure := errors.New("failure")
		tests := []struct {
			name  string
			keep  func(*async.Promise[string]) error
			value string
			err   error
		}{
			{"value", func(p *async.Promise[string]) error { return p.Resolve("v") }, "v", nil},
			{"error", func(p *async.Promise[string]) error { return p.Reject(failure) }, "", failure},
		}
		for _, tt := range tests {
			for _, when := range []string{"before", "after"} {
				var p async.Promise[string]
				if when == "before" {
					tt.keep(&p)
				} else {
					time.AfterFunc(time.Second, func() { tt.keep(&p) })
				}
				for range 2 { // the result stays
					v, err := p.Future().Wait(ctx)
					if v != tt.value || err != tt.err {
						t.Errorf("%s, resolved %s the wait: %q, %v", tt.name, when, v, err)
					}
				}
				if err := tt.keep(&p); err != async.ErrResolved {
					t.Errorf("second time: %v, want ErrResolved", err)
				}
				if v, err, done := p.Future().Result(); v != tt.value || err != tt.err || !done {
					t.Errorf("Result: %q, %v, %v", v, err, done)
				}
			}
		}
	})
}

func TestFuture_ContextEndsTheWaitOnly(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var p async.Promise[int]
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := p.Future().Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wait: %v", err)
		}
		p.Resolve(1)
		if v, err := p.Future().Wait(ctx); v != 1 || err != nil {
			t.Errorf("next wait: %d, %v", v, err)
		}
		// A result that is there beats a context that has ended.
		if v, err := p.Future().Wait(short); v != 1 || err != nil {
			t.Errorf("ended context: %d, %v", v, err)
		}
	})
}

func TestFuture_ManyWaiters(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var p async.Promise[int]
		var futures []*async.Future[int]
		for range 100 {
			futures = append(futures, async.Go(ctx, p.Future().Wait))
		}
		async.Sleep(ctx, time.Second)
		p.Resolve(7)
		for _, f := range futures {
			if v, err := f.Wait(ctx); v != 7 || err != nil {
				t.Fatalf("%d, %v", v, err)
			}
		}
	})
}

func TestPromise_RejectNilPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Reject(nil) was accepted")
		}
	}()
	new(async.Promise[int]).Reject(nil)
}

func TestGo_ReportsPanicAndGoexit(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		_, err := async.Go(ctx, func(context.Context) (int, error) { panic("boom") }).Wait(ctx)
		var p *async.PanicError
		if !errors.As(err, &p) || p.Value != "boom" || len(p.Stack) == 0 {
			t.Errorf("panic: %v", err)
		}
		_, err = async.Go(ctx, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }).Wait(ctx)
		if !errors.Is(err, async.ErrExited) {
			t.Errorf("Goexit: %v", err)
		}
	})
}

func TestGo_StaysOnTheLoop(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		here := loop.FromContext(ctx)
		same, err := async.Go(ctx, func(ctx context.Context) (bool, error) {
			co := loop.FromContext(ctx)
			return (co == nil) == (here == nil) && (co == nil || co.Loop() == here.Loop() && co != here), nil
		}).Wait(ctx)
		if err != nil || !same {
			t.Errorf("%v, %v", same, err)
		}
	})
}

func TestSleep_LastsAndEndsEarly(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		for _, d := range []time.Duration{0, -time.Second, time.Millisecond, time.Hour} {
			begin := time.Now()
			if err := async.Sleep(ctx, d); err != nil {
				t.Errorf("%v: %v", d, err)
			}
			if got := time.Since(begin); got != max(0, d) {
				t.Errorf("slept %v, want %v", got, d)
			}
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		begin := time.Now()
		if err := async.Sleep(short, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cut short: %v", err)
		}
		if got := time.Since(begin); got != time.Second {
			t.Errorf("cut short after %v", got)
		}
	})
}

func TestWithTimeout_LeavesTheFutureAlone(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		f := async.Go(ctx, func(ctx context.Context) (string, error) {
			return "late", async.Sleep(ctx, 2*time.Second)
		})
		if _, err := async.WithTimeout(ctx, time.Second, f); !errors.Is(err, async.ErrTimeout) {
			t.Errorf("%v, want ErrTimeout", err)
		}
		if v, err := async.WithTimeout(ctx, time.Hour, f); v != "late" || err != nil {
			t.Errorf("%q, %v", v, err)
		}
		// A deadline of the caller's own is not this timeout.
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var never async.Promise[int]
		if _, err := async.WithTimeout(short, time.Hour, never.Future()); errors.Is(err, async.ErrTimeout) || err == nil {
			t.Errorf("the caller's deadline: %v", err)
		}
	})
}

// Resolving from other goroutines races with waits that end on their own.
func TestFuture_ResolveRacesWithCancel(t *testing.T) {
	l, err := loop.New(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	var wg sync.WaitGroup
	for range 200 {
		wg.Add(1)
		l.Spawn(t.Context(), func(ctx context.Context) {
			defer wg.Done()
			ctx, cancel := context.WithCancel(ctx)
			var p async.Promise[int]
			go p.Resolve(1)
			go cancel()
			if v, err := p.Future().Wait(ctx); err == nil && v != 1 || err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%d, %v", v, err)
			}
			cancel()
		})
	}
	wg.Wait()
}

func BenchmarkFuture_WaitResolved(b *testing.B) {
	var p async.Promise[int]
	p.Resolve(1)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		p.Future().Wait(ctx)
	}
}

func BenchmarkSleep0(b *testing.B) {
	l, err := loop.New(loop.Options{})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	b.ReportAllocs()
	l.Do(context.Background(), func(ctx context.Context) error {
		for b.Loop() {
			async.Sleep(ctx, 0)
		}
		return nil
	})
}
