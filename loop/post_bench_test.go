package loop_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"eddy/loop"
)

type counter struct{ n int }

func (c *counter) RunTask() { c.n++ }

// Eight goroutines post a million tasks in all, and none is lost.
func BenchmarkPost_FromEightGoroutines(b *testing.B) {
	const posters, each = 8, 125_000
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	for b.Loop() {
		c := new(counter)
		var wg sync.WaitGroup
		for range posters {
			wg.Go(func() {
				for range each {
					l.PostTask(c)
				}
			})
		}
		wg.Wait()
		done := make(chan int)
		l.Post(func() { done <- c.n })
		if n := <-done; n != posters*each {
			b.Fatalf("%d of %d posts arrived", n, posters*each)
		}
	}
	b.ReportMetric(float64(b.N*posters*each)/b.Elapsed().Seconds()/1e6, "Mposts/s")
}

// What a hundred thousand parked coroutines take, stacks and all.
func BenchmarkCoroutine_Parked100000(b *testing.B) {
	const coroutines = 100_000
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		waiters := make([]loop.Waiter, coroutines)
		var parked, ended sync.WaitGroup
		parked.Add(coroutines)
		ended.Add(coroutines)
		for i := range waiters {
			w := &waiters[i]
			l.Spawn(context.Background(), func(ctx context.Context) {
				defer ended.Done()
				w.Init(ctx)
				parked.Done()
				w.Wait(ctx)
			})
		}
		parked.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		inUse := func(m *runtime.MemStats) uint64 { return m.HeapInuse + m.StackInuse + m.MSpanInuse + m.OtherSys }
		b.ReportMetric(float64(inUse(&after)-inUse(&before))/1e6, "MB")
		b.ReportMetric(float64(after.Sys-before.Sys)/1e6, "MB-of-the-system")
		for i := range waiters {
			waiters[i].Wake()
		}
		ended.Wait()
	}
}
