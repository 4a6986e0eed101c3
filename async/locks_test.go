package async_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"eddy/async"
	"eddy/internal/habit"
	"eddy/loop"
)

func TestEvent_WakesAllAndStaysSet(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var e async.Event
		var waits []*async.Future[int]
		for range 10 {
			waits = append(waits, async.Go(ctx, func(ctx context.Context) (int, error) { return 0, e.Wait(ctx) }))
		}
		async.Sleep(ctx, time.Second)
		if e.IsSet() || waits[0].Done() {
			t.Error("it is set at first")
		}
		e.Set()
		e.Clear() // does not stop those that were woken
		if _, err := async.Gather(ctx, waits...); err != nil {
			t.Error(err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := e.Wait(short); !errors.Is(err, context.DeadlineExceeded) || e.IsSet() {
			t.Errorf("cleared: %v", err)
		}
		e.Set()
		e.Set()
		if err := e.Wait(short); err != nil { // what is there beats an ended context
			t.Error(err)
		}
	})
}

// holder is what a Lock and semaphores with one permit have in common.
type holder struct {
	acquire func(context.Context) error
	try     func() bool
	release func()
	waiters func() int
}

func holders() map[string]holder {
	l, s, b := new(async.Lock), async.NewSemaphore(1), async.NewBoundedSemaphore(1)
	return map[string]holder{
		"Lock":             {l.Lock, l.TryLock, l.Unlock, l.Waiters},
		"Semaphore":        {s.Acquire, s.TryAcquire, s.Release, s.Waiters},
		"BoundedSemaphore": {b.Acquire, b.TryAcquire, b.Release, b.Waiters},
	}
}

func eachHolder(t *testing.T, f func(t *testing.T, ctx context.Context, h holder)) {
	t.Helper()
	for name := range holders() {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, ctx context.Context) { f(t, ctx, holders()[name]) })
		})
	}
}

func TestHolders_HandOverInOrderOfComing(t *testing.T) {
	eachHolder(t, func(t *testing.T, ctx context.Context, h holder) {
		h.acquire(ctx)
		var order notes
		var waits []*async.Future[int]
		for i := range 5 {
			waits = append(waits, async.Go(ctx, func(ctx context.Context) (int, error) {
				if err := h.acquire(ctx); err != nil {
					return 0, err
				}
				order.add(i)
				async.Sleep(ctx, time.Second)
				h.release()
				return 0, nil
			}))
			async.Sleep(ctx, time.Millisecond)
		}
		h.release()
		if h.try() {
			t.Error("somebody who came later took what was handed over")
		}
		async.Gather(ctx, waits...)
		if got := order.get(); !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
			t.Errorf("order %v", got)
		}
		if !h.try() {
			t.Error("it is not free in the end")
		}
	})
}

func TestHolders_GivingUpLeavesNothingBehind(t *testing.T) {
	eachHolder(t, func(t *testing.T, ctx context.Context, h holder) {
		h.acquire(ctx)
		for range 1000 {
			short, cancel := context.WithTimeout(ctx, time.Millisecond)
			if err := h.acquire(short); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v", err)
			}
			cancel()
		}
		if n := h.waiters(); n != 0 {
			t.Errorf("%d waiters that gave up are queued", n)
		}
		h.release()
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := h.acquire(ended); err != nil {
			t.Errorf("free, but with an ended context: %v", err)
		}
		if err := h.acquire(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("held, with an ended context: %v", err)
		}
	})
}

func TestHolders_MisuseIsLoud(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func()
		want string
	}{
		{"Unlock", func() { new(async.Lock).Unlock() }, "unlocked"},
		{"BoundedSemaphore.Release", async.NewBoundedSemaphore(1).Release, "more often"},
		{"NewSemaphore", func() { async.NewSemaphore(-1) }, "-1 permits"},
		{"NewBoundedSemaphore", func() { async.NewBoundedSemaphore(-2) }, "-2 permits"},
		{"NewQueue", func() { async.NewQueue[int](-1) }, "-1 items"},
		{"TaskDone", func() { new(async.Queue[int]).TaskDone() }, "more often"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if v, _ := recover().(string); !strings.Contains(v, tt.want) {
					t.Errorf("panic %q, want one about %q", v, tt.want)
				}
			}()
			tt.do()
		})
	}
}

func TestSemaphore_CountsPermits(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		s := async.NewSemaphore(2)
		if !s.TryAcquire() || s.Acquire(ctx) != nil || s.TryAcquire() || s.Value() != 0 {
			t.Errorf("%d permits are left of 2", s.Value())
		}
		s.Release()
		s.Release()
		s.Release() // an ordinary semaphore grows
		if s.Value() != 3 {
			t.Errorf("%d permits, want 3", s.Value())
		}
		var zero async.Semaphore
		if zero.TryAcquire() {
			t.Error("the zero Semaphore gave a permit")
		}
	})
}

// What a handler begins that has a goroutine of its own runs in goroutines, too.
func TestGo_OfAJobThatRunsApart(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	done := make(chan struct{})
	l.Spawn(t.Context(), func(ctx context.Context) {
		defer close(done)
		loop.FromContext(ctx).Follow(habit.New("x", habit.InGoroutine))
		for range 10 {
			async.Go(ctx, func(context.Context) (int, error) { time.Sleep(5 * time.Millisecond); return 0, nil }).Wait(ctx)
		}
	})
	<-done
	if n := l.Stats().HandOffs; n > 3 {
		t.Errorf("the loop was taken from %d of 10 children", n)
	}
}

// A coroutine that was handed off waits like any goroutine.
func TestHolders_AfterLosingTheLoop(t *testing.T) {
	eachHolder(t, func(t *testing.T, ctx context.Context, h holder) {
		h.acquire(ctx)
		got := async.Go(ctx, func(ctx context.Context) (int, error) {
			time.Sleep(time.Second) // blocks
			defer h.release()
			return 1, h.acquire(ctx)
		})
		async.Sleep(ctx, 2*time.Second)
		h.release()
		if v, err := got.Wait(ctx); v != 1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func BenchmarkLock(b *testing.B) {
	var l async.Lock
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		l.Lock(ctx)
		l.Unlock()
	}
}

func BenchmarkSemaphore(b *testing.B) {
	s := async.NewSemaphore(1)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		s.Acquire(ctx)
		s.Release()
	}
}

func BenchmarkEvent_WaitSet(b *testing.B) {
	var e async.Event
	e.Set()
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		e.Wait(ctx)
	}
}
