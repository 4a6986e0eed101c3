package async_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"eddy/async"
)

// job is an item with a rank, and its place among those that were put.
type job struct{ rank, place int }

func byRank(a, b job) int { return cmp.Compare(a.rank, b.rank) }

// The queue is compared with a sorted list.
func TestPriorityQueue_EqualItemsComeInTheOrderOfTheirPut(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	q := async.NewPriorityQueue(0, byRank)
	var model []job
	for i := range 20_000 {
		if rng.IntN(5) < 3 {
			j := job{rng.IntN(4), i}
			q.TryPut(j)
			at, _ := slices.BinarySearchFunc(model, job{j.rank + 1, 0}, byRank)
			model = slices.Insert(model, at, j)
			continue
		}
		got, err := q.TryGet()
		if len(model) == 0 {
			if err != async.ErrQueueEmpty {
				t.Fatalf("got %v, %v from an empty queue", got, err)
			}
			continue
		}
		if got != model[0] || err != nil {
			t.Fatalf("step %d: got %v, %v, want %v", i, got, err, model[0])
		}
		model = model[1:]
	}
	for _, want := range model {
		if got, err := q.TryGet(); got != want || err != nil {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
	}
}

// Those who wait to put are in the order of their coming, too.
func TestPriorityQueue_WaitingPutsKeepTheirOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		q := async.NewPriorityQueue(1, byRank)
		q.TryPut(job{0, 0})
		for i := 1; i < 5; i++ {
			async.Go(ctx, func(ctx context.Context) (int, error) { return 0, q.Put(ctx, job{0, i}) })
			async.Sleep(ctx, 1)
			synctest.Wait()
		}
		for i := range 5 {
			if got, err := q.Get(ctx); got.place != i || err != nil {
				t.Errorf("got %v, %v, want that of place %d", got, err, i)
			}
		}
	})
}

// panics calls f and returns what it panicked with, nil if it did not.
func panics(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// At whichever comparison compare panics, nothing is lost, added, or in another order.
func TestPriorityQueue_StaysAsItWasIfComparePanics(t *testing.T) {
	left := -1 // comparisons until it panics
	q := async.NewPriorityQueue(0, func(a, b job) int {
		if left--; left == -1 {
			panic("compare")
		}
		return byRank(a, b)
	})
	const items = 100
	puts := 0
	put := func(j job) {
		q.TryPut(j)
		puts++
	}
	for i := range items {
		put(job{(i * 37) % 50, i})
	}
	panicked := 0
	for n := range 12 {
		for _, do := range []func(){func() { put(job{-1, -1}) }, func() { q.TryGet() }} {
			left = n
			v := panics(do)
			left = -1
			if v == nil { // it was done with fewer: undone
				if q.Len() > items {
					q.TryGet()
				} else {
					put(job{0, 0})
				}
				continue
			}
			panicked++
			if v != "compare" || q.Len() != items {
				t.Fatalf("after a panic in comparison %d, with %v, there are %d items, want %d", n, v, q.Len(), items)
			}
		}
	}
	if panicked < 10 {
		t.Errorf("compare has panicked %d times", panicked)
	}
	var last job
	for i := range items {
		got, err := q.TryGet()
		if err != nil || i > 0 && byRank(last, got) > 0 || i > 0 && last.rank == got.rank && last.rank > 0 && last.place >= got.place {
			t.Fatalf("item %d is %v, %v, behind %v", i, got, err, last)
		}
		last = got
	}
	for range puts {
		q.TaskDone()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := q.Join(ctx); err != nil {
		t.Error("what was not put is waited for")
	}
}

// Who waits to put an item that cannot be compared has the panic, not who makes room for it.
func TestPriorityQueue_APanicAboutAWaitingItemIsItsPutters(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		q := async.NewPriorityQueue(2, func(a, b job) int {
			if a.rank < 0 || b.rank < 0 {
				panic("compare")
			}
			return byRank(a, b)
		})
		q.TryPut(job{1, 0})
		q.TryPut(job{2, 0})
		bad := async.Go(async.Quiet(ctx), func(ctx context.Context) (any, error) {
			return panics(func() { q.Put(ctx, job{-1, 0}) }), nil
		})
		good := async.Go(ctx, func(ctx context.Context) (any, error) { return nil, q.Put(ctx, job{3, 0}) })
		async.Sleep(ctx, 1)
		for rank := 1; rank <= 3; rank++ {
			if got, err := q.Get(ctx); got.rank != rank || err != nil {
				t.Errorf("got %v, %v, want that of rank %d", got, err, rank)
			}
			q.TaskDone()
		}
		if v, err := bad.Wait(ctx); v != "compare" || err != nil {
			t.Errorf("who put it has %v, %v", v, err)
		}
		if _, err := good.Wait(ctx); err != nil {
			t.Errorf("who put a good one has %v", err)
		}
		if err := q.Join(ctx); err != nil { // what was not taken is not waited for
			t.Error(err)
		}
	})
}
