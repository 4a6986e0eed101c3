package stream

import "eddy/loop"

// LastReader is a [Sink] that reads on when a write has failed. A server may have answered before it
// closed, and reset, the connection that something was still sent on: the kernel has that answer.
type LastReader interface {
	Sink
	// StreamBroken is called when a write has failed with err, in place of closing the stream. The
	// output is lost, and so is all that is sent later ([Stream.Mute]). What the peer has sent before
	// is reported as always, up to its end or an error. The reason that StreamClosed is told is err. A sink
	// that wants nothing of it closes the stream itself.
	StreamBroken(err error)
}

// writeFailed deals with a write that has failed.
func (s *Stream) writeFailed(err error) {
	last, ok := s.sink.(LastReader)
	if !ok || s.flags&(closed|closing|ending|eof|file) != 0 || s.tls != nil && s.tls.shake != nil {
		s.close(err)
		return
	}
	s.err = err
	s.Mute()
	last.StreamBroken(err)
}

// Mute drops the output that waits, and all that is sent from then on; reading goes on. The peer is not
// told, so that there is nothing left to do with the stream but to read and to close it. Calls that wait
// for the output fail. On the loop.
func (s *Stream) Mute() {
	if s.flags&closed != 0 {
		return
	}
	s.flags |= ending | ended
	if c := s.calls; c != nil {
		c.failWrites(s.Pending(), s.closedErr())
	}
	s.dropOutput()
	if t := s.tls; t != nil && t.out != nil {
		s.loop.PutBuffer(t.out)
		t.out = nil
	}
	s.setWant(s.want &^ loop.Write)
}
