package stream_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"eddy/async"
	"eddy/loop"
	"eddy/stream"
)

// A reset in any state closes the descriptor and ends every call, and never makes the loop
// spin or a call wait for ever.
func TestReset_InEveryState(t *testing.T) {
	read := func(h *harness) *async.Future[int] {
		f := async.Go(h.ctx, func(ctx context.Context) (int, error) { return h.s.ReadFull(ctx, make([]byte, 8)) })
		h.settle()
		return f
	}
	flush := func(h *harness) *async.Future[int] {
		h.peer.SetRoom(1)
		h.on(func() { h.s.SendBytes([]byte("output")) })
		f := async.Go(h.ctx, func(ctx context.Context) (int, error) { return 0, h.s.Flush(ctx) })
		h.settle()
		return f
	}
	type futures = []*async.Future[int]
	states := map[string]func(h *harness) futures{
		"idle":               func(h *harness) futures { return nil },
		"bytes unread":       func(h *harness) futures { h.peer.Send("x"); h.settle(); return nil },
		"reading":            func(h *harness) futures { return futures{read(h)} },
		"writing":            func(h *harness) futures { return futures{flush(h)} },
		"both":               func(h *harness) futures { return futures{read(h), flush(h)} },
		"parked above water": func(h *harness) futures { return futures{writeMuch(h)} },
		"hung up":            func(h *harness) futures { h.peer.CloseWrite(); h.settle(); return nil },
		"at the end":         func(h *harness) futures { h.peer.CloseWrite(); h.s.ReadUntilClose(h.ctx, 0); return nil },
		"ending":             func(h *harness) futures { f := flush(h); h.on(h.s.CloseWrite); return futures{f} },
		"ended":              func(h *harness) futures { h.on(h.s.CloseWrite); return nil },
		"ended, reading":     func(h *harness) futures { h.on(h.s.CloseWrite); return futures{read(h)} },
		"closing":            func(h *harness) futures { f := flush(h); h.on(h.s.Close); return futures{f} },
		"before draining":    func(h *harness) futures { f := flush(h); h.on(h.s.Drain); return futures{f} },
		"draining":           func(h *harness) futures { h.on(h.s.Drain); return nil },
		"ended and draining": func(h *harness) futures { h.on(h.s.CloseWrite); h.on(h.s.Drain); return nil },
	}
	for name, enter := range states {
		for _, err := range []syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ETIMEDOUT} {
			t.Run(name+"/"+err.Error(), func(t *testing.T) {
				bubble(t, nil, func(h *harness) {
					calls := enter(h)
					h.peer.Reset(err)
					h.settle()
					if closed, _ := h.peer.Closed(); !closed {
						t.Error("the descriptor is open")
					}
					for _, f := range calls {
						if _, e, done := f.Result(); !done || !errors.Is(e, err) || !errors.Is(e, stream.ErrClosed) {
							t.Errorf("a call: %v, done: %v", e, done)
						}
					}
					h.on(func() {
						if !h.s.Closed() || h.s.Pending() != 0 || h.loop.Descriptors() != 0 {
							t.Errorf("closed %v, %d bytes pending, %d descriptors", h.s.Closed(), h.s.Pending(), h.loop.Descriptors())
						}
					})
				})
			})
		}
	}
}

func writeMuch(h *harness) *async.Future[int] {
	h.peer.SetRoom(1)
	f := async.Go(h.ctx, func(ctx context.Context) (int, error) {
		return 0, h.s.Write(ctx, make([]byte, stream.HighWater+2))
	})
	h.settle()
	return f
}

// What is in the stream's own buffer outlives a reset; what the kernel still holds does not.
func TestReset_LeavesWhatIsBuffered(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.Send("one\ntwo\nthr")
		if p, err := h.s.ReadUntil(h.ctx, []byte("\n"), 0); string(p) != "one\n" || err != nil {
			t.Fatalf("%q, %v", p, err)
		}
		h.peer.Send("ee in the kernel")
		h.settle()
		h.peer.Reset(syscall.ECONNRESET)
		h.settle()
		if p, err := h.s.ReadUntil(h.ctx, []byte("\n"), 0); string(p) != "two\n" || err != nil {
			t.Errorf("a buffered line: %q, %v", p, err)
		}
		if _, err := h.s.ReadUntil(h.ctx, []byte("\n"), 0); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("half a line: %v", err)
		}
		if p, err := h.s.ReadUntilClose(h.ctx, 0); string(p) != "thr" || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the rest: %q, %v", p, err)
		}
	})
}

// A read that waits gets what is there when the stream is closed under it.
func TestClose_SatisfiesAReadThatWaits(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		f := async.Go(h.ctx, func(ctx context.Context) ([]byte, error) { return h.s.ReadUntilClose(ctx, 0) })
		h.peer.Send("all of it")
		h.settle()
		h.on(h.s.CloseNow)
		if p, err := f.Wait(h.ctx); string(p) != "all of it" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		if p, err := h.s.ReadUntilClose(h.ctx, 0); string(p) != "" || err != nil {
			t.Errorf("again: %q, %v", p, err)
		}
	})
}

// Each direction ends on its own, in either order, and nothing is lost.
func TestHalfClose_BothWays(t *testing.T) {
	for name, tt := range map[string]struct{ first, second func(h *harness) }{
		"this side first": {func(h *harness) { h.on(h.s.CloseWrite) }, func(h *harness) { h.peer.CloseWrite() }},
		"the peer first":  {func(h *harness) { h.peer.CloseWrite() }, func(h *harness) { h.on(h.s.CloseWrite) }},
	} {
		for _, reading := range []bool{true, false} {
			bubble(t, nil, func(h *harness) {
				var got []byte
				var err error
				read := func() { got, err = h.s.ReadUntilClose(h.ctx, 0) }
				done := make(chan struct{})
				if reading {
					go func() { read(); close(done) }()
					h.settle()
				}
				h.peer.Send(strings.Repeat("x", 100_000))
				h.s.Write(h.ctx, []byte("out"))
				tt.first(h)
				h.settle()
				tt.second(h)
				h.settle()
				time.Sleep(time.Hour) // nothing spins
				if reading {
					<-done
				} else {
					read()
				}
				if len(got) != 100_000 || err != nil || h.peer.Take() != "out" {
					t.Errorf("%s, reading %v: %d bytes, %v", name, reading, len(got), err)
				}
				if _, err := h.s.Read(h.ctx, make([]byte, 1)); err != io.EOF {
					t.Errorf("%s: behind the end: %v", name, err)
				}
			})
		}
	}
}

// A peer that never reads: writes are refused or wait, reads go on, and Close gives up only
// with the loop or by CloseNow.
func TestPeer_ThatNeverReads(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(0)
		f := writeMuch(h)
		h.peer.Send("still heard\n")
		if p, err := h.s.ReadUntil(h.ctx, []byte("\n"), 0); string(p) != "still heard\n" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		h.on(h.s.Close)
		time.Sleep(time.Hour)
		if f.Done() || h.closed() {
			t.Error("gave up")
		}
		h.on(h.s.CloseNow)
		if _, err := f.Wait(h.ctx); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("%v", err)
		}
	})
}

// Drain after CloseWrite has the same bounds as without.
func TestDrain_AfterCloseWrite(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.on(h.s.CloseWrite)
		h.peer.Send("dropped")
		h.on(h.s.Drain)
		if h.peer.Unread() != 0 || h.closed() {
			t.Errorf("%d bytes unread, or closed", h.peer.Unread())
		}
		time.Sleep(3 * time.Second)
		h.settle()
		if !h.closed() {
			t.Error("waits for ever for its peer")
		}
	})
}

// A peer that is done and closes both directions, while nobody reads, takes nothing back of
// what it sent.
func TestClose_OfThePeerLosesNothing(t *testing.T) {
	l := running(t)
	for _, ended := range []bool{false, true} {
		near, far := pair(t, l)
		do := func(f func()) { l.Do(t.Context(), func(context.Context) error { f(); return nil }) }
		if ended {
			do(far.CloseWrite)
			if err := near.WaitHangup(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := near.Write(t.Context(), []byte(strings.Repeat("x", 10_000))); err != nil {
			t.Error(err)
		}
		do(near.Close)
		if err := far.WaitHangup(t.Context()); err != nil {
			t.Error(err)
		}
		l.Do(t.Context(), func(ctx context.Context) error { return async.Sleep(ctx, 0) }) // more events
		if p, err := far.ReadUntilClose(t.Context(), 0); len(p) != 10_000 || err != nil {
			t.Errorf("ended %v: %d bytes, %v", ended, len(p), err)
		}
		if _, err := far.Read(t.Context(), make([]byte, 1)); err != io.EOF {
			t.Errorf("ended %v: behind the end: %v", ended, err)
		}
		do(far.CloseNow)
	}
}

// An event that comes after its stream was closed reaches nobody, least of all the next owner
// of the same descriptor.
func TestStream_LateEventReachesNobody(t *testing.T) {
	l, err := loop.New(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	for range 20 {
		handled := make(chan struct{})
		var first, second, next, far *hasty
		if err := l.Do(t.Context(), func(context.Context) error {
			swap := func() { // by whose event comes first, with the other one's in the same batch
				first.s.CloseNow()
				second.s.CloseNow()
				next, far = newHasty(t, l)
				if next.s.FD() != first.s.FD() && next.s.FD() != second.s.FD() {
					t.Error("no descriptor was used again: the test shows nothing")
				}
				close(handled)
			}
			var peers [2]*hasty
			first, peers[0] = newHasty(t, l)
			second, peers[1] = newHasty(t, l)
			first.react, second.react = swap, swap
			for _, p := range peers {
				p.s.SendBytes([]byte("x")) // leave in one turn
				p.leave = true
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		<-handled
		l.Do(t.Context(), func(ctx context.Context) error {
			async.Sleep(ctx, 0) // whatever was under way has come
			if first.readable+second.readable != 1 {
				t.Errorf("%d events of closed streams", first.readable+second.readable-1)
			}
			for _, h := range []*hasty{next, far} {
				if h.readable+h.closed+h.hangups != 0 {
					t.Errorf("the next owner was told %+v", h.recorder)
				}
				h.s.CloseNow()
			}
			return nil
		})
	}
}

// hasty is a sink that does something rash.
type hasty struct {
	recorder
	react func()
}

func (h *hasty) StreamReadable() {
	h.recorder.StreamReadable()
	if h.react != nil {
		h.react()
	}
}

func newHasty(t *testing.T, l *loop.Loop) (a, b *hasty) {
	fd, other, err := l.Files().Pair()
	if err != nil {
		t.Fatal(err)
	}
	a, b = new(hasty), new(hasty)
	a.s, b.s = new(stream.Stream), new(stream.Stream)
	if err := errors.Join(a.s.Init(l, fd, a), b.s.Init(l, other, b)); err != nil {
		t.Error(err)
	}
	return a, b
}

// pair is stream.Pair on one loop.
func pair(t testing.TB, l *loop.Loop) (near, far *stream.Stream) {
	t.Helper()
	near, far, err := stream.Pair(context.Background(), l, l)
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}
