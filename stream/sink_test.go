package stream_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"eddy/loop"
	"eddy/stream"
)

func TestSink_SeesBytesAndEOF(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.peer.Send("hello ")
		h.settle()
		h.peer.Send("world")
		h.peer.CloseWrite()
		h.settle()
		h.on(func() {
			if r.got != "hello world" || !r.eof || r.closed != 0 {
				t.Errorf("got %q, eof %v, closed %d", r.got, r.eof, r.closed)
			}
		})
		time.Sleep(time.Hour) // an end of file must not be reported for ever
		h.on(func() {
			if r.readable > 4 {
				t.Errorf("told %d times", r.readable)
			}
			h.s.SendBytes([]byte("still here")) // a half-close is not a close
		})
		if got := h.peer.Take(); got != "still here" {
			t.Errorf("the peer got %q", got)
		}
	})
	if r.closed != 1 || r.err != loop.ErrClosed {
		t.Errorf("loop close: told %d times, %v", r.closed, r.err)
	}
}

func TestSink_KeepsWhatItDoesNotTake(t *testing.T) {
	r := &recorder{leave: true}
	bubble(t, r, func(h *harness) {
		for _, piece := range []string{"a", strings.Repeat("b", 5000), "c"} {
			h.peer.Send(piece)
			h.settle()
		}
		h.on(func() {
			if got := string(h.s.Unread()); got != "a"+strings.Repeat("b", 5000)+"c" {
				t.Errorf("%d bytes are unread", len(got))
			}
			h.s.Discard(1)
			if h.s.Unread()[0] != 'b' {
				t.Error("Discard took the wrong end")
			}
			h.s.Discard(len(h.s.Unread()))
			if h.s.Unread() != nil {
				t.Error("something is left")
			}
		})
	})
}

func TestSink_PauseLeavesBytesInTheKernel(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.on(func() { h.s.Pause() })
		h.peer.Send("x")
		h.settle()
		if h.peer.Unread() != 1 {
			t.Error("a paused stream has read")
		}
		if m, _ := h.fake.Mode(h.s.FD()); m != loop.Hangup {
			t.Errorf("a paused stream waits for %v, want Hangup alone", m)
		}
		h.peer.CloseWrite()
		h.settle()
		time.Sleep(time.Hour)
		h.on(func() {
			if r.hangups != 1 || r.readable != 0 {
				t.Errorf("hangups %d, readable %d; want 1, 0", r.hangups, r.readable)
			}
			h.s.Resume()
		})
		h.on(func() {
			if r.got != "x" || !r.eof {
				t.Errorf("after Resume: %q, eof %v", r.got, r.eof)
			}
		})
	})
}

func TestSink_PausedStreamNoticesReset(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.on(func() { h.s.Pause() })
		h.peer.Reset(syscall.ECONNRESET)
		h.settle()
		h.on(func() {
			if r.closed != 1 || r.err != syscall.ECONNRESET {
				t.Errorf("closed %d times, %v", r.closed, r.err)
			}
		})
	})
}

func TestSend_LeavesInOneCallATurn(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.on(func() {
			for range 100 {
				h.s.SendBytes([]byte("0123456789"))
				b := h.loop.GetBuffer()
				b.Append([]byte("abc"))
				h.s.Send(b)
			}
			if got := h.peer.Take(); got != "" {
				t.Errorf("%d bytes left in the middle of the turn", len(got))
			}
		})
		if got := h.peer.Take(); got != strings.Repeat("0123456789abc", 100) {
			t.Errorf("the peer got %d bytes", len(got))
		}
		if _, writes := h.peer.Calls(); writes != 1 {
			t.Errorf("%d writes, want 1", writes)
		}
	})
}

func TestSend_ShortWritesAndFullKernel(t *testing.T) {
	for _, most := range []int{0, 1, 7, 4096} {
		r := &recorder{}
		bubble(t, r, func(h *harness) {
			h.peer.SetMost(0, most)
			h.peer.SetRoom(1000)
			want := strings.Repeat("0123456789", 1000)
			h.on(func() { h.s.SendBytes([]byte(want)) })
			if m, _ := h.fake.Mode(h.s.FD()); m&loop.Write == 0 {
				t.Error("nothing waits for room")
			}
			got := h.peer.Take()
			if len(got) != 1000 || r.flushed != 0 {
				t.Errorf("most %d: %d bytes passed, flushed %d", most, len(got), r.flushed)
			}
			h.peer.SetRoom(-1)
			h.settle()
			if got += h.peer.Take(); got != want {
				t.Errorf("most %d: the peer got %d bytes of %d", most, len(got), len(want))
			}
			if m, _ := h.fake.Mode(h.s.FD()); m&loop.Write != 0 {
				t.Error("still waits for room with nothing to write")
			}
			h.on(func() {
				if r.blocked != 1 || r.flushed != 1 || h.s.Pending() != 0 {
					t.Errorf("blocked %d times, flushed %d times, %d bytes pending", r.blocked, r.flushed, h.s.Pending())
				}
			})
		})
	}
}

func TestSend_FailureCloses(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.peer.Reset(syscall.EPIPE)
		h.on(func() { h.s.SendBytes([]byte("x")) })
		h.on(func() {
			if r.closed != 1 || r.err != syscall.EPIPE || !h.s.Closed() {
				t.Errorf("closed %d times, %v", r.closed, r.err)
			}
			h.s.SendBytes([]byte("y")) // harmless
			h.s.Close()
			h.s.CloseNow()
		})
		if r.closed != 1 {
			t.Errorf("told %d times", r.closed)
		}
	})
}

func TestClose_WritesFirst(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.peer.SetRoom(3)
		h.on(func() {
			h.s.SendBytes([]byte("last words"))
			h.s.Close()
			h.s.SendBytes([]byte("too late"))
		})
		if closed, _ := h.peer.Closed(); closed {
			t.Error("closed with bytes left")
		}
		h.peer.SetRoom(-1)
		h.settle()
		if closed, _ := h.peer.Closed(); !closed {
			t.Error("not closed")
		}
		if got := h.peer.Take(); got != "last words" {
			t.Errorf("the peer got %q", got)
		}
		if r.closed != 1 || r.err != nil {
			t.Errorf("told %d times, %v", r.closed, r.err)
		}
	})
}

func TestClose_WithoutOutputIsImmediate(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.on(func() {
			h.s.Close()
			if !h.s.Closed() || r.closed != 1 {
				t.Error("not closed at once")
			}
		})
	})
}

func TestCloseWrite_LeavesReadingOpen(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.on(func() {
			h.s.SendBytes([]byte("bye"))
			h.s.CloseWrite()
		})
		closed, ended := h.peer.Closed()
		if closed || !ended || h.peer.Take() != "bye" {
			t.Errorf("closed %v, ended %v", closed, ended)
		}
		h.peer.Send("answer")
		h.settle()
		h.on(func() {
			if r.got != "answer" {
				t.Errorf("got %q", r.got)
			}
		})
		// Now both directions are closed: the stream must end, not spin.
		h.peer.CloseWrite()
		h.settle()
		time.Sleep(time.Hour)
		h.on(func() {
			if r.closed != 1 || r.err != nil {
				t.Errorf("told %d times, %v", r.closed, r.err)
			}
		})
	})
}

func TestDrain_DropsInputUntilThePeerCloses(t *testing.T) {
	tests := []struct {
		name string
		peer func(h *harness)
		wait time.Duration
	}{
		{"peer closes", func(h *harness) { h.peer.CloseWrite() }, 0},
		{"peer stays", func(h *harness) {}, 3 * time.Second},
		{"peer floods", func(h *harness) {
			h.peer.Send(strings.Repeat("x", 4<<20))
			h.settle()
			if closed, _ := h.peer.Closed(); closed || h.peer.Unread() != 0 {
				h.t.Errorf("a peer that still sends: closed %v, %d bytes unread", closed, h.peer.Unread())
			}
		}, 3 * time.Second},
		{"peer resets", func(h *harness) { h.peer.Reset(syscall.ECONNRESET) }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{leave: true}
			bubble(t, r, func(h *harness) {
				h.peer.Send("unread")
				h.settle()
				h.on(func() {
					h.s.SendBytes([]byte("error"))
					h.s.Drain()
				})
				h.peer.Send("more")
				h.settle()
				closed, ended := h.peer.Closed()
				if closed || !ended || h.peer.Take() != "error" || h.peer.Unread() != 0 {
					t.Errorf("draining: closed %v, ended %v, unread %d", closed, ended, h.peer.Unread())
				}
				tt.peer(h)
				time.Sleep(tt.wait)
				h.settle()
				if closed, _ := h.peer.Closed(); !closed || r.closed != 1 {
					t.Errorf("closed %v, told %d times", closed, r.closed)
				}
			})
		})
	}
}

func TestDeadline_ReachesTheSink(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.on(func() { h.s.SetDeadline(time.Second) })
		time.Sleep(2 * time.Second)
		h.on(func() {
			if r.deadlines != 1 {
				t.Errorf("told %d times", r.deadlines)
			}
		})
	})
}

func TestTakeProgress(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.peer.SetRoom(0)
		h.on(func() { h.s.SendBytes(make([]byte, 100)) })
		for _, step := range []struct {
			room int
			want int64
		}{{0, 0}, {10, 10}, {0, 0}, {7, 7}, {-1, 83}, {0, 0}} {
			h.peer.SetRoom(step.room)
			h.settle()
			h.on(func() {
				if got := h.s.TakeProgress(); got != step.want {
					t.Errorf("room %d: progress %d, want %d", step.room, got, step.want)
				}
			})
		}
	})
}

func TestStream_FailedRegistrationClosesTheDescriptor(t *testing.T) {
	bubble(t, &recorder{}, func(h *harness) {
		h.on(func() {
			if _, err := stream.New(h.loop, h.s.FD()); err == nil {
				t.Error("a descriptor was registered twice")
			}
		})
	})
}

func TestStream_IsSmall(t *testing.T) {
	if n := stream.Size; n > 96 {
		t.Errorf("an idle stream takes %d bytes, want 96 at most", n)
	}
}

// faulty is a sink that panics over what it is told.
type faulty struct{ recorder }

func (f *faulty) StreamReadable() {
	f.recorder.StreamReadable()
	panic("boom")
}
func (f *faulty) StreamDeadline() {
	f.recorder.StreamDeadline()
	panic("boom")
}

// A sink that panics over bytes would meet them again in every turn: its stream is closed,
// and it is told why.
func TestStream_PanicOfTheSinkClosesIt(t *testing.T) {
	for name, provoke := range map[string]func(h *harness){
		"bytes":          func(h *harness) { h.peer.Send("some bytes") },
		"end of file":    func(h *harness) { h.peer.CloseWrite() },
		"deadline":       func(h *harness) { h.on(func() { h.s.SetDeadline(time.Second) }); time.Sleep(2 * time.Second) },
		"unsent output":  func(h *harness) { h.peer.SetRoom(1); h.on(func() { h.s.SendBytes([]byte("out")) }); h.peer.Send("in") },
		"bytes are kept": func(h *harness) { h.s.Sink().(*faulty).leave = true; h.peer.Send("some bytes") },
	} {
		t.Run(name, func(t *testing.T) {
			f := &faulty{}
			bubble(t, f, func(h *harness) {
				f.s = h.s
				provoke(h)
				h.settle()
				if f.readable+f.deadlines != 1 {
					t.Errorf("the sink was called %d times", f.readable+f.deadlines)
				}
				if closed, _ := h.peer.Closed(); !closed || f.closed != 1 || !errors.Is(f.err, stream.ErrPanicked) {
					t.Errorf("closed: %v, told %d times, of %v", closed, f.closed, f.err)
				}
				h.on(func() { // the loop's own buffer is free for others
					if s := h.loop.Stats(); s.Descriptors != 0 || len(h.s.Unread()) != 0 || h.s.Pending() != 0 {
						t.Errorf("%d descriptors, %d bytes unread, %d pending", s.Descriptors, len(h.s.Unread()), h.s.Pending())
					}
				})
			})
		})
	}
}
