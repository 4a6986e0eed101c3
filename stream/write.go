package stream

import "eddy/loop"

// Pending returns how many bytes wait to be handed to the kernel.
func (s *Stream) Pending() (n int) {
	if s.out != nil {
		n = s.out.Len()
	}
	if t := s.tls; t != nil && t.out != nil {
		n += t.out.Len()
	}
	return n
}

// Blocked reports whether output waits for the peer to read.
func (s *Stream) Blocked() bool { return s.want&loop.Write != 0 }

// Send takes over b, a buffer of the stream's loop, and sends what is in it before the
// loop sleeps: everything sent in one turn leaves in one system call. It never waits; see
// [Stream.Pending] for backpressure.
func (s *Stream) Send(b *loop.Buffer) {
	n := b.Len()
	switch {
	case n == 0 || s.flags&(closed|ending|closing) != 0:
		s.loop.PutBuffer(b)
		return
	case s.out == nil:
		s.out = b
	default:
		s.out.Append(b.Bytes())
		s.loop.PutBuffer(b)
	}
	s.addQueued(n)
	s.flushLater()
}

// SendBytes is Send for bytes that stay the caller's: they are copied.
func (s *Stream) SendBytes(p []byte) {
	if len(p) == 0 || s.flags&(closed|ending|closing) != 0 {
		return
	}
	if s.out == nil {
		s.out = s.loop.GetBuffer()
	}
	s.out.Append(p)
	s.addQueued(len(p))
	s.flushLater()
}

func (s *Stream) flushLater() {
	if s.flags&dirty == 0 && !s.Blocked() {
		s.flags |= dirty
		s.loop.BeforeSleep(s)
	}
}

// FlushBeforeSleep implements loop.Flusher.
func (s *Stream) FlushBeforeSleep() {
	s.flags &^= dirty
	s.FlushNow()
}

// FlushNow writes without waiting for the end of the turn.
func (s *Stream) FlushNow() {
	if s.Pending() > 0 && !s.Blocked() {
		s.flush()
	}
}

// TakeProgress reports whether the kernel has taken any output since the last call.
func (s *Stream) TakeProgress() bool {
	taken := s.flags&progress != 0
	s.flags &^= progress
	return taken
}

// flush writes what there is. A short write means that the kernel's buffer is full: the
// rest waits for a write event.
func (s *Stream) flush() {
	for {
		out, err := s.outgoing()
		if err != nil {
			s.close(err)
			return
		}
		if *out == nil {
			break
		}
		if !s.writeOut(out) {
			return
		}
	}
	s.flushed()
	s.wroteSome()
}

// outgoing returns where the next bytes for the kernel are, a nil buffer if there are none.
func (s *Stream) outgoing() (**loop.Buffer, error) {
	if s.tls == nil {
		return &s.out, nil
	}
	return &s.tls.out, s.tls.seal()
}

// writeOut writes a buffer once and reports whether that was all of it.
func (s *Stream) writeOut(out **loop.Buffer) bool {
	b := *out
	p := b.Bytes()
	n, err := s.loop.Files().Write(int(s.fd), p)
	if err != nil && !isAgain(err) {
		s.close(err)
		return false
	}
	if n > 0 {
		s.flags |= progress
	}
	if n == len(p) {
		s.loop.PutBuffer(b)
		*out = nil
		return true
	}
	b.Discard(max(n, 0))
	if !s.Blocked() {
		s.setWant(s.want | loop.Write)
		if s.sink != nil {
			s.sink.StreamBlocked()
		}
	}
	s.wroteSome()
	return false
}

func (s *Stream) wroteSome() {
	if c := s.calls; c != nil {
		c.wakeWriters(s.Pending())
	}
}

// flushed does what waits for the output to be gone. Some may be left while TLS is not up.
func (s *Stream) flushed() {
	waited := s.Blocked()
	s.setWant(s.want &^ loop.Write)
	s.afterFlush()
	if waited && s.sink != nil && s.flags&closed == 0 && s.Pending() == 0 {
		s.sink.StreamFlushed()
	}
}
