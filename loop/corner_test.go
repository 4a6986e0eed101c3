package loop_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/habit"
	"eddy/loop"
)

// hook is a slog.Handler that calls a function first.
type hook struct {
	slog.Handler
	f func(r slog.Record)
}

func (h hook) Handle(ctx context.Context, r slog.Record) error {
	h.f(r)
	return h.Handler.Handle(ctx, r)
}

func hooked(f func(r slog.Record)) *slog.Logger {
	return slog.New(hook{slog.NewTextHandler(io.Discard, nil), f})
}

func waitHere(ctx context.Context, d time.Duration) error {
	var w loop.Waiter
	w.Init(ctx)
	w.WakeAfter(d)
	return w.Wait(ctx)
}

func TestLogger_ThatPanicsDoesNotKeepAJob(t *testing.T) {
	for _, lose := range []bool{false, true} {
		t.Run(map[bool]string{false: "on the loop", true: "lost"}[lose], func(t *testing.T) {
			var once atomic.Bool
			log := hooked(func(r slog.Record) {
				if r.Message == "panic in a coroutine" && !once.Swap(true) {
					panic("the logger")
				}
			})
			l, err := loop.New(loop.Options{Logger: log})
			if err != nil {
				t.Fatal(err)
			}
			go l.Run()
			defer l.Close()
			done := make(chan loop.Outcome, 1)
			j := &job{run: func(context.Context) {
				if lose {
					time.Sleep(30 * time.Millisecond)
				}
				panic("boom")
			}, done: func(o loop.Outcome) { done <- o }}
			j.Init(context.Background())
			l.Post(func() { l.Start(&j.Context, j) })
			select {
			case o := <-done:
				t.Log(o)
			case <-time.After(20 * time.Second):
				t.Errorf("the job never ends; busy coroutines: %d", l.Stats().Coroutines)
			}
		})
	}
}

func TestHabit_OneJobCountsOnce(t *testing.T) {
	bubble(t, func(h *harness) {
		kind := habit.New("GET /x", habit.Learned)
		follow(t, h, kind, func(ctx context.Context) {
			for range 3 {
				time.Sleep(3 * time.Millisecond)
				waitHere(ctx, time.Millisecond)
			}
		})
		if kind.HandOffs() != 1 || kind.Apart() {
			t.Errorf("one job: %d jobs have blocked, apart %v", kind.HandOffs(), kind.Apart())
		}
	})
}

// What is learned while thousands of long polls are parked counts for them, too.
func TestHabit_IsHeededByThoseThatWait(t *testing.T) {
	bubble(t, func(h *harness) {
		kind := habit.New("GET /poll", habit.Learned)
		const n = 300
		var ws [n]loop.Waiter
		var ended atomic.Int32
		h.on(func() {
			for i := range n {
				h.start(func(ctx context.Context) {
					loop.FromContext(ctx).Follow(kind)
					ws[i].Init(ctx)
					ws[i].Wait(ctx)
					time.Sleep(5 * time.Millisecond)
				}, func(loop.Outcome) { ended.Add(1) })
			}
		})
		synctest.Wait()
		for i := range ws {
			ws[i].Wake()
		}
		begin := time.Now()
		var took time.Duration
		h.on(func() { took = time.Since(begin) })
		for ended.Load() < n {
			time.Sleep(time.Millisecond)
		}
		if d := h.Stats().HandOffs; d > 30 {
			t.Errorf("%d hand-offs; another callback of the loop waited %v; apart: %v", d, took, kind.Apart())
		}
	})
}

func TestReport_StackIsOfTheRouteNamed(t *testing.T) {
	bubble(t, func(h *harness) {
		guilty := habit.New("GET /guilty", habit.Learned)
		other := habit.New("GET /innocent", habit.OnLoop)
		for range 2 {
			follow(t, h, guilty, func(context.Context) { time.Sleep(3 * time.Millisecond) })
		}
		done := make(chan struct{})
		h.on(func() {
			h.start(func(ctx context.Context) {
				loop.FromContext(ctx).Follow(guilty)
				time.Sleep(2500 * time.Microsecond) // blocks, and is back before the next look
			}, func(loop.Outcome) {
				h.start(func(ctx context.Context) { // takes the same coroutine
					loop.FromContext(ctx).Follow(other)
					innocent()
				}, func(loop.Outcome) { close(done) })
			})
		})
		<-done
		synctest.Wait()
		for line := range strings.Lines(h.logs.String()) {
			if strings.Contains(line, `route="GET /guilty"`) && strings.Contains(line, "innocent") {
				t.Errorf("the stack is another route's:\n%.600s", line)
			}
		}
	})
}

func innocent() { time.Sleep(50 * time.Millisecond) }

func TestFollow_WhileClosingDoesNotHangClose(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet, HandOffAfter: -1, BlockingLogThreshold: -1})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	closed := make(chan struct{})
	mk := func(f func(ctx context.Context)) *job {
		j := &job{run: f}
		j.Init(context.Background())
		return j
	}
	a := mk(func(ctx context.Context) {
		loop.FromContext(ctx).Follow(habit.New("x", habit.InGoroutine))
		waitHere(ctx, time.Hour)
	})
	b := mk(func(ctx context.Context) {
		go func() { l.Close(); close(closed) }()
		for !l.Closed() {
			runtime.Gosched()
		}
	})
	l.Post(func() { l.Start(&a.Context, a); l.Start(&b.Context, b) })
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		a.Cancel(errors.New("let it go"))
		<-closed
		t.Error("Close hangs")
	}
}

// The next run may begin before the last one has wound up.
func TestRun_EveryRunIsWatched(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 100 {
		first := make(chan struct{})
		go func() { l.Run(); close(first) }()
		for !l.Running() {
			runtime.Gosched()
		}
		second := make(chan struct{})
		go func() {
			for errors.Is(l.Run(), loop.ErrRunning) {
			}
			close(second)
		}()
		l.Stop()
		<-first // the second is running now, or soon
		for !l.Running() {
			runtime.Gosched()
		}
		before := l.Stats().HandOffs
		blocked := make(chan struct{})
		l.Spawn(context.Background(), func(context.Context) {
			for end := time.Now().Add(5 * time.Second); l.Stats().HandOffs == before && time.Now().Before(end); {
				time.Sleep(100 * time.Microsecond)
			}
			close(blocked)
		})
		<-blocked
		lost := l.Stats().HandOffs != before
		l.Stop()
		<-second
		if !lost {
			t.Fatalf("run %d: a handler blocked for 5 s and kept its loop", i)
		}
	}
}

func TestHold_OutlivesAPark(t *testing.T) {
	bubble(t, func(h *harness) {
		h.Do(context.Background(), func(ctx context.Context) error {
			waitHere(ctx, time.Second)
			time.Sleep(time.Second)
			return nil
		})
		if h.Stats().HandOffs != 0 {
			t.Error("the loop was taken from one that holds it")
		}
	})
}

func TestMonitor_SleepsAndIsWoken(t *testing.T) {
	bubble(t, func(h *harness) {
		for range 5 {
			time.Sleep(time.Minute) // long enough for the monitor to fall asleep
			before := h.Stats().HandOffs
			follow(t, h, habit.New("x", habit.OnLoop), func(context.Context) { time.Sleep(50 * time.Millisecond) })
			if h.Stats().HandOffs == before {
				t.Fatal("the monitor sleeps on while a handler blocks")
			}
		}
	})
}

var hookedPanic = hooked(func(slog.Record) { panic("the logger") })
