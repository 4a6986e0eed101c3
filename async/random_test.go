package async_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"eddy/async"
	"eddy/loop"
)

// mixed runs f n times at once: in coroutines of two loops and in goroutines.
func mixed(t *testing.T, n int, f func(ctx context.Context, rng *rand.Rand)) {
	t.Helper()
	g, err := loop.NewGroup(2, loop.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		run := func(ctx context.Context) {
			defer wg.Done()
			f(ctx, rand.New(rand.NewPCG(uint64(i), 1)))
		}
		if where := i % 3; where < 2 {
			g.Loops()[where].Spawn(t.Context(), run)
		} else {
			go run(t.Context())
		}
	}
	wg.Wait()
}

// impatient returns a context that may end at any moment.
func impatient(ctx context.Context, rng *rand.Rand) (context.Context, context.CancelFunc) {
	if rng.IntN(2) == 0 {
		return context.WithTimeout(ctx, 20*time.Millisecond)
	}
	return context.WithTimeout(ctx, time.Duration(rng.IntN(300))*time.Microsecond)
}

// pass spends a moment in one of the ways in which a holder may.
func pass(ctx context.Context, rng *rand.Rand) {
	switch rng.IntN(6) {
	case 0:
		async.Moment(ctx)
	case 1:
		async.Sleep(ctx, time.Duration(rng.IntN(100))*time.Microsecond)
	case 2:
		if rng.IntN(10) == 0 {
			time.Sleep(3 * time.Millisecond) // loses its loop
		}
	}
}

func TestRandom_LockExcludes(t *testing.T) {
	var l async.Lock
	inside, entered := 0, 0 // guarded by l: -race tells if they are not
	mixed(t, 60, func(ctx context.Context, rng *rand.Rand) {
		for range 30 {
			short, cancel := impatient(ctx, rng)
			if err := l.Lock(short); err == nil {
				if inside++; inside != 1 {
					t.Errorf("%d hold the lock", inside)
				}
				entered++
				pass(ctx, rng)
				inside--
				l.Unlock()
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
		}
	})
	if l.Locked() || l.Waiters() != 0 || entered == 0 {
		t.Errorf("in the end: locked %v, %d waiters, entered %d times", l.Locked(), l.Waiters(), entered)
	}
}

func TestRandom_SemaphoreConservesPermits(t *testing.T) {
	const permits = 3
	s := async.NewBoundedSemaphore(permits)
	var inside atomic.Int32
	mixed(t, 60, func(ctx context.Context, rng *rand.Rand) {
		for range 30 {
			short, cancel := impatient(ctx, rng)
			if s.Acquire(short) == nil {
				if n := inside.Add(1); n > permits {
					t.Errorf("%d hold a permit of %d", n, permits)
				}
				pass(ctx, rng)
				inside.Add(-1)
				s.Release()
			}
			cancel()
		}
	})
	if s.Value() != permits || s.Waiters() != 0 {
		t.Errorf("in the end: %d permits of %d, %d waiters", s.Value(), permits, s.Waiters())
	}
}

// Whatever was put comes out once, or is still there.
func TestRandom_QueueConservesItems(t *testing.T) {
	q := async.NewQueue[int64](2)
	var next, put, got, sumPut, sumGot atomic.Int64
	mixed(t, 60, func(ctx context.Context, rng *rand.Rand) {
		for range 30 {
			short, cancel := impatient(ctx, rng)
			if rng.IntN(2) == 0 {
				item := next.Add(1)
				if q.Put(short, item) == nil {
					put.Add(1)
					sumPut.Add(item)
				}
			} else if item, err := q.Get(short); err == nil {
				got.Add(1)
				sumGot.Add(item)
				q.TaskDone()
			}
			cancel()
			pass(ctx, rng)
			if rng.IntN(2) == 0 {
				if item, err := q.TryGet(); err == nil {
					got.Add(1)
					sumGot.Add(item)
					q.TaskDone()
				}
			} else if item := next.Add(1); q.TryPut(item) == nil {
				put.Add(1)
				sumPut.Add(item)
			}
		}
		q.Close()
	})
	for _, item := range drain(q) {
		got.Add(1)
		sumGot.Add(item)
		q.TaskDone()
	}
	if put.Load() != got.Load() || sumPut.Load() != sumGot.Load() || put.Load() == 0 {
		t.Errorf("%d items of sum %d were put, %d of sum %d came out", put.Load(), sumPut.Load(), got.Load(), sumGot.Load())
	}
	if err := q.Join(t.Context()); err != nil {
		t.Error(err)
	}
}

// Events, conditions and futures wake everybody who waits, and nobody twice.
func TestRandom_FuturesReachEverybody(t *testing.T) {
	promises := make([]async.Promise[int], 200)
	var resolved atomic.Int64
	mixed(t, 60, func(ctx context.Context, rng *rand.Rand) {
		for range 50 {
			i := rng.IntN(len(promises))
			if promises[i].Resolve(i) == nil {
				resolved.Add(1)
			}
			j := rng.IntN(len(promises))
			short, cancel := impatient(ctx, rng)
			at, v, err := async.First(short, promises[i].Future(), promises[j].Future())
			if err != nil && !errors.Is(err, context.DeadlineExceeded) || err == nil && v != []int{i, j}[at] {
				t.Errorf("First: %d, %d, %v", at, v, err)
			}
			cancel()
			pass(ctx, rng)
		}
	})
	for i := range promises {
		if n := async.Waiters(promises[i].Future()); n != 0 {
			t.Errorf("%d waiters are left", n)
		}
		promises[i].Resolve(i)
	}
}
