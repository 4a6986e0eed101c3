package loop_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"eddy/loop"
)

// onLoop runs f on a real loop and waits for it.
func onLoop(b *testing.B, f func(l *loop.Loop)) {
	b.Helper()
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	done := make(chan struct{})
	l.Post(func() {
		defer close(done)
		f(l)
	})
	<-done
}

// A timeout that is set and stopped again, as around every wait, while others wait.
func benchmarkCallLaterStop(b *testing.B, others int) {
	b.ReportAllocs()
	nothing := func() {}
	onLoop(b, func(l *loop.Loop) {
		for range others {
			l.CallLater(time.Hour+rand.N(time.Hour), nothing)
		}
		for b.Loop() {
			l.CallLater(time.Hour+rand.N(time.Hour), nothing).Stop()
		}
	})
}

func BenchmarkTimer_CallLaterStop(b *testing.B)          { benchmarkCallLaterStop(b, 0) }
func BenchmarkTimer_CallLaterStopAmong100k(b *testing.B) { benchmarkCallLaterStop(b, 100_000) }

// 100,000 timers in random order are set, and then run.
func BenchmarkTimer_SetAndRun100k(b *testing.B) {
	const n = 100_000
	b.ReportAllocs()
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	for b.Loop() {
		done := make(chan struct{})
		l.Post(func() {
			ran := 0
			for range n {
				l.CallLater(-rand.N(time.Hour), func() {
					if ran++; ran == n {
						close(done)
					}
				})
			}
		})
		<-done
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/timer")
}
