package stream

import (
	"io"

	"eddy/loop"
)

// readWant is what a stream that reads waits for.
const readWant = loop.Read | loop.Hangup

// Unread returns the bytes that were read and not discarded. They are valid until the
// next call on the stream.
func (s *Stream) Unread() []byte {
	if s.in == nil {
		return nil
	}
	return s.in.Bytes()
}

// Discard removes n bytes from the front of Unread.
func (s *Stream) Discard(n int) {
	if n == 0 {
		return
	}
	s.in.Discard(n)
	if s.in.Len() == 0 {
		s.releaseIn()
	}
}

// Pause stops reading: what the peer sends stays in the kernel. That it hung up is still
// noticed.
func (s *Stream) Pause() { s.flags |= paused }

// Resume ends Pause. It does not report bytes that are in Unread already.
func (s *Stream) Resume() {
	s.flags &^= paused
	if s.flags&(eof|closed) == 0 {
		s.setWant(s.want | readWant)
		s.again()
	}
}

// readable deals with a read event: for the coroutine that waits, for the sink, or for
// nobody.
func (s *Stream) readable(ready loop.Ready) {
	switch {
	case s.flags&ended != 0 && s.flags&draining != 0:
		s.drainMore()
	case s.tls != nil && s.tls.shake != nil:
		s.tls.shake.ready(ready)
	case s.flags&eof != 0:
		s.afterEOF(ready)
	case s.calls != nil && s.calls.reader != nil && !s.calls.reader.woken:
		s.calls.wakeReader()
	case s.sink != nil && s.flags&(paused|draining) == 0:
		s.readToSink()
	default:
		s.unwanted(ready)
	}
}

// afterEOF deals with what the kernel still has to say: that the stream has failed, or
// that both directions are closed.
func (s *Stream) afterEOF(ready loop.Ready) {
	if ready&loop.Error != 0 {
		s.failed()
	}
}

// unwanted deals with a read event that nobody waits for. Interest is dropped here and
// not when reading is paused, because most pauses are over before anything comes.
func (s *Stream) unwanted(ready loop.Ready) {
	if ready&loop.Error != 0 {
		s.failed()
		return
	}
	want := s.want &^ loop.Read
	if ready&loop.Hangup != 0 {
		want &^= loop.Hangup
	}
	s.setWant(want)
	if ready&loop.Hangup != 0 && s.flags&(hangup|closed) == 0 {
		s.flags |= hangup
		s.calls.wakeHangup()
		if s.sink != nil {
			s.sink.StreamHangup()
		}
	}
}

// readToSink reads once, into the loop's own buffer, and lets the sink look at it there.
// Once is enough: what is left is reported again, after others had their turn.
func (s *Stream) readToSink() {
	b := s.loop.Scratch()
	n, err := s.pull(b.Space(0))
	switch {
	case isAgain(err):
		return
	case err != nil:
		s.fail(err)
		return
	case n == 0:
		s.reachEOF()
	default:
		b.Extend(n)
		if s.in == nil {
			s.in = b
		} else {
			s.in.Append(b.Bytes())
		}
	}
	s.sink.StreamReadable()
	s.keep()
	s.again()
}

// pull reads from the kernel, or through TLS.
func (s *Stream) pull(p []byte) (int, error) {
	if s.tls != nil {
		return s.tls.read(p)
	}
	return s.loop.Files().Read(int(s.fd), p)
}

// keep moves what the sink left in the loop's buffer to one of the stream's own.
func (s *Stream) keep() {
	if s.in == nil || s.in != s.loop.ScratchBuffer() {
		return
	}
	own := s.loop.GetBuffer()
	own.Append(s.in.Bytes())
	s.in = own
}

func (s *Stream) reachEOF() {
	s.flags |= eof | hangup
	s.calls.wakeHangup()
	s.setWant(s.want &^ readWant)
}

// fail closes a stream of which a read has failed. TLS may have an alert to send.
func (s *Stream) fail(err error) {
	if s.tls != nil {
		s.err = err
		s.FlushNow()
	}
	s.close(err)
}

// fetch reads once into the stream's own buffer. It returns EAGAIN when the kernel has
// nothing, io.EOF at the end.
func (s *Stream) fetch(room int) error {
	if s.flags&(eof|closed) != 0 {
		return s.endErr()
	}
	b := s.in
	if b == nil {
		b = s.loop.GetBuffer()
	}
	n, err := s.pull(b.Space(room))
	b.Extend(max(n, 0))
	if b.Len() > 0 {
		s.in = b
	} else if s.in == nil {
		s.loop.PutBuffer(b)
	}
	return s.received(n, err)
}

// fetchInto is fetch into p, for a reader who gets all of it. Nothing may be unread.
func (s *Stream) fetchInto(p []byte) (int, error) {
	if s.flags&(eof|closed) != 0 {
		return 0, s.endErr()
	}
	n, err := s.pull(p)
	return max(n, 0), s.received(n, err)
}

func (s *Stream) endErr() error {
	if s.flags&eof != 0 {
		return io.EOF
	}
	return s.closedErr()
}

// received deals with what a read has brought.
func (s *Stream) received(n int, err error) error {
	switch {
	case isAgain(err):
		return err
	case err != nil:
		s.fail(err)
		return s.closedErr()
	case n == 0:
		s.reachEOF()
		return io.EOF
	}
	return nil
}
