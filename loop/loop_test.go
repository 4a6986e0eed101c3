package loop_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"eddy/internal/poll"
	"eddy/loop"
)

func TestPost_RunsInOrderOnTheLoop(t *testing.T) {
	bubble(t, func(h *harness) {
		var got []int
		for i := range 100 {
			h.Post(func() { got = append(got, i) })
		}
		h.on(func() {
			if len(got) != 100 || !slices.IsSorted(got) {
				t.Errorf("ran %v", got)
			}
		})
	})
}

func TestPost_WhatCallbacksPostRunsInTheNextTurn(t *testing.T) {
	bubble(t, func(h *harness) {
		fd, peer := h.fake.Socket()
		events := &recorder{}
		events.onReady = func() { h.RemoveHandler(events.id) }
		h.on(func() { h.add(fd, events, loop.Read) })
		turns := 0
		var again func()
		again = func() {
			if turns++; turns < 1000 && len(events.ready) == 0 {
				h.Post(again)
			}
		}
		peer.Send("x") // must be noticed in spite of the callbacks
		h.on(again)
		synctest.Wait()
		if turns > 3 || len(events.ready) != 1 {
			t.Errorf("the descriptor was served %d times, after %d turns of callbacks", len(events.ready), turns)
		}
	})
}

// countingPoller counts wake-ups.
type countingPoller struct {
	*poll.Fake
	mu    sync.Mutex
	wakes int
}

func (p *countingPoller) Wake() error {
	p.mu.Lock()
	p.wakes++
	p.mu.Unlock()
	return p.Fake.Wake()
}

func TestPost_ABurstIsOneWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &countingPoller{Fake: poll.NewFake()}
		l, _ := loop.New(loop.Options{Poller: p, Logger: quiet})
		go l.Run()
		synctest.Wait()
		release := make(chan struct{})
		l.Post(func() { <-release }) // keeps the loop awake and the burst together
		for range 1000 {
			l.Post(func() {})
		}
		close(release)
		synctest.Wait()
		if p.wakes != 1 {
			t.Errorf("%d wake-ups for a burst, want 1", p.wakes)
		}
		l.Close()
	})
}

func TestPost_FromManyGoroutinesLosesNothing(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	const posters, each = 8, 5000
	n := 0
	var wg sync.WaitGroup
	for range posters {
		wg.Go(func() {
			for range each {
				l.Post(func() { n++ })
			}
		})
	}
	wg.Wait()
	done := make(chan int)
	l.Post(func() { done <- n })
	if got := <-done; got != posters*each {
		t.Errorf("%d of %d posts ran", got, posters*each)
	}
	l.Close()
}

func TestPost_PanicIsLoggedAndTheRestRuns(t *testing.T) {
	bubble(t, func(h *harness) {
		ran := false
		h.Post(func() { panic("boom") })
		h.Post(func() { ran = true })
		h.on(func() {})
		if !ran {
			t.Error("the callback after the panic did not run")
		}
		if s := h.logs.String(); !strings.Contains(s, "boom") || !strings.Contains(s, "loop_test.go") {
			t.Errorf("the log lacks the panic or its stack: %s", s)
		}
	})
}

func TestRun_StopsAndRunsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := loop.New(loop.Options{Poller: poll.NewFake(), Logger: quiet})
		n := 0
		for range 3 {
			l.Post(func() {
				n++
				l.Stop()
			})
			if err := l.Run(); err != nil {
				t.Fatal(err)
			}
		}
		if n != 3 {
			t.Errorf("%d of 3 posts ran", n)
		}
		l.Post(func() { n++ })
		l.Stop() // before Run: it returns at once
		l.Run()
		if n != 3 {
			t.Error("a loop that was stopped before it ran has run")
		}
		go l.Run()
		synctest.Wait()
		if err := l.Run(); !errors.Is(err, loop.ErrRunning) {
			t.Errorf("second Run: %v, want ErrRunning", err)
		}
		l.Close()
		if err := l.Run(); !errors.Is(err, loop.ErrClosed) {
			t.Errorf("Run after Close: %v, want ErrClosed", err)
		}
	})
}

func TestClose_IsIdempotentAndIgnoresPosts(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if l.Post(func() { t.Error("ran after Close") }) {
		t.Error("Post after Close was taken")
	}
	l.Stop()
}

func TestGroup_PickSpreadsEvenly(t *testing.T) {
	g, err := loop.NewGroup(3, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for range 30 {
		g.Pick().AddLoad(1)
	}
	for i, l := range g.Loops() {
		if l.Load() != 10 {
			t.Errorf("loop %d has %d of 30 connections, want 10", i, l.Load())
		}
	}
}

func BenchmarkPost(b *testing.B) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	b.ReportAllocs()
	b.SetParallelism(4)
	f := func() {}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Post(f)
		}
	})
	done := make(chan struct{})
	l.Post(func() { close(done) })
	<-done
}
