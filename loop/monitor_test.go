package loop_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/habit"
	"eddy/internal/poll"
	"eddy/loop"
)

// watched returns a loop that is in a coroutine, and moves and is looked at by hand only.
func watched() *loop.Watched {
	return loop.NewWatched(loop.Options{Poller: poll.NewFake(), Logger: quiet, BlockingLogThreshold: -1})
}

// The monitor and the coroutine, or its runner, want the same loop at the same moment: one
// of the two gets it, never both, never none.
func TestRunner_LoopGoesToOneOfTwo(t *testing.T) {
	contests := []struct {
		name string
		want func(w *loop.Watched) bool
	}{
		{"hold", (*loop.Watched).Hold},
		{"leave", (*loop.Watched).Leave},
	}
	for _, tt := range contests {
		t.Run(tt.name, func(t *testing.T) {
			const most = 100_000
			w := watched()
			at := w.Seen()
			var begun, ended atomic.Int32
			taken, over := false, false
			var other sync.WaitGroup
			other.Go(func() {
				for i := int32(1); ; i++ {
					if await(&begun, i); over {
						return
					}
					taken = w.Unblock(at)
					ended.Store(i)
				}
			})
			rng := rand.New(rand.NewPCG(1, 1))
			both, none, times := 0, 0, 0
			late := 0 // so that both come at the same time, which is to be found
			rounds := 0
			// Where two threads have one processor between them, each round takes a turn of each.
			for end := time.Now().Add(3 * time.Second); rounds < most && time.Now().Before(end); {
				rounds++
				i := int32(rounds)
				w.Enter()
				at = w.Seen()
				begun.Store(i)
				dawdle(late + rng.IntN(4))
				got := tt.want(w)
				await(&ended, i)
				switch {
				case got && taken:
					both++
				case !got && !taken:
					none++
				case taken:
					times++
					late = max(0, late-1)
				default:
					late = min(late+1, 200)
				}
			}
			over = true
			begun.Add(1)
			other.Wait()
			if both > 0 || none > 0 {
				t.Errorf("of %d rounds both had the loop in %d, none in %d", rounds, both, none)
			}
			if times == 0 || times == rounds {
				t.Logf("no contest: the loop was taken %d times", times)
			}
		})
	}
}

func await(n *atomic.Int32, until int32) {
	for spun := 0; n.Load() < until; spun++ {
		if spun > 1000 {
			runtime.Gosched()
		}
	}
}

// dawdle takes some nanoseconds a step.
func dawdle(steps int) {
	var n atomic.Int32
	for range steps {
		n.Add(1)
	}
}

// A loop that has gone on just before the monitor said that it sleeps did not wake it.
func TestMonitor_LooksOnceMoreBeforeItSleeps(t *testing.T) {
	w := watched()
	w.Leave()
	w.Turn(true)
	w.Look()
	if w.Look() {
		t.Fatal("a loop that sleeps is busy")
	}
	w.Turn(false)
	w.Enter()
	if w.Doze() {
		t.Error("the monitor sleeps while a loop is in a coroutine")
	}
	w.Leave()
	w.Turn(true)
	w.Look()
	if !w.Doze() {
		t.Error("the monitor does not sleep while all loops do")
	}
}

// What a late look finds may have waited for a processor, as the monitor has.
func TestMonitor_ExcusesALoopOnceWhenItIsLateItself(t *testing.T) {
	const onTime, late = loop.DefaultHandOffAfter, 5 * loop.DefaultHandOffAfter
	tests := []struct {
		looks []time.Duration // time before each
		taken int             // by which of them, counted from 1; 0: by none
	}{
		{[]time.Duration{onTime, onTime}, 1},
		{[]time.Duration{late}, 0},
		{[]time.Duration{late, onTime}, 2},
		{[]time.Duration{late, late}, 2}, // else a busy machine would have no hand-off
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.looks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watched()
				w.Look()
				by := 0
				for i, d := range tt.looks {
					time.Sleep(d)
					w.Look()
					if by == 0 && w.Taken() > 0 {
						by = i + 1
					}
				}
				if by != tt.taken || w.Taken() > 1 {
					t.Errorf("taken %d times, first by look %d, want %d", w.Taken(), by, tt.taken)
				}
			})
		})
	}
}

// A burst of jobs does not leave its coroutines behind.
func TestCoroutine_PoolIsBounded(t *testing.T) {
	bubble(t, func(h *harness) {
		const burst, most = 600, 256
		ws := make([]loop.Waiter, burst)
		h.on(func() {
			for i := range ws {
				h.start(func(ctx context.Context) {
					ws[i].Init(ctx)
					ws[i].Wait(ctx)
				}, nil)
			}
		})
		synctest.Wait()
		for i := range ws {
			ws[i].Wake()
		}
		synctest.Wait()
		if n := h.Stats().IdleCoroutines; n != most {
			t.Errorf("%d idle coroutines after a burst of %d, want %d", n, burst, most)
		}
	})
}

// However many routes block, the log has a line a second.
func TestReport_LinesOfAllRoutesAreRare(t *testing.T) {
	bubble(t, func(h *harness) {
		for i := range 100 { // for ten seconds
			follow(t, h, habit.New(fmt.Sprint(i), habit.OnLoop), func(context.Context) { time.Sleep(100 * time.Millisecond) })
		}
		synctest.Wait()
		if n := strings.Count(h.logs.String(), "a handler blocks"); n < 8 || n > 11 {
			t.Errorf("%d lines in ten seconds, want ten or so", n)
		}
	})
}

// A line that is dropped, because the log still takes the one before, costs its route nothing.
func TestReport_DroppedLinesCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		log := hooked(func(r slog.Record) {
			r.Attrs(func(a slog.Attr) bool {
				if a.Key == "route" {
					lines = append(lines, a.Value.String())
				}
				return true
			})
			if len(lines) == 1 {
				time.Sleep(3 * time.Second) // a slow log
			}
		})
		l, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: log})
		if err != nil {
			t.Fatal(err)
		}
		h := &harness{t: t, Loop: l}
		go l.Run()
		defer l.Close()
		block := func(kind *habit.Habit, again time.Duration) {
			follow(t, h, kind, func(context.Context) { time.Sleep(100 * time.Millisecond) })
			time.Sleep(again)
		}
		a, b := habit.New("a", habit.OnLoop), habit.New("b", habit.OnLoop)
		block(a, 2400*time.Millisecond) // its line is being made for three seconds
		block(b, 600*time.Millisecond)  // and this one dropped
		block(b, 0)
		synctest.Wait()
		if want := []string{"a", "b"}; !slices.Equal(lines, want) {
			t.Errorf("lines about %v, want %v", lines, want)
		}
	})
}

// To take the stack stops all goroutines, so there is none when they are many.
func TestReport_NoStackOfTooMany(t *testing.T) {
	for _, many := range []int{100, 5000} {
		bubble(t, func(h *harness) {
			enough := make(chan struct{})
			for range many {
				go func() { <-enough }()
			}
			follow(t, h, habit.New("x", habit.OnLoop), blockHere)
			synctest.Wait()
			log := h.logs.String()
			if !strings.Contains(log, "a handler blocks") || strings.Contains(log, "blockHere") != (many < 4096) {
				t.Errorf("with %d goroutines it logs %.300s", many, log)
			}
			close(enough)
		})
	}
}
