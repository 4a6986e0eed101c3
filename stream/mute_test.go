package stream_test

import (
	"bytes"
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"eddy/loop"
	"eddy/stream"
)

// lastReader is a recorder that reads on when a write has failed.
type lastReader struct {
	recorder
	broken []error
}

func (r *lastReader) StreamBroken(err error) { r.broken = append(r.broken, err) }

// answered makes a stream whose peer has sent something and closed: what is sent to it meets EPIPE.
func answered(h *harness, sink stream.Sink) *stream.Stream {
	files := h.loop.Files()
	fd, other, err := files.Pair()
	if err != nil {
		h.t.Fatal(err)
	}
	s := new(stream.Stream)
	if err := s.Init(h.loop, fd, sink); err != nil {
		h.t.Fatal(err)
	}
	files.Write(other, []byte("answer"))
	files.Close(other)
	return s
}

// What the peer has sent before it went is read, though what was to be sent is lost.
func TestLastReader_ReadsWhatIsThere(t *testing.T) {
	for name, send := range map[string]func(s *stream.Stream){
		"a buffer":         func(s *stream.Stream) { s.SendBytes([]byte("lost")) },
		"a view":           func(s *stream.Stream) { s.SendView(make([]byte, 100<<10)) },
		"much, as offered": func(s *stream.Stream) { s.SendBytes(make([]byte, 100<<10)) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &recorder{}, func(h *harness) {
				last, other := new(lastReader), new(recorder)
				h.on(func() {
					last.s, other.s = answered(h, last), answered(h, other)
					send(last.s)
					send(other.s)
					last.s.FlushNow()
					other.s.FlushNow()
					if len(last.broken) != 1 || last.broken[0] != syscall.EPIPE || last.s.Closed() || !other.s.Closed() {
						t.Errorf("told %v; closed %v and %v", last.broken, last.s.Closed(), other.s.Closed())
					}
					send(last.s)
					if n := last.s.Pending(); n != 0 {
						t.Errorf("%d bytes wait for nobody", n)
					}
				})
				time.Sleep(time.Second)
				h.on(func() {
					if last.got != "answer" || last.closed != 1 || !errors.Is(last.err, syscall.EPIPE) {
						t.Errorf("got %q, closed %d times, %v", last.got, last.closed, last.err)
					}
					if other.got != "" || other.closed != 1 || !errors.Is(other.err, syscall.EPIPE) {
						t.Errorf("the other: got %q, closed %d times, %v", other.got, other.closed, other.err)
					}
				})
			})
		})
	}
}

// One that is being closed has nobody to read.
func TestLastReader_NotWhileClosing(t *testing.T) {
	bubble(t, &recorder{}, func(h *harness) {
		last := new(lastReader)
		h.on(func() {
			last.s = answered(h, last)
			last.s.SendBytes([]byte("lost"))
			last.s.Close()
		})
		h.on(func() {
			if len(last.broken) != 0 || last.closed != 1 {
				t.Errorf("told %v, closed %d times", last.broken, last.closed)
			}
		})
	})
}

func TestStream_Mute(t *testing.T) {
	r := &recorder{}
	bubble(t, r, func(h *harness) {
		h.peer.SetRoom(1000)
		var waited error
		done := make(chan struct{})
		h.on(func() { h.s.SendView(bytes.Repeat([]byte("x"), 100<<10)) })
		go func() {
			defer close(done)
			waited = h.s.Flush(h.ctx)
		}()
		h.settle()
		h.on(h.s.Mute)
		if <-done; waited == nil {
			t.Error("what was dropped counts as written")
		}
		h.peer.SetRoom(-1)
		h.peer.Send("more")
		h.on(func() {
			h.s.SendBytes([]byte("nothing"))
			if n := h.s.Pending(); n != 0 || h.s.Blocked() {
				t.Errorf("%d bytes wait", n)
			}
		})
		if n := len(h.peer.Take()); n != 1000 || r.got != "more" {
			t.Errorf("the peer has %d bytes, the sink %q", n, r.got)
		}
		if closed, ended := h.peer.Closed(); closed || ended {
			t.Error("the peer was told")
		}
		h.on(h.s.Close)
		if r.closed != 1 || r.err != nil {
			t.Errorf("closed %d times, %v", r.closed, r.err)
		}
		h.on(h.s.Mute)
	})
}

// Probe finds what the loop was not told of yet, and leaves it to be read.
func TestStream_Probe(t *testing.T) {
	for name, c := range map[string]struct {
		say   func(h *harness)
		quiet bool
		got   string
	}{
		"nothing": {func(h *harness) {}, true, ""},
		"bytes":   {func(h *harness) { h.peer.Send("x") }, false, "x"},
		"end":     {func(h *harness) { h.peer.CloseWrite() }, false, ""},
		"reset":   {func(h *harness) { h.peer.Reset(syscall.ECONNRESET) }, false, ""},
		"closed":  {func(h *harness) { h.s.CloseNow() }, false, ""},
		"hang-up": {func(h *harness) { h.s.Pause(); h.peer.CloseWrite() }, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			bubble(t, r, func(h *harness) {
				h.on(func() {
					c.say(h)
					if quiet := h.s.Probe(); quiet != c.quiet {
						t.Errorf("quiet: %v", quiet)
					}
					if got := string(h.s.Unread()); got != c.got {
						t.Errorf("%q is there to be read", got)
					}
				})
			})
			if r.err != nil && r.err != loop.ErrClosed && r.err != syscall.ECONNRESET {
				t.Error(r.err)
			}
		})
	}
}

func BenchmarkProbe(b *testing.B) {
	l := running(b)
	near, _ := pair(b, l)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= 1000 { // the loop has others to serve
		l.Do(b.Context(), func(context.Context) error {
			for range min(left, 1000) {
				if !near.Probe() {
					b.Error("not quiet")
				}
			}
			return nil
		})
	}
}
