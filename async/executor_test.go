package async_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
)

func TestExecutor_RunsABoundedNumberInOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		e := &async.Executor{Workers: 2}
		var order notes
		var futures []*async.Future[int]
		begin := time.Now()
		for i := range 6 {
			futures = append(futures, async.RunInExecutor(ctx, e, func(context.Context) (int, error) {
				order.add(i)
				time.Sleep(time.Second) // blocks
				return i, nil
			}))
		}
		values, err := async.Gather(ctx, futures...)
		if err != nil || !slices.Equal(values, []int{0, 1, 2, 3, 4, 5}) {
			t.Errorf("%v, %v", values, err)
		}
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("six times a second by two workers took %v", d)
		}
		got := order.get()
		for i := range 3 { // two at once, in no order
			slices.Sort(got[2*i : 2*i+2])
		}
		if !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
			t.Errorf("they began in the order %v", got)
		}
	})
}

func TestExecutor_EndsOfFunctions(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		e := &async.Executor{Workers: 1}
		run := func(ctx context.Context, f func(context.Context) (int, error)) error {
			_, err := async.RunInExecutor(ctx, e, f).Wait(ctx)
			return err
		}
		var p *async.PanicError
		if err := run(ctx, func(context.Context) (int, error) { panic("boom") }); !errors.As(err, &p) || p.Value != "boom" {
			t.Errorf("panic: %v", err)
		}
		if err := run(ctx, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }); err != async.ErrExited {
			t.Errorf("Goexit: %v", err)
		}
	})
}

// Workers end when there is nothing to do: a bubble that is left with a goroutine fails.
func TestExecutor_LeavesNoGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e async.Executor
		var wg sync.WaitGroup
		for range 200 {
			wg.Add(1)
			async.RunInExecutor(t.Context(), &e, func(context.Context) (int, error) { wg.Done(); return 0, nil })
		}
		wg.Wait()
	})
}

// occupy keeps e's only worker busy until release is called.
func occupy(ctx context.Context, e *async.Executor) (release func()) {
	done := make(chan struct{})
	async.RunInExecutor(ctx, e, func(context.Context) (int, error) { <-done; return 0, nil })
	async.Sleep(ctx, time.Millisecond)
	return func() { close(done) }
}

// What has not begun when its context ends does not run, and does not wait to say so.
func TestExecutor_AnEndedContextIsToldAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		e := &async.Executor{Workers: 1, Queue: 3}
		release := occupy(ctx, e)
		var ran []int
		run := func(ctx context.Context, i int) *async.Future[int] {
			return async.RunInExecutor(ctx, e, func(context.Context) (int, error) { ran = append(ran, i); return i, nil })
		}
		short, cancel := context.WithCancel(ctx)
		first, second, third := run(ctx, 1), run(short, 2), run(ctx, 3)
		if f := run(ctx, 4); !f.Done() {
			t.Error("a full queue took one more")
		}
		cancel()
		if _, err := second.Wait(ctx); err != context.Canceled {
			t.Errorf("its future: %v", err)
		}
		if n := e.Queued(); n != 2 || first.Done() || third.Done() {
			t.Errorf("%d functions are queued, want 2; others are done: %v, %v", n, first.Done(), third.Done())
		}
		if _, err, done := run(short, 5).Result(); err != context.Canceled || !done {
			t.Errorf("with a context that has ended before: %v, done: %v", err, done)
		}
		fourth := run(ctx, 4) // finds its place
		release()
		if _, err := async.Gather(ctx, first, third, fourth); err != nil || len(ran) != 3 || ran[0] != 1 || ran[1] != 3 || ran[2] != 4 {
			t.Errorf("%v ran, %v; want 1, 3, 4", ran, err)
		}
	})
}

// counted is a context that counts who wants to be told of its end.
type counted struct {
	context.Context
	n *atomic.Int32
}

// Value hides the context below from package context, which would ask that.
func (counted) Value(any) any { return nil }

func (c counted) AfterFunc(f func()) (stop func() bool) {
	c.n.Add(1)
	end := context.AfterFunc(c.Context, f)
	return func() bool { c.n.Add(-1); return end() }
}

// A context that lives long is not left with what has run.
func TestExecutor_LeavesNothingInTheContext(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		long := counted{inner, new(atomic.Int32)}
		e := &async.Executor{Workers: 1}
		release := occupy(ctx, e)
		var futures []*async.Future[int]
		for range 10 {
			futures = append(futures, async.RunInExecutor(long, e, one))
		}
		if n := long.n.Load(); n != 10 {
			t.Errorf("%d of 10 that are queued watch their context", n)
		}
		release()
		async.Gather(ctx, futures...)
		synctest.Wait()
		if n := long.n.Load(); n != 0 {
			t.Errorf("%d still watch their context", n)
		}
	})
}

// A function begins, or is dropped, whatever comes first, and its future is done once.
func TestExecutor_EndsOfContextsRaceWithTurns(t *testing.T) {
	e := &async.Executor{Workers: 2}
	var ran, told atomic.Int32
	var all sync.WaitGroup
	const n = 2000
	for range n {
		ctx, cancel := context.WithCancel(context.Background())
		f := async.RunInExecutor(ctx, e, func(context.Context) (int, error) { ran.Add(1); return 0, nil })
		go cancel()
		all.Go(func() {
			if _, err := f.Wait(context.Background()); errors.Is(err, context.Canceled) {
				told.Add(1)
			}
		})
	}
	all.Wait()
	if ran.Load()+told.Load() != n || e.Queued() != 0 {
		t.Errorf("%d ran, %d were told, of %d; %d are queued", ran.Load(), told.Load(), n, e.Queued())
	}
}
