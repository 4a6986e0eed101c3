package stream

import (
	"context"

	"eddy/loop"
)

// handshake is what TLS needs until it is up. It runs in the coroutine of StartTLS, or in one of
// its own, which begins when the first byte has come: a connection that says nothing costs none.
type handshake struct {
	loop.Context // of its own coroutine
	secure       *secure
	ctx          context.Context // of the coroutine that runs it
	reader       *loop.Waiter
	gate         *Handshakes
	turn         int // its number among those that have waited there
	done         func(error)
	err          error
	started      bool
	ended        bool
}

// runHere runs the handshake in the calling coroutine or goroutine.
func (h *handshake) runHere() error {
	s := h.secure.s
	h.err = ErrPanicked // if a callback of the configuration does
	last := context.WithoutCancel(h.ctx)
	defer func() {
		if h.err == ErrPanicked {
			s.loop.Do(last, func(context.Context) error { h.end(); return nil })
		}
	}()
	h.run()
	return s.loop.Do(last, func(context.Context) error { h.end(); return h.err })
}

// run runs the handshake. Without a context that can end, crypto/tls starts no goroutine
// to watch it: the reads do that.
func (h *handshake) run() {
	err := h.secure.tls.HandshakeContext(context.WithoutCancel(h.ctx))
	if err != nil {
		err = &TLSError{err}
	}
	h.err = err
}

// start begins the handshake in a coroutine, as soon as the gate lets it.
func (h *handshake) start() {
	h.started = true
	if h.gate == nil || h.gate.enter(h) {
		h.secure.s.loop.Start(&h.Context, h)
	}
}

// RunTask begins a handshake that had to wait for others.
func (h *handshake) RunTask() {
	s := h.secure.s
	if s.flags&closed != 0 {
		h.gate.leave()
		return
	}
	s.loop.Start(&h.Context, h)
}

// RunJob implements loop.Job.
func (h *handshake) RunJob(ctx context.Context) {
	if h.gate != nil {
		h.Coroutine().Follow(h.gate.habit)
	}
	h.ctx = ctx
	h.run()
}

// JobDone implements loop.Job.
func (h *handshake) JobDone(o loop.Outcome) {
	if o != loop.Returned {
		h.err = ErrPanicked
	}
	if h.gate != nil {
		h.gate.leave()
	}
	h.end()
}

// await waits for the peer's next bytes. It is called with the loop held.
func (h *handshake) await(ctx context.Context) error {
	s := h.secure.s
	if s.flags&closed != 0 {
		return s.closedErr()
	}
	var w loop.Waiter
	w.Init(ctx)
	h.reader = &w
	defer func() { h.reader = nil }()
	s.setWant(s.want | readWant)
	return w.Wait(ctx)
}

// ready deals with a read event.
func (h *handshake) ready(ready loop.Ready) {
	s := h.secure.s
	switch {
	case h.reader != nil:
		h.reader.Wake()
	case !h.started:
		h.start()
	default: // it computes, or waits for its turn
		s.unwanted(ready)
	}
}

// end is called on the loop when the handshake is over.
func (h *handshake) end() {
	if h.ended {
		return
	}
	h.ended = true
	t := h.secure
	s := t.s
	t.shake = nil
	switch {
	case s.flags&closed != 0: // the sink knows
		if h.err == nil {
			h.err = s.closedErr()
		}
	case h.err != nil:
		h.fail()
	default:
		t.trim()
		h.tell()
		s.flushLater()
		t.more = true // what follows may have been read with the handshake
		s.again()
	}
}

func (h *handshake) tell() {
	if h.done != nil {
		h.secure.s.guard(func() { h.done(h.err) })
	}
}

// fail closes the stream in clear, after the alert that crypto/tls has queued.
func (h *handshake) fail() {
	t := h.secure
	s := t.s
	s.dropOutput() // which was not to be read in clear
	t.releaseHead()
	s.out, s.tls = t.out, nil
	if c := s.calls; c != nil && c.extras != nil {
		c.extras.reject(closedError{h.err}) // what was to be sent by TLS is not sent
	}
	h.tell()
	if s.err == nil {
		s.err = h.err
	}
	s.Drain()
}
