package stream_test

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"

	"eddy/internal/leaktest"
	"eddy/internal/poll"
	"eddy/loop"
	"eddy/stream"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("EDDY_POLLER") == "net" { // which has no files, and an example cannot skip itself
		flag.Set("test.skip", "^ExampleFromFile$")
	}
	leaktest.Main(m)
}

// harness is a stream on a loop with a fake poller, and the peer at its other end, in a
// bubble of fake time.
type harness struct {
	t    *testing.T
	loop *loop.Loop
	fake *poll.Fake
	s    *stream.Stream
	peer *poll.Peer
	ctx  context.Context
}

func bubble(t *testing.T, sink stream.Sink, f func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &harness{t: t, fake: poll.NewFake(), ctx: t.Context()}
		var err error
		h.loop, err = loop.New(loop.Options{Poller: h.fake, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		go h.loop.Run()
		var fd int
		fd, h.peer = h.fake.Socket()
		h.s = new(stream.Stream)
		h.on(func() {
			if r, ok := sink.(*recorder); ok {
				r.s = h.s
			}
			if err := h.s.Init(h.loop, fd, sink); err != nil {
				t.Error(err)
			}
		})
		f(h)
		h.loop.Close()
		if n := h.fake.Open(); n != 0 {
			t.Errorf("%d descriptors are open after the loop was closed", n)
		}
	})
}

// on runs f on the loop and waits until everything has settled.
func (h *harness) on(f func()) {
	h.t.Helper()
	done := make(chan struct{})
	h.loop.Post(func() { defer close(done); f() })
	<-done
	synctest.Wait()
}

// closed reports whether the stream is closed.
func (h *harness) closed() (closed bool) {
	h.on(func() { closed = h.s.Closed() })
	return closed
}

// settle waits until loop and coroutines have nothing left to do.
func (h *harness) settle() { synctest.Wait() }

// recorder is a sink that takes everything, or nothing.
type recorder struct {
	s         *stream.Stream
	got       string
	leave     bool // bytes stay where they are
	readable  int
	eof       bool
	hangups   int
	blocked   int
	flushed   int
	deadlines int
	closed    int
	err       error
}

func (r *recorder) StreamReadable() {
	r.readable++
	r.eof = r.s.EOF()
	if r.leave {
		return
	}
	p := r.s.Unread()
	r.got += string(p)
	r.s.Discard(len(p))
}
func (r *recorder) StreamHangup()          { r.hangups++ }
func (r *recorder) StreamBlocked()         { r.blocked++ }
func (r *recorder) StreamFlushed()         { r.flushed++ }
func (r *recorder) StreamDeadline()        { r.deadlines++ }
func (r *recorder) StreamClosed(err error) { r.closed++; r.err = err }
