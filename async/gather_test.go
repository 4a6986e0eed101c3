package async_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/async"
	"eddy/internal/testlog"
	"eddy/loop"
)

// after returns a future that has value, or fails with err, after d.
func after[T any](ctx context.Context, d time.Duration, value T, err error) *async.Future[T] {
	return async.Go(ctx, func(ctx context.Context) (T, error) {
		async.Sleep(ctx, d)
		return value, err
	})
}

func TestGather_ValuesInOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		begin := time.Now()
		same := after(ctx, time.Second, "c", nil)
		list := []*async.Future[string]{after(ctx, 3*time.Second, "a", nil), after(ctx, 0, "b", nil), same, same}
		values, err := async.Gather(ctx, list...)
		if err != nil || strings.Join(values, "") != "abcc" {
			t.Errorf("%q, %v", values, err)
		}
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("it took %v: not all at once", d)
		}
		named, err := async.GatherMap(ctx, map[string]*async.Future[string]{"x": list[0], "y": list[1]})
		if err != nil || !maps.Equal(named, map[string]string{"x": "a", "y": "b"}) {
			t.Errorf("%v, %v", named, err)
		}
		if values, err := async.Gather[int](ctx); len(values) != 0 || values == nil || err != nil {
			t.Errorf("nothing to wait for: %v, %v", values, err)
		}
		if values, err := async.GatherMap[int, int](ctx, nil); len(values) != 0 || values == nil || err != nil {
			t.Errorf("nothing to wait for: %v, %v", values, err)
		}
	})
}

func TestGather_FirstErrorCountsAndOthersAreLogged(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	for _, tt := range []struct {
		name   string
		quiet  func(context.Context) context.Context
		logged string
		not    string
	}{
		{"", func(ctx context.Context) context.Context { return ctx }, "two", "one\""},
		{"quiet", func(ctx context.Context) context.Context { return async.Quiet(ctx) }, "", "two"},
		{"quiet about one", func(ctx context.Context) context.Context { return async.Quiet(ctx, one) }, "two", "one\""},
		{"quiet about two", func(ctx context.Context) context.Context { return async.Quiet(ctx, two) }, "", "two"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everywhereLogged(t, func(t *testing.T, ctx context.Context, logs *testlog.Log) {
				begin := time.Now()
				_, err := async.Gather(tt.quiet(ctx),
					after(ctx, 3*time.Second, 0, two),
					after(ctx, time.Second, 0, one), // the first in time
					after(ctx, 2*time.Second, 0, context.Canceled),
					after(ctx, 5*time.Second, 1, nil),
				)
				if err != one {
					t.Errorf("%v, want the error that came first", err)
				}
				if d := time.Since(begin); d != 5*time.Second {
					t.Errorf("it took %v: it did not wait for all", d)
				}
				log := logs.String()
				if !strings.Contains(log, tt.logged) || strings.Contains(log, tt.not) || strings.Contains(log, "canceled") {
					t.Errorf("log %q", log)
				}
			})
		})
	}
}

func TestGather_ContextEndsTheWaitOnly(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		late := after(ctx, time.Hour, "late", nil)
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := async.Gather(short, late); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if values, err := async.Gather(ctx, late); err != nil || values[0] != "late" {
			t.Errorf("%v, %v", values, err)
		}
	})
}

func TestAsCompleted_OrderOfCompletion(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		failure := errors.New("failure")
		futures := map[string]*async.Future[int]{
			"slow": after(ctx, 3*time.Second, 3, nil),
			"bad":  after(ctx, 2*time.Second, 0, failure),
			"fast": after(ctx, time.Second, 1, nil),
		}
		var got []string
		for key, r := range async.AsCompleted(ctx, maps.All(futures)) {
			got = append(got, fmt.Sprint(key, r.Value, r.Err))
		}
		if want := []string{"fast1 <nil>", "bad0 failure", "slow3 <nil>"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAsCompleted_EndsEarly(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		never := new(async.Promise[int])
		futures := []*async.Future[int]{never.Future(), after(ctx, 0, 1, nil)}
		for i := range async.AsCompleted(ctx, slices.All(futures)) {
			if i != 1 {
				t.Errorf("future %d is done", i)
			}
			break
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var last async.Result[int]
		n := 0
		for _, r := range async.AsCompleted(short, slices.All(futures)) {
			last = r
			n++
		}
		if n != 2 || !errors.Is(last.Err, context.DeadlineExceeded) {
			t.Errorf("%d results, the last with %v", n, last.Err)
		}
		for range async.AsCompleted(ctx, slices.All([]*async.Future[int]{})) {
			t.Error("nothing is done")
		}
		if n := async.Waiters(never.Future()); n != 0 {
			t.Errorf("%d waiters are left behind", n)
		}
		never.Resolve(1) // reaches nobody
	})
}

func TestFirst(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		failure := errors.New("failure")
		slow, bad := after(ctx, time.Hour, 1, nil), after(ctx, time.Second, 0, failure)
		if i, _, err := async.First(ctx, slow, bad); i != 1 || err != failure {
			t.Errorf("%d, %v", i, err)
		}
		if i, v, err := async.First(ctx, slow); i != 0 || v != 1 || err != nil {
			t.Errorf("%d, %d, %v", i, v, err)
		}
		if i, _, err := async.First[int](ctx); i != -1 || err != async.ErrNoFutures {
			t.Errorf("without futures: %d, %v", i, err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if i, _, err := async.First(short, new(async.Promise[int]).Future()); i != -1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended context: %d, %v", i, err)
		}
	})
}

func TestChain_CopiesUnlessKeptBefore(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		failure := errors.New("failure")
		for _, from := range []*async.Future[int]{after(ctx, time.Second, 0, failure), after(ctx, 0, 0, failure)} {
			var to, kept async.Promise[int]
			kept.Resolve(7)
			async.Chain(from, &to)
			async.Chain(from, &kept)
			if _, err := to.Future().Wait(ctx); err != failure {
				t.Errorf("%v", err)
			}
			if v, err := kept.Future().Wait(ctx); v != 7 || err != nil {
				t.Errorf("a promise that was kept before: %d, %v", v, err)
			}
		}
	})
}

func TestCallWhenDone_RunsOnTheLoop(t *testing.T) {
	l, err := loop.New(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	var p async.Promise[int]
	got := make(chan int, 2)
	async.CallWhenDone(l, p.Future(), func(v int, err error) { got <- v })
	l.Post(func() {
		inside := true
		p.Resolve(1)
		async.CallWhenDone(l, p.Future(), func(v int, err error) { // done already
			if inside {
				t.Error("it was called at once and not in the next turn")
			}
			got <- v + 1
		})
		inside = false
	})
	if a, b := <-got, <-got; a != 1 || b != 2 {
		t.Errorf("got %d, %d", a, b)
	}
}

func TestMoment_LetsOthersRun(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var mu sync.Mutex
		var order []int
		f := async.Go(ctx, func(ctx context.Context) (int, error) {
			for i := range 3 {
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				async.Moment(ctx)
			}
			return 0, nil
		})
		for range 10 {
			if err := async.Moment(ctx); err != nil {
				t.Fatal(err)
			}
		}
		f.Wait(ctx)
		if len(order) != 3 {
			t.Errorf("the other ran %d times", len(order))
		}
	})
}

// An error that nobody looks at is told of when its future is collected.
func TestRegret_ErrorsThatNobodyLooksAtAreLogged(t *testing.T) {
	failure := errors.New("failure nobody saw")
	fail := func(context.Context) (int, error) { return 0, failure }
	for _, tt := range []struct {
		name   string
		leave  func(ctx context.Context)
		logged string
	}{
		{"error", func(ctx context.Context) { async.Go(ctx, fail) }, "failure nobody saw"},
		{"panic", func(ctx context.Context) {
			async.Go(ctx, func(context.Context) (int, error) { panic("boom nobody saw") })
		}, "stack="},
		{"executor", func(ctx context.Context) { async.RunInExecutor(ctx, nil, fail) }, "failure nobody saw"},
		{"chained", func(ctx context.Context) { async.Chain(async.Go(ctx, fail), new(async.Promise[int])) }, "failure nobody saw"},
		{"given up", func(ctx context.Context) {
			var p async.Promise[int]
			async.WithTimeout(ctx, time.Millisecond, p.Future())
			p.Reject(failure)
		}, "failure nobody saw"},
		{"waited for", func(ctx context.Context) { async.Go(ctx, fail).Wait(ctx) }, ""},
		{"gathered", func(ctx context.Context) { async.Gather(ctx, async.Go(ctx, fail)) }, ""},
		{"looked at", func(ctx context.Context) {
			f := async.Go(ctx, fail)
			for !f.Done() {
				async.Sleep(ctx, time.Millisecond)
			}
			f.Result()
		}, ""},
		{"cancelled", func(ctx context.Context) {
			async.Go(ctx, func(context.Context) (int, error) { return 0, context.Canceled })
		}, ""},
		{"quiet", func(ctx context.Context) { async.Go(async.Quiet(ctx), fail) }, ""},
		{"quiet about it", func(ctx context.Context) { async.Go(async.Quiet(ctx, failure), fail) }, ""},
		{"a promise of the user's own", func(ctx context.Context) { new(async.Promise[int]).Reject(failure) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			logs, logger := testlog.New()
			l, err := loop.New(loop.Options{Logger: logger})
			if err != nil {
				t.Fatal(err)
			}
			go l.Run()
			l.Do(t.Context(), func(ctx context.Context) error {
				tt.leave(ctx)
				return async.Sleep(ctx, 5*time.Millisecond) // so that it ends before the loop does
			})
			l.Close()
			collect(t)
			if s := logs.String(); tt.logged == "" && s != "" || !strings.Contains(s, tt.logged) {
				t.Errorf("log %q, want %q", s, tt.logged)
			}
		})
	}
}

// collect runs the garbage collector until what was free before has been cleaned up.
func collect(t *testing.T) {
	t.Helper()
	for range 3 {
		done := make(chan struct{})
		runtime.AddCleanup(new([64]byte), func(int) { close(done) }, 0)
		for cleaned := false; !cleaned; {
			runtime.GC()
			select {
			case <-done:
				cleaned = true
			case <-time.After(time.Millisecond):
			}
		}
	}
}

func BenchmarkGather_1000(b *testing.B) {
	ctx := context.Background()
	futures := make([]*async.Future[int], 1000)
	for i := range futures {
		var p async.Promise[int]
		p.Resolve(i)
		futures[i] = p.Future()
	}
	b.ReportAllocs()
	for b.Loop() {
		async.Gather(ctx, futures...)
	}
}
