package stream

import (
	"context"

	"eddy/loop"
)

// handshake is what TLS needs until it is up. It runs in the coroutine of StartTLS, or in one of
// its own, which begins when a whole record has come: a connection that says nothing costs none.
type handshake struct {
	loop.Context // of its own coroutine
	secure       *secure
	ctx          context.Context // of the coroutine that runs it
	reader       *loop.Waiter
	out          []byte // written, not handed to the loop
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

// read is the wire's while the handshake runs, wherever that is. What it has written leaves when it
// waits for the answer, so a flight of several records costs one visit to the loop.
func (h *handshake) read(p []byte) (int, error) {
	w := &h.secure.wire
	if w.head == nil || w.head.Len() == 0 {
		if err := w.s.loop.Do(h.ctx, h.fill); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.head.Bytes())
	w.head.Discard(n)
	return n, nil
}

// fill waits for the peer's next bytes.
func (h *handshake) fill(ctx context.Context) error {
	s := h.secure.s
	if err := h.handOver(); err != nil {
		return err
	}
	for {
		err := h.fetch()
		if err != error(wouldBlock{}) {
			return err
		}
		var w loop.Waiter
		w.Init(ctx)
		h.reader = &w
		s.setWant(s.want | readWant)
		err = w.Wait(ctx)
		h.reader = nil
		if err != nil {
			return err
		}
	}
}

// fetch adds what the kernel has to the bytes to be read.
func (h *handshake) fetch() error {
	w := &h.secure.wire
	if w.head == nil {
		w.head = w.s.loop.GetBuffer()
	}
	n, err := w.fromKernel(w.head.Space(1))
	w.head.Extend(n)
	return err
}

// handOver gives what was written to the loop.
func (h *handshake) handOver() error {
	if len(h.out) == 0 {
		return nil
	}
	err := h.secure.queue(h.out)
	h.out = h.out[:0]
	return err
}

// ready deals with a read event.
func (h *handshake) ready(ready loop.Ready) {
	s := h.secure.s
	switch {
	case h.reader != nil:
		h.reader.Wake()
	case h.started: // it computes, or waits for its turn
		s.unwanted(ready)
	default:
		err := h.fetch()
		if err != nil && err != error(wouldBlock{}) || wholeRecord(h.secure.head.Bytes()) {
			h.start()
		}
	}
}

// wholeRecord reports whether p begins with a whole record of a handshake, or with something
// else. A handshake takes a coroutine and a place among others, and those who send their
// hello by drops shall not have them.
func wholeRecord(p []byte) bool {
	const typeHandshake, recordMost = 22, 16 << 10 // RFC 8446 §5.1
	switch {
	case len(p) == 0:
		return false
	case p[0] != typeHandshake:
		return true
	case len(p) < recordHeader:
		return false
	}
	n := int(p[3])<<8 + int(p[4])
	return n > recordMost || len(p) >= recordHeader+n
}

// end is called on the loop when the handshake is over.
func (h *handshake) end() {
	if h.ended {
		return
	}
	h.ended = true
	t := h.secure
	s := t.s
	h.handOver() // a close is dealt with below
	t.shake = nil
	if t.head != nil && (t.head.Len() == 0 || s.flags&closed != 0) {
		t.releaseHead()
	}
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
		if s.flags&(eof|closed) == 0 {
			s.setWant(s.want | readWant) // what came while it computed has ended that: see ready
		}
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
