package loop_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
)

// waits notes how long the loop is willing to sleep.
type waits struct {
	*poll.Fake
	until []time.Time
}

func (p *waits) Wait(events []poll.Event, until time.Time) (int, error) {
	p.until = append(p.until, until)
	return p.Fake.Wait(events, until)
}

func TestTurn_SleepsUntilThereIsSomethingToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &waits{Fake: poll.NewFake()}
		l, _ := loop.New(loop.Options{Poller: p, Logger: quiet})
		go l.Run()
		defer l.Close()
		synctest.Wait()
		timer := time.Now().Add(time.Hour)
		for _, tt := range []struct {
			name string
			do   func()
			want []time.Time // from the end of the turn that does it
		}{
			{"nothing to do", func() {}, []time.Time{{}}},
			{"posted", func() { l.Post(func() {}) }, []time.Time{poll.DontWait, {}}},
			{"timer", func() { l.CallAt(timer, func() {}) }, []time.Time{timer}},
			{"a later timer", func() { l.CallLater(2*time.Hour, func() {}).Stop() }, []time.Time{timer}},
			{"posted, with a timer", func() { l.Post(func() {}) }, []time.Time{poll.DontWait, timer}},
			{"a timer of no delay", func() { l.CallLater(0, func() {}) }, []time.Time{time.Now(), timer}},
		} {
			l.Post(func() {
				p.until = nil
				tt.do()
			})
			synctest.Wait()
			if len(p.until) != len(tt.want) {
				t.Errorf("%s: waited until %v, want %v", tt.name, p.until, tt.want)
				continue
			}
			for i, want := range tt.want {
				if !p.until[i].Equal(want) {
					t.Errorf("%s: waited until %v, want %v", tt.name, p.until, tt.want)
				}
			}
		}
	})
}

func TestLoop_TellsItsState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := loop.New(loop.Options{Poller: poll.NewFake(), Logger: quiet})
		state := func(want string, running, closed bool) {
			t.Helper()
			synctest.Wait()
			if l.Running() != running || l.Closed() != closed {
				t.Errorf("%s: running %v, closed %v", want, l.Running(), l.Closed())
			}
		}
		state("new", false, false)
		go l.Run()
		state("running", true, false)
		l.Stop()
		state("stopped", false, false)
		go l.Run()
		state("running again", true, false)
		l.Close()
		state("closed", false, true)
	})
}

func TestNow_IsTheBeginningOfTheTurn(t *testing.T) {
	bubble(t, func(h *harness) {
		time.Sleep(time.Hour)
		h.on(func() {
			now := h.Now()
			if !now.Equal(time.Now()) {
				t.Errorf("Now is %v late", time.Since(now))
			}
			time.Sleep(time.Second)
			if h.Now() != now {
				t.Error("Now moves within a turn")
			}
		})
		h.on(func() {
			if !h.Now().Equal(time.Now()) {
				t.Errorf("the next turn: Now is %v late", time.Since(h.Now()))
			}
		})
	})
}

// Timers and deadlines are differences between the loop's times. With a monotonic reading
// in each, nobody who sets the wall clock can move them.
func TestNow_IsMonotonic(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	check := func(when string) {
		if now := l.Now(); now == now.Round(0) {
			t.Errorf("%s: Now has no monotonic reading", when)
		}
	}
	check("new")
	l.RunSync(t.Context(), func(ctx context.Context) error {
		check("first turn")
		pause(ctx, time.Microsecond)
		check("later")
		return nil
	})
}
