package loop_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
)

// rogue is a handler whose methods do not return.
type rogue struct {
	id     loop.ID
	ready  func()
	calls  int
	closed int
	close  func()
}

func (r *rogue) HandleReady(loop.Ready) { r.calls++; r.ready() }
func (r *rogue) HandleDeadline()        { r.calls++; r.ready() }
func (r *rogue) HandleLoopClose() {
	r.closed++
	if r.close != nil {
		r.close()
	}
}

func (h *harness) addRogue(r *rogue) (fd int, peer *poll.Peer) {
	h.t.Helper()
	fd, peer = h.fake.Socket()
	h.on(func() {
		var err error
		if r.id, err = h.AddHandler(fd, r, loop.Read); err != nil {
			h.t.Error(err)
		}
	})
	return fd, peer
}

// The event that a handler failed at is still there in the next turn. The handler must
// not meet it again.
func TestHandler_ThatFailsIsDismissed(t *testing.T) {
	for name, fail := range map[string]func(){
		"panic":  func() { panic("boom") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(h *harness) {
				r := &rogue{ready: fail}
				fd, peer := h.addRogue(r)
				other := &recorder{}
				otherFD, otherPeer := h.fake.Socket()
				other.onReady = func() { h.Files().Read(otherFD, make([]byte, 9)) }
				h.on(func() {
					h.add(otherFD, other, loop.Read)
					peer.Send("x") // both in one batch, the rogue's first
					otherPeer.Send("x")
				})
				synctest.Wait()
				if r.calls != 1 || r.closed != 1 {
					t.Errorf("the handler was called %d times and released %d times, want 1 and 1", r.calls, r.closed)
				}
				if _, watched := h.fake.Mode(fd); watched {
					t.Error("its descriptor is still watched")
				}
				if len(other.ready) != 1 || other.closed != 0 {
					t.Errorf("the other handler was told %v and closed %d times", other.ready, other.closed)
				}
				if s := h.logs.String(); !strings.Contains(s, "rogue") || name == "panic" && !strings.Contains(s, "drop_test.go") {
					t.Errorf("the log lacks the handler or the stack: %s", s)
				}
				h.on(func() { h.RemoveHandler(r.id) }) // unknown by now
			})
		})
	}
}

func TestHandler_ThatFailsAtItsDeadlineIsDismissed(t *testing.T) {
	bubble(t, func(h *harness) {
		r := &rogue{ready: func() { panic("boom") }, close: func() { panic("once more") }}
		h.addRogue(r)
		h.on(func() { h.SetDeadline(r.id, time.Second) })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if r.calls != 1 || r.closed != 1 || h.Stats().Descriptors != 0 {
			t.Errorf("called %d times, released %d times, %d descriptors", r.calls, r.closed, h.Stats().Descriptors)
		}
		if s := h.logs.String(); !strings.Contains(s, "boom") || !strings.Contains(s, "once more") {
			t.Errorf("the log lacks a panic: %s", s)
		}
	})
}

// A handler that has removed itself before it fails is not released, and neither is the
// new owner of its slot.
func TestHandler_ThatFailsAfterItsRemovalHurtsNobody(t *testing.T) {
	bubble(t, func(h *harness) {
		var heir recorder
		r := &rogue{}
		r.ready = func() {
			h.RemoveHandler(r.id)
			fd, _ := h.fake.Socket()
			h.add(fd, &heir, loop.Read)
			panic("boom")
		}
		_, peer := h.addRogue(r)
		peer.Send("x")
		synctest.Wait()
		h.on(func() {
			if r.closed != 0 || heir.closed != 0 || h.Descriptors() != 1 {
				t.Errorf("released: %d, its heir %d; %d descriptors", r.closed, heir.closed, h.Descriptors())
			}
		})
		if n := strings.Count(h.logs.String(), "level="); n != 1 {
			t.Errorf("%d lines in the log, want that of the panic: %s", n, h.logs.String())
		}
	})
}

// A panic of a callback, a timer or a coroutine is no handler's fault.
func TestHandler_IsNotDismissedForOthers(t *testing.T) {
	bubble(t, func(h *harness) {
		r := &recorder{}
		fd, peer := h.fake.Socket()
		r.onReady = func() {
			h.Files().Read(fd, make([]byte, 9))
			h.start(func(context.Context) { panic("coroutine") }, func(loop.Outcome) { panic("its end") })
			h.Post(func() { panic("callback") })
			h.CallLater(0, func() { panic("timer") })
			h.BeforeSleep(panicker{})
		}
		h.on(func() { h.add(fd, r, loop.Read) })
		peer.Send("x")
		synctest.Wait()
		peer.Send("y")
		synctest.Wait()
		h.on(func() { h.SetDeadline(r.id, time.Second) })
		time.Sleep(2 * time.Second)
		h.Post(func() { panic("after the deadline") })
		synctest.Wait()
		if len(r.ready) != 2 || r.deadlines.Load() != 1 || r.closed != 0 {
			t.Errorf("told %d times, released %d times; want 2, 0", len(r.ready), r.closed)
		}
		for _, want := range []string{"coroutine", "its end", "callback", "timer", "flusher"} {
			if got := strings.Count(h.logs.String(), "panic="+want) + strings.Count(h.logs.String(), `panic="`+want); got != 2 {
				t.Errorf("the panic of %q was logged %d times, want 2", want, got)
			}
		}
	})
}

type panicker struct{}

func (panicker) FlushBeforeSleep() { panic("flusher") }

// Whatever a handler does when the loop closes, and whatever callbacks do before, the
// others are told.
func TestClose_TellsEveryHandlerInSpiteOfPanics(t *testing.T) {
	var rogues []*rogue
	var well recorder
	bubble(t, func(h *harness) {
		for _, f := range []func(){func() { panic("boom") }, runtime.Goexit} {
			r := &rogue{close: f}
			h.addRogue(r)
			rogues = append(rogues, r)
		}
		h.on(func() {
			fd, _ := h.fake.Socket()
			h.add(fd, &well, loop.Read)
			for range 500 { // more than Close has turns
				h.Post(func() { panic("at the end") })
			}
			h.Stop()
		})
	})
	for i, r := range rogues {
		if r.closed != 1 {
			t.Errorf("rogue %d was told %d times", i, r.closed)
		}
	}
	if well.closed != 1 {
		t.Errorf("the handler behind them was told %d times", well.closed)
	}
}

// keeper is a slog.Handler that keeps the attributes of what is logged: the hook for errors
// in callbacks.
type keeper struct {
	mu     sync.Mutex
	panics []any
	stacks int
}

func (*keeper) Enabled(context.Context, slog.Level) bool { return true }
func (k *keeper) WithAttrs([]slog.Attr) slog.Handler     { return k }
func (k *keeper) WithGroup(string) slog.Handler          { return k }
func (k *keeper) Handle(_ context.Context, r slog.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "panic":
			k.panics = append(k.panics, a.Value.Any())
		case "stack":
			k.stacks++
		}
		return true
	})
	return nil
}

func TestLogger_IsTheHookForPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type fault struct{ code int }
		k := new(keeper)
		l, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: slog.New(k)})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		l.Post(func() { panic(fault{1}) })
		l.Spawn(context.Background(), func(context.Context) { panic(fault{2}) })
		synctest.Wait()
		if len(k.panics) != 2 || k.panics[0] != (fault{1}) || k.panics[1] != (fault{2}) || k.stacks != 2 {
			t.Errorf("the logger was given %v and %d stacks", k.panics, k.stacks)
		}
		l.Close()
	})
}
