package async_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"eddy/async"
)

// The same code waits in a coroutine of a loop, where it parks, and here, where it blocks.
func Example() {
	ctx := context.Background()
	answer := async.Go(ctx, func(ctx context.Context) (int, error) {
		return 42, async.Sleep(ctx, time.Millisecond)
	})
	fmt.Println(async.WithTimeout(ctx, time.Minute, answer))
	// Output: 42 <nil>
}

// A promise turns a callback of somebody else's into something to wait for.
func ExamplePromise() {
	var p async.Promise[string]
	time.AfterFunc(time.Millisecond, func() { p.Resolve("done") })

	fmt.Println(p.Future().Wait(context.Background()))
	// Output: done <nil>
}

func ExampleGather() {
	ctx := context.Background()
	square := func(n int) *async.Future[int] {
		return async.Go(ctx, func(context.Context) (int, error) { return n * n, nil })
	}
	fmt.Println(async.Gather(ctx, square(1), square(2), square(3)))
	// Output: [1 4 9] <nil>
}

func ExampleFirst() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // those that are not waited for any more
	wait := func(d time.Duration) *async.Future[time.Duration] {
		return async.Go(ctx, func(ctx context.Context) (time.Duration, error) { return d, async.Sleep(ctx, d) })
	}
	index, d, err := async.First(ctx, wait(time.Minute), wait(time.Millisecond))
	fmt.Println(index, d, err)
	// Output: 1 1ms <nil>
}

func ExampleAsCompleted() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var futures []*async.Future[string]
	for _, ms := range []int{30, 0, 15} {
		futures = append(futures, async.Go(ctx, func(ctx context.Context) (string, error) {
			return fmt.Sprint(ms, " ms"), async.Sleep(ctx, time.Duration(ms)*time.Millisecond)
		}))
	}
	for i, r := range async.AsCompleted(ctx, slices.All(futures)) {
		fmt.Println(i, r.Value, r.Err)
	}
	// Output:
	// 1 0 ms <nil>
	// 2 15 ms <nil>
	// 0 30 ms <nil>
}

// Work that must not run in any number at once goes through an executor of its own.
func ExampleRunInExecutor() {
	archive := &async.Executor{Workers: 2} // a slow disk
	size := async.RunInExecutor(context.Background(), archive, func(context.Context) (int, error) {
		time.Sleep(time.Millisecond) // blocks
		return 1024, nil
	})
	fmt.Println(size.Wait(context.Background()))
	// Output: 1024 <nil>
}

func ExampleCondition() {
	var changed async.Condition
	ctx := context.Background()

	w := changed.Waiter(ctx) // first take a place in the queue,
	go changed.NotifyAll()
	fmt.Println(w.Wait(ctx)) // then check and wait: nothing is missed in between
	// Output: <nil>
}

func ExampleEvent() {
	var ready async.Event
	time.AfterFunc(time.Millisecond, ready.Set)
	fmt.Println(ready.Wait(context.Background()), ready.IsSet())
	// Output: <nil> true
}

func ExampleLock() {
	var lock async.Lock
	ctx := context.Background()
	transfer := func() error {
		if err := lock.Lock(ctx); err != nil {
			return err
		}
		defer lock.Unlock()
		return async.Sleep(ctx, time.Millisecond) // it may be held across a wait
	}
	fmt.Println(transfer(), lock.Locked())
	// Output: <nil> false
}

func ExampleSemaphore() {
	two := async.NewSemaphore(2) // at most two at a time
	ctx := context.Background()
	if err := two.Acquire(ctx); err != nil {
		return
	}
	defer two.Release()
	fmt.Println(two.Value(), "left")
	// Output: 1 left
}

// Workers take what is put until the queue is closed; Join waits for their work.
func ExampleQueue() {
	ctx := context.Background()
	q := async.NewQueue[int](10)
	sum := async.Go(ctx, func(ctx context.Context) (sum int, err error) {
		for n := range q.All(ctx) {
			sum += n
			q.TaskDone()
		}
		return sum, ctx.Err()
	})
	for n := range 5 {
		if err := q.Put(ctx, n); err != nil {
			return
		}
	}
	fmt.Println(q.Join(ctx))
	q.Close()
	fmt.Println(sum.Wait(ctx))
	// Output:
	// <nil>
	// 10 <nil>
}

func ExampleNewPriorityQueue() {
	type job struct {
		priority int
		name     string
	}
	q := async.NewPriorityQueue(0, func(a, b job) int { return cmp.Compare(a.priority, b.priority) })
	q.TryPut(job{2, "later"})
	q.TryPut(job{1, "sooner"})
	next, err := q.TryGet()
	fmt.Println(next.name, err)
	// Output: sooner <nil>
}

func ExampleWithTimeout() {
	ctx := context.Background()
	slow := async.Go(ctx, func(ctx context.Context) (string, error) {
		return "late", async.Sleep(ctx, 20*time.Millisecond)
	})
	_, err := async.WithTimeout(ctx, time.Millisecond, slow)
	fmt.Println(errors.Is(err, async.ErrTimeout))
	fmt.Println(slow.Wait(ctx)) // it was not cancelled
	// Output:
	// true
	// late <nil>
}
