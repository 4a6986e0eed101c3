package stream

import (
	"time"

	"eddy/loop"
)

// Pending returns how many bytes wait to be handed to the kernel.
func (s *Stream) Pending() (n int) {
	if s.out != nil {
		n = s.out.Len()
	}
	if a := s.ahead(); a != nil {
		n += a.size
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
	case s.out.Len()+n > mergeMost:
		s.queue(piece{buffer: b}, n)
		return
	default:
		s.out.Append(b.Bytes())
		s.loop.PutBuffer(b)
	}
	s.addQueued(n)
	s.flushLater()
}

// mergeMost is how much of the output is copied together. More would outgrow the buffers that the
// loop keeps, and leave as much garbage as is sent.
const mergeMost = 64 << 10

// SendBytes is Send for bytes that stay the caller's. They are copied; but if they are many,
// and nothing waits before them, the kernel is offered them at once, and only what it does not
// take is copied.
func (s *Stream) SendBytes(p []byte) {
	if len(p) == 0 || s.flags&(closed|ending|closing) != 0 {
		return
	}
	s.addQueued(len(p))
	if len(p) >= sendAtOnce && s.tls == nil && s.Pending() == 0 {
		if p = p[s.offer(p):]; len(p) == 0 {
			s.wroteSome()
			return
		}
	}
	if s.out == nil {
		s.out = s.loop.GetBuffer()
	}
	s.out.Append(p)
	s.flushLater()
}

// sendAtOnce is how much is worth a system call of its own: a copy costs as much.
const sendAtOnce = 16 << 10

// offer writes once and returns how many bytes were taken. If that fails, flush closes the
// stream: nobody expects that sending does so under his feet. The reason is kept, because the kernel
// tells it once.
func (s *Stream) offer(p []byte) int {
	n, err := s.loop.Files().Write(int(s.fd), p)
	if err != nil && !isAgain(err) {
		s.err = err
		s.flags |= broken
	}
	if err != nil || n <= 0 {
		return 0
	}
	return n
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

// TakeProgress returns how many bytes of output the kernel has taken since the last call. The
// first call begins to count, and returns 0. What TLS adds is not counted.
func (s *Stream) TakeProgress() int64 {
	x := s.extraState()
	taken := x.queued - int64(s.Pending())
	n := taken - x.progress
	if n <= 0 { // less than none: what is encrypted and not sent yet is longer than it was
		return 0
	}
	x.progress = taken
	return n
}

// OutputDue returns what SetOutputDue has noted, zero if nothing or if the output has been flushed since.
func (s *Stream) OutputDue() time.Time {
	if c := s.calls; c != nil && c.extras != nil {
		return c.extras.due
	}
	return time.Time{}
}

// SetOutputDue notes when output that waits is to be looked at. It is a note only, for a sink whose
// deadline may be for something else meanwhile.
func (s *Stream) SetOutputDue(t time.Time) { s.extraState().due = t }

// flush writes what there is. A short write means that the kernel's buffer is full: the
// rest waits for a write event, and so does what is beyond the share.
func (s *Stream) flush() {
	if s.flags&broken != 0 {
		s.writeFailed(s.err)
		return
	}
	for left := flushShare; ; {
		offered, taken, err := s.writeNext()
		if err != nil && !isAgain(err) {
			s.writeFailed(err)
			return
		}
		if offered == 0 {
			break
		}
		if left -= taken; taken < offered || left < sealMost && s.Pending() > 0 {
			s.block()
			return
		}
	}
	s.flushed()
	s.wroteSome()
}

// writeNext offers the kernel the next bytes in one system call. It offers none when there are
// none, or none yet: as long as TLS is not up.
func (s *Stream) writeNext() (offered, taken int, err error) {
	files, fd := s.loop.Files(), int(s.fd)
	switch {
	case s.tls != nil:
		if err := s.tls.seal(); err != nil || s.tls.out == nil {
			return 0, 0, err
		}
		offered = s.tls.out.Len()
		taken, err = files.Write(fd, s.tls.out.Bytes())
		s.tls.sent(max(taken, 0))
		return offered, taken, err
	case s.ahead() != nil:
		return s.writeAhead()
	case s.out == nil:
		return 0, 0, nil
	}
	offered = s.out.Len()
	taken, err = files.Write(fd, s.out.Bytes())
	s.consume(max(taken, 0))
	return offered, taken, err
}

// writeAhead is writeNext when there is a backlog.
func (s *Stream) writeAhead() (offered, taken int, err error) {
	files, fd := s.loop.Files(), int(s.fd)
	if first := &s.calls.ahead.pieces[0]; first.file != nil {
		offered = first.left // more than is asked for: the rest has to wait for a write event
		taken, err = files.SendFile(fd, first.file, first.offset, min(first.left, flushShare))
		if taken == 0 && !isAgain(err) {
			return offered, 0, fileError(err)
		}
	} else {
		var bufs [][]byte
		bufs, offered = s.gather()
		taken, err = files.Writev(fd, bufs)
	}
	s.consume(max(taken, 0))
	return offered, taken, err
}

// block waits for a write event.
func (s *Stream) block() {
	if !s.Blocked() {
		s.setWant(s.want | loop.Write)
		if s.sink != nil {
			s.sink.StreamBlocked()
		}
	}
	s.wroteSome()
}

func (s *Stream) wroteSome() {
	if c := s.calls; c != nil {
		c.wakeWriters(s.Pending())
	}
}

// flushed does what waits for the output to be gone. Some may be left while TLS is not up.
func (s *Stream) flushed() {
	waited := s.Blocked()
	if waited && !s.OutputDue().IsZero() {
		s.SetOutputDue(time.Time{})
	}
	s.setWant(s.want &^ loop.Write)
	s.afterFlush()
	if waited && s.sink != nil && s.flags&closed == 0 && s.Pending() == 0 {
		s.sink.StreamFlushed()
	}
}
