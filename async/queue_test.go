package async_test

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"eddy/async"
)

func drain[T any](q *async.Queue[T]) (got []T) {
	for {
		item, err := q.TryGet()
		if err != nil {
			return got
		}
		got = append(got, item)
	}
}

func TestQueue_OrderOfItems(t *testing.T) {
	for _, tt := range []struct {
		name string
		q    *async.Queue[int]
		want []int
	}{
		{"zero", new(async.Queue[int]), []int{3, 1, 2, 5, 4}},
		{"Queue", async.NewQueue[int](5), []int{3, 1, 2, 5, 4}},
		{"PriorityQueue", async.NewPriorityQueue(5, cmp.Compare[int]), []int{1, 2, 3, 4, 5}},
		{"LifoQueue", async.NewLifoQueue[int](5), []int{4, 5, 2, 1, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 {
				for _, i := range []int{3, 1, 2, 5, 4} {
					if err := tt.q.TryPut(i); err != nil {
						t.Fatal(err)
					}
				}
				if tt.q.Len() != 5 {
					t.Errorf("%d items, want 5", tt.q.Len())
				}
				if got := drain(tt.q); !slices.Equal(got, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// What comes out of each kind is what a plain model says, whatever goes in when.
func TestQueue_LikeAModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	fifo := func(m []int) int { return 0 }
	lifo := func(m []int) int { return len(m) - 1 }
	least := func(m []int) int { return slices.Index(m, slices.Min(m)) }
	for _, tt := range []struct {
		name string
		q    *async.Queue[int]
		next func(model []int) int
	}{
		{"Queue", new(async.Queue[int]), fifo},
		{"PriorityQueue", async.NewPriorityQueue(0, cmp.Compare[int]), least},
		{"LifoQueue", async.NewLifoQueue[int](0), lifo},
	} {
		var model []int
		for range 20000 {
			// Long runs of either, so that it grows beyond what an empty queue keeps.
			if rng.IntN(2000) < 1000+500*len(model)/3000-len(model)/3 || len(model) == 0 {
				i := rng.IntN(1000000)
				model = append(model, i)
				tt.q.TryPut(i)
				continue
			}
			at := tt.next(model)
			if got, err := tt.q.TryGet(); err != nil || got != model[at] {
				t.Fatalf("%s: got %d, %v, want %d", tt.name, got, err, model[at])
			}
			model = slices.Delete(model, at, at+1)
		}
		if tt.q.Len() != len(model) {
			t.Errorf("%s: %d items, want %d", tt.name, tt.q.Len(), len(model))
		}
	}
}

func TestQueue_PutWaitsForRoomInOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		q := async.NewQueue[int](1)
		q.Put(ctx, 0)
		if err := q.TryPut(9); err != async.ErrQueueFull {
			t.Errorf("a full queue: %v", err)
		}
		var puts []*async.Future[int]
		for i := range 3 {
			puts = append(puts, async.Go(ctx, func(ctx context.Context) (int, error) { return 0, q.Put(ctx, i+1) }))
			async.Sleep(ctx, time.Millisecond)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := q.Put(short, 9); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a put that gives up: %v", err)
		}
		for want := range 4 {
			if got, err := q.Get(ctx); got != want || err != nil {
				t.Errorf("got %d, %v, want %d", got, err, want)
			}
			if q.Len() > q.Cap() {
				t.Errorf("%d items in a queue of %d", q.Len(), q.Cap())
			}
		}
		if _, err := async.Gather(ctx, puts...); err != nil {
			t.Error(err)
		}
		if _, err := q.TryGet(); err != async.ErrQueueEmpty {
			t.Errorf("an empty queue: %v", err)
		}
	})
}

func TestQueue_GetsAreServedInOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		q := async.NewLifoQueue[int](0)
		var gets []*async.Future[int]
		for range 3 {
			gets = append(gets, async.Go(ctx, q.Get))
			async.Sleep(ctx, time.Millisecond)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := q.Get(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a get that gives up: %v", err)
		}
		for i := range 3 {
			q.Put(ctx, i)
			if _, err := q.TryGet(); err != async.ErrQueueEmpty {
				t.Error("somebody who came later took what was handed over")
			}
		}
		if values, err := async.Gather(ctx, gets...); err != nil || !slices.Equal(values, []int{0, 1, 2}) {
			t.Errorf("%v, %v", values, err)
		}
	})
}

func TestQueue_JoinWaitsForTheWorkAndNotForTheQueue(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		q := async.NewQueue[int](2)
		if err := q.Join(ctx); err != nil {
			t.Errorf("nothing was put: %v", err)
		}
		worker := async.Go(ctx, func(ctx context.Context) (done int, err error) {
			for range q.All(ctx) {
				async.Sleep(ctx, time.Second)
				done++
				q.TaskDone()
			}
			return done, ctx.Err()
		})
		begin := time.Now()
		for i := range 5 {
			if err := q.Put(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if err := q.Join(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a join that gives up: %v", err)
		}
		if err := q.Join(ctx); err != nil || time.Since(begin) != 5*time.Second {
			t.Errorf("%v, after %v", err, time.Since(begin))
		}
		q.Close()
		if n, err := worker.Wait(ctx); n != 5 || err != nil {
			t.Errorf("the worker did %d, %v", n, err)
		}
	})
}

func TestQueue_CloseEndsWaitsAndKeepsItems(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var empty async.Queue[int]
		get := async.Go(ctx, empty.Get)
		full := async.NewQueue[int](1)
		full.TryPut(1)
		put := async.Go(ctx, func(ctx context.Context) (int, error) { return 0, full.Put(ctx, 2) })
		async.Sleep(ctx, time.Second)
		for range 2 {
			empty.Close()
			full.Close()
		}
		for _, f := range []*async.Future[int]{get, put} {
			if _, err := f.Wait(ctx); err != async.ErrQueueClosed {
				t.Errorf("a wait at the close: %v", err)
			}
		}
		if err := empty.Put(ctx, 1); err != async.ErrQueueClosed {
			t.Errorf("put into a closed queue: %v", err)
		}
		if err := full.TryPut(1); err != async.ErrQueueClosed {
			t.Errorf("put into a closed queue that is full: %v", err)
		}
		if v, err := full.Get(ctx); v != 1 || err != nil {
			t.Errorf("what was left: %d, %v", v, err)
		}
		if _, err := full.Get(ctx); err != async.ErrQueueClosed {
			t.Errorf("closed and empty: %v", err)
		}
		if _, err := full.TryGet(); err != async.ErrQueueClosed {
			t.Errorf("closed and empty: %v", err)
		}
	})
}

func BenchmarkQueue_PutGet(b *testing.B) {
	q := async.NewQueue[int](1)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		q.Put(ctx, 1)
		q.Get(ctx)
	}
}
