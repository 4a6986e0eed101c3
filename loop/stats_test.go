package loop_test

import (
	"context"
	"encoding/json"
	"expvar"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"eddy/loop"
)

func TestStats_CountsWhatIsDone(t *testing.T) {
	bubble(t, func(h *harness) {
		before := h.Stats()
		fd, peer := h.fake.Socket()
		r := &recorder{onReady: func() { h.Files().Read(fd, make([]byte, 9)) }}
		h.on(func() { h.add(fd, r, loop.Read) })
		for range 3 {
			peer.Send("x")
			synctest.Wait()
		}
		h.on(func() {
			for i := range 5 {
				h.CallLater(time.Duration(i)*time.Second, func() {})
			}
			h.CallLater(time.Second, func() {}).Stop()
			h.start(func(ctx context.Context) { pause(ctx, time.Hour) }, nil)
			h.start(func(context.Context) {}, nil)
			h.PutBuffer(h.GetBuffer())
			h.AddLoad(7)
		})
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		s := h.Stats()
		if n := s.Turns - before.Turns; n < 6 || n > 12 {
			t.Errorf("%d turns", n)
		}
		type numbers struct {
			events, callbacks, timersRun                                         uint64
			posted, descriptors, timers, coroutines, idleCoroutines, idleBuffers int
			load                                                                 int64
		}
		got := numbers{s.Events, s.Callbacks - before.Callbacks, s.TimersRun, s.Posted, s.Descriptors, s.Timers,
			s.Coroutines, s.IdleCoroutines, s.IdleBuffers, s.Load}
		// Two timers have run; three are left, and the coroutine's.
		if want := (numbers{3, 2, 2, 0, 1, 4, 1, 1, 1, 7}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		h.on(func() { h.AddLoad(-7) })
		h.Close()
		if s := h.Stats(); s.Descriptors+s.Coroutines+s.IdleCoroutines+s.Posted != 0 {
			t.Errorf("closed: %+v", s)
		}
	})
}

func TestStats_TellsBusyFromWaiting(t *testing.T) {
	bubble(t, func(h *harness) {
		before := h.Stats()
		time.Sleep(6 * time.Second)
		h.Post(func() { time.Sleep(2 * time.Second) })
		time.Sleep(500 * time.Millisecond)
		s := h.Stats() // the turn is under way
		if busy, waiting := s.Busy-before.Busy, s.Waiting-before.Waiting; busy != 500*time.Millisecond ||
			waiting != 6*time.Second || s.Turn != busy || s.MaxTurn != busy {
			t.Errorf("within the turn: busy %v, waiting %v, turn %v, longest %v", busy, waiting, s.Turn, s.MaxTurn)
		}
		time.Sleep(1500 * time.Millisecond)
		h.on(func() {})
		synctest.Wait()
		s = h.Stats()
		if busy := s.Busy - before.Busy; busy != 2*time.Second || s.Turn != 0 || s.MaxTurn != busy {
			t.Errorf("after it: busy %v, turn %v, longest %v", busy, s.Turn, s.MaxTurn)
		}
		if r := s.BusyRatio(before); r != 0.25 {
			t.Errorf("busy ratio %v, want 2 of 8 seconds", r)
		}
		if r := s.BusyRatio(s); r != 0 {
			t.Errorf("busy ratio of no time: %v", r)
		}
		h.Stop() // and does not run
		synctest.Wait()
		time.Sleep(time.Hour)
		if rest := h.Stats(); rest.Busy != s.Busy || rest.Waiting != s.Waiting {
			t.Errorf("a loop that does not run has been busy %v and waiting %v", rest.Busy-s.Busy, rest.Waiting-s.Waiting)
		}
	})
}

func TestStats_LagIsHowLateTimersRun(t *testing.T) {
	bubble(t, func(h *harness) {
		h.on(func() {
			h.CallLater(time.Second, func() {})
			h.CallLater(2*time.Second, func() {})
			h.CallLater(20*time.Second, func() {})
			h.CallAt(time.Now().Add(-time.Hour), func() {}) // tells nothing
		})
		h.Post(func() { time.Sleep(5 * time.Second) })
		time.Sleep(6 * time.Second)
		h.on(func() {})
		synctest.Wait() // to the end of the turn: figures are known then
		if s := h.Stats(); s.Lag != 4*time.Second || s.MaxLag != s.Lag {
			t.Errorf("lag %v, greatest %v; want 4s", s.Lag, s.MaxLag)
		}
		time.Sleep(20 * time.Second)
		h.on(func() {})
		synctest.Wait() // to the end of the turn: figures are known then
		if s := h.Stats(); s.Lag != 0 || s.MaxLag != 4*time.Second {
			t.Errorf("lag %v, greatest %v; want 0s, 4s", s.Lag, s.MaxLag)
		}
	})
}

func TestStats_CostsNoAllocation(t *testing.T) {
	bubble(t, func(h *harness) {
		if n := testing.AllocsPerRun(100, func() { h.Stats() }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestStats_GroupSumsItsLoops(t *testing.T) {
	g, err := loop.NewGroup(3, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for i, l := range g.Loops() {
		l.AddLoad(int64(i + 1))
		l.Do(t.Context(), func(ctx context.Context) error {
			for range i {
				l.CallLater(time.Hour, func() {})
			}
			return pause(ctx, time.Microsecond)
		})
		// Another turn: the pause's own timer is counted until then.
		l.Do(t.Context(), func(context.Context) error { return nil })
	}
	s := g.Stats()
	var want loop.Stats
	for i, one := range s.Loops {
		if one.Load != int64(i+1) || one.Timers != i {
			t.Errorf("loop %d has load %d and %d timers", i, one.Load, one.Timers)
		}
		want.Turns += one.Turns
		want.Busy += one.Busy
		want.MaxTurn = max(want.MaxTurn, one.MaxTurn)
	}
	if got := s.Total; got.Load != 6 || got.Timers != 3 || got.Turns != want.Turns || got.Busy != want.Busy || got.MaxTurn != want.MaxTurn {
		t.Errorf("the sum is %+v of %+v", got, s.Loops)
	}
}

func TestStats_ThroughExpvar(t *testing.T) {
	bubble(t, func(h *harness) {
		v := expvar.Func(func() any { return h.Stats() })
		h.Post(func() { time.Sleep(time.Second) })
		time.Sleep(2 * time.Second)
		h.on(func() {})
		var got map[string]float64
		if err := json.Unmarshal([]byte(v.String()), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != reflect.TypeFor[loop.Stats]().NumField() || got["busy_ns"] != 1e9 || got["callbacks"] < 2 {
			t.Errorf("published: %v", got)
		}
	})
}

func BenchmarkStats(b *testing.B) {
	b.ReportAllocs()
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		l.Stats()
	}
}
