package loop_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
)

// recorder is a handler that notes what it is told.
type recorder struct {
	id        loop.ID
	ready     []loop.Ready
	deadlines atomic.Int32
	closed    int
	onReady   func()
}

func (r *recorder) HandleReady(m loop.Ready) {
	r.ready = append(r.ready, m)
	if r.onReady != nil {
		r.onReady()
	}
}
func (r *recorder) HandleDeadline()  { r.deadlines.Add(1) }
func (r *recorder) HandleLoopClose() { r.closed++ }

func (h *harness) add(fd int, r *recorder, want loop.Ready) {
	h.t.Helper()
	id, err := h.AddHandler(fd, r, want)
	if err != nil {
		h.t.Fatal(err)
	}
	r.id = id
}

func TestHandler_RemovedInTheSameBatchHearsNothing(t *testing.T) {
	bubble(t, func(h *harness) {
		fd1, peer1 := h.fake.Socket()
		fd2, peer2 := h.fake.Socket()
		first, second := &recorder{}, &recorder{}
		first.onReady = func() {
			h.RemoveHandler(first.id)
			h.RemoveHandler(second.id)
		}
		second.onReady = first.onReady
		h.on(func() {
			h.add(fd1, first, loop.Read)
			h.add(fd2, second, loop.Read)
			peer1.Send("x")
			peer2.Send("x")
		})
		synctest.Wait()
		if n := len(first.ready) + len(second.ready); n != 1 {
			t.Errorf("%d handlers were told, want the one that removed the other", n)
		}
	})
}

func TestHandler_LateEventReachesNoNewOwner(t *testing.T) {
	bubble(t, func(h *harness) {
		fd1, peer1 := h.fake.Socket()
		fd2, peer2 := h.fake.Socket()
		first, second, third := &recorder{}, &recorder{}, &recorder{}
		first.onReady = func() {
			// The second's event is pending. Its slot and its descriptor get a new owner.
			h.RemoveHandler(first.id)
			h.RemoveHandler(second.id)
			h.add(fd2, third, loop.Write)
			if third.id == second.id {
				t.Error("the slot's new registration has the old ID")
			}
		}
		h.on(func() {
			h.add(fd1, first, loop.Read)
			h.add(fd2, second, loop.Read)
			peer2.SetRoom(0)
			peer1.Send("x")
			peer2.Send("x")
		})
		synctest.Wait()
		if len(second.ready) != 0 || len(third.ready) != 0 {
			t.Errorf("told: second %v, third %v; want neither", second.ready, third.ready)
		}
		h.on(func() { h.UpdateHandler(second.id, loop.Read) }) // a stale ID changes nothing
		if m, _ := h.fake.Mode(fd2); m != loop.Write {
			t.Errorf("a stale ID changed the registration to %v", m)
		}
	})
}

func TestHandler_SameDescriptorTwiceIsAnError(t *testing.T) {
	bubble(t, func(h *harness) {
		fd, _ := h.fake.Socket()
		h.on(func() {
			h.add(fd, &recorder{}, loop.Read)
			if _, err := h.AddHandler(fd, &recorder{}, loop.Read); err == nil {
				t.Error("a second registration was accepted")
			}
			if n := h.Descriptors(); n != 1 {
				t.Errorf("%d descriptors, want 1", n)
			}
			h.RemoveHandler(0) // unknown: silent
		})
	})
}

func TestHandler_NilIsRefused(t *testing.T) {
	bubble(t, func(h *harness) {
		fd, _ := h.fake.Socket()
		h.Post(func() { h.AddHandler(fd, nil, loop.Read) })
		h.on(func() {
			if n := h.Descriptors(); n != 0 || !strings.Contains(h.logs.String(), "nil handler") {
				t.Errorf("%d descriptors; log: %s", n, h.logs.String())
			}
		})
	})
}

func TestHandler_LoopCloseTellsAll(t *testing.T) {
	var all []*recorder
	bubble(t, func(h *harness) {
		h.on(func() {
			for range 600 { // more than one chunk of slots
				fd, _ := h.fake.Socket()
				r := &recorder{}
				h.add(fd, r, loop.Read)
				all = append(all, r)
			}
		})
	})
	for i, r := range all {
		if r.closed != 1 {
			t.Fatalf("handler %d was told %d times", i, r.closed)
		}
	}
}

func TestDeadline_ComesInTimeAndOnce(t *testing.T) {
	bubble(t, func(h *harness) {
		for _, d := range []time.Duration{time.Millisecond, 150 * time.Millisecond, 20 * time.Second, 3 * time.Minute} {
			fd, _ := h.fake.Socket()
			r := &recorder{}
			h.on(func() {
				h.add(fd, r, loop.Read)
				h.SetDeadline(r.id, d)
			})
			time.Sleep(d)
			synctest.Wait()
			if r.deadlines.Load() != 0 {
				t.Errorf("%v: the deadline came early", d)
			}
			time.Sleep(250 * time.Millisecond)
			synctest.Wait()
			if r.deadlines.Load() != 1 {
				t.Errorf("%v: told %d times, want 1", d, r.deadlines.Load())
			}
			time.Sleep(5 * time.Minute)
			if r.deadlines.Load() != 1 {
				t.Errorf("%v: told again", d)
			}
			h.on(func() { h.RemoveHandler(r.id) })
		}
	})
}

func TestDeadline_MovesAndClears(t *testing.T) {
	bubble(t, func(h *harness) {
		fd, _ := h.fake.Socket()
		r := &recorder{}
		h.on(func() {
			h.add(fd, r, loop.Read)
			h.SetDeadline(r.id, time.Second)
		})
		for range 100 { // put off again and again, as requests do
			time.Sleep(900 * time.Millisecond)
			h.on(func() { h.SetDeadline(r.id, time.Second) })
		}
		if r.deadlines.Load() != 0 {
			t.Fatal("a deadline that was put off has passed")
		}
		h.on(func() {
			h.SetDeadline(r.id, time.Hour)
			h.SetDeadline(r.id, 2*time.Second) // brought forward
		})
		time.Sleep(2300 * time.Millisecond)
		synctest.Wait()
		if r.deadlines.Load() != 1 {
			t.Errorf("brought forward: told %d times, want 1", r.deadlines.Load())
		}
		h.on(func() {
			h.SetDeadline(r.id, time.Second)
			h.SetDeadline(r.id, 0)
		})
		time.Sleep(time.Hour)
		if r.deadlines.Load() != 1 {
			t.Error("a cleared deadline has passed")
		}
	})
}

func TestDeadline_ManyInOneBucketAndRemoval(t *testing.T) {
	bubble(t, func(h *harness) {
		var all []*recorder
		h.on(func() {
			for i := range 1000 {
				fd, _ := h.fake.Socket()
				r := &recorder{}
				h.add(fd, r, loop.Read)
				h.SetDeadline(r.id, time.Duration(1+i%100)*time.Second)
				all = append(all, r)
			}
			for i := 0; i < len(all); i += 3 {
				h.RemoveHandler(all[i].id)
			}
		})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for i, r := range all {
			want := int32(1)
			if i%3 == 0 {
				want = 0
			}
			if r.deadlines.Load() != want {
				t.Errorf("handler %d was told %d times, want %d", i, r.deadlines.Load(), want)
			}
		}
	})
}

// An idle loop with deadlines far off must sleep, not tick.
func TestDeadline_FarOffDoesNotTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &waitCounter{Fake: poll.NewFake()}
		l, _ := loop.New(loop.Options{Poller: p, Logger: quiet})
		go l.Run()
		r := &recorder{}
		fd, _ := p.Socket()
		l.Post(func() {
			id, _ := l.AddHandler(fd, r, loop.Read)
			l.SetDeadline(id, 75*time.Second)
		})
		synctest.Wait()
		before := p.waits.Load()
		time.Sleep(70 * time.Second)
		synctest.Wait()
		if n := p.waits.Load() - before; n > 4 {
			t.Errorf("%d turns in 70 idle seconds", n)
		}
		l.Close()
	})
}

type waitCounter struct {
	*poll.Fake
	waits atomic.Int32
}

func (p *waitCounter) Wait(events []poll.Event, until time.Time) (int, error) {
	p.waits.Add(1)
	return p.Fake.Wait(events, until)
}
