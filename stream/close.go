package stream

import "time"

const (
	// drainTime bounds how long a stream waits for its peer to close after Drain.
	drainTime = 2 * time.Second
	// drainShare is how much it reads meanwhile before others have their turn.
	drainShare = 256 << 10
)

// Close closes the stream once everything written has been handed to the kernel.
func (s *Stream) Close() {
	if s.flags&closed != 0 {
		return
	}
	s.flags |= closing
	s.afterFlush()
}

// CloseNow closes the stream at once and drops what was not sent.
func (s *Stream) CloseNow() { s.close(nil) }

// CloseWrite stops sending once everything written has been handed to the kernel. The peer
// reads to the end of file, and this side may go on reading.
func (s *Stream) CloseWrite() {
	s.flags |= ending
	s.afterFlush()
}

// Drain is Close for a peer that may still be sending: it stops sending, reads and drops
// what comes for two seconds at most, and closes when the peer does. A plain close
// with unread bytes would reset the connection, and the peer could lose the last
// thing it was told (RFC 9112 §9.6).
func (s *Stream) Drain() {
	if s.flags&(closed|draining) != 0 {
		return
	}
	s.flags |= ending | draining
	if s.flags&ended != 0 {
		s.startDraining()
		return
	}
	s.afterFlush()
}

// afterFlush does what waits for the output to be written.
func (s *Stream) afterFlush() {
	if s.Pending() > 0 || s.flags&closed != 0 {
		return
	}
	if s.tls != nil && s.flags&(closing|ending) != 0 && s.flags&ended == 0 && s.tls.goodbye() {
		s.FlushNow() // comes back here
		return
	}
	if s.flags&closing != 0 {
		s.close(nil)
		return
	}
	if s.flags&(file|ending|ended) == file|ending {
		s.close(nil) // a pipe has no other way
		return
	}
	if s.flags&(ending|ended) == ending {
		s.flags |= ended
		if err := s.loop.Files().CloseWrite(int(s.fd)); err != nil {
			s.close(err)
			return
		}
		if s.flags&draining != 0 {
			s.startDraining()
		}
	}
}

func (s *Stream) startDraining() {
	if s.flags&eof != 0 {
		s.close(nil)
		return
	}
	s.releaseIn()
	s.flags &^= paused
	s.SetDeadline(drainTime)
	s.setWant(s.want | readWant)
	s.drainMore()
}

// drainMore reads and drops. A peer that sends faster than it is read takes its share of the loop,
// until the time is over: to cut it off before would be the reset that draining is to avoid.
func (s *Stream) drainMore() {
	space := s.loop.Workspace() // not Scratch: it may be under the eyes of another stream's sink
	if space == nil {
		return // the next event finds it
	}
	defer s.loop.ReturnWorkspace(space)
	for left := drainShare; left > 0; {
		n, err := s.loop.Files().Read(int(s.fd), space)
		switch {
		case isAgain(err):
			return
		case err != nil || n == 0:
			s.close(nil)
			return
		}
		left -= n
	}
}

func (s *Stream) releaseIn() {
	if s.in != nil && s.in != s.loop.ScratchBuffer() {
		s.loop.PutBuffer(s.in)
	}
	s.in = nil
}

// dropOutput gives back what was not sent.
func (s *Stream) dropOutput() {
	if a := s.ahead(); a != nil {
		s.dropAhead(a)
	}
	if s.out != nil {
		s.loop.PutBuffer(s.out)
		s.out = nil
	}
}

func (s *Stream) close(err error) {
	if s.flags&closed != 0 {
		return
	}
	s.flags |= closed
	if s.err == nil {
		s.err = err
	}
	s.loop.RemoveHandler(s.id)
	s.loop.Files().Close(int(s.fd))
	onClose := s.calls.takeOnClose()
	if c := s.calls; c != nil {
		c.fail(s.Pending(), s.closedErr())
	}
	s.dropOutput()
	if s.tls != nil {
		s.tls.closed()
	}
	if s.sink != nil {
		if s.flags&paused == 0 { // else coroutines read, and find what is left
			s.releaseIn()
		}
		s.sink.StreamClosed(s.err)
	}
	s.tellClosed(onClose)
}
