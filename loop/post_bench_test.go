package loop_test

import (
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
