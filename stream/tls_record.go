package stream

import (
	"errors"
	"io"
	"syscall"

	"eddy/loop"
)

// sealMost is how many bytes are encrypted before the kernel takes them: three full records. The
// rest stays in clear, so that output that waits for its peer is not held twice.
const sealMost = 48 << 10

// answersMost bounds the records that wait for the peer and are not the stream's own output, but
// crypto/tls's answers: a peer can ask for new keys again and again and read none of them.
const answersMost = 32 << 10

var errAnswers = errors.New("stream: the peer has TLS answer it and does not read")

// read is what Files.Read is for a plain descriptor: EAGAIN when there is nothing, zero at
// the end. It fills p as far as it can, and notes whether there may be more that the poller
// does not know of, because it is not in the kernel any longer.
func (t *secure) read(p []byte) (n int, err error) {
	if t.shake != nil {
		return 0, syscall.EAGAIN // see handshake.end
	}
	t.drained, t.more, t.whole, t.empty = false, false, false, false
	n, err = t.readRecords(p)
	switch {
	case err == nil:
		t.more = true
		return n, nil
	case err == error(wouldBlock{}) && n > 0:
		return n, nil
	case err == error(wouldBlock{}):
		return 0, syscall.EAGAIN
	case n > 0:
		t.more = true // the error will be there again
		return n, nil
	case err == io.EOF:
		return 0, nil
	}
	return 0, err
}

// readRecords fills p until it is full or the connection has no more.
func (t *secure) readRecords(p []byte) (n int, err error) {
	if space := t.s.loop.Workspace(); t.lendable(len(space)) {
		t.empty = t.lend(space) == 0
		defer func() {
			t.takeBack()
			t.s.loop.ReturnWorkspace(space)
		}()
	} else {
		if space != nil {
			t.s.loop.ReturnWorkspace(space)
		}
		defer t.trim()
	}
	for n < len(p) && err == nil {
		if t.out != nil && t.out.Len() > sealMost+answersMost {
			return n, errAnswers
		}
		var k int
		k, err = t.tls.Read(p[n:])
		if n += k; err == nil && t.whole && n < len(p) {
			err = wouldBlock{} // as it would be: one record came, and it was taken
		}
	}
	return n, err
}

// seal makes the records to send next of the stream's output, if there are none yet.
func (t *secure) seal() error {
	s := t.s
	if t.out != nil || t.shake != nil || s.out == nil && s.ahead() == nil {
		return nil
	}
	s.wroteSome() // exact now: what is encrypted next is longer than it was
	for left := sealMost; left > 0 && (s.out != nil || s.ahead() != nil); {
		n, err := t.sealFront(left)
		if err != nil && t.out != nil {
			return nil // what comes before it is sent first: it will be met again
		}
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// sealFront encrypts at most n bytes, of one piece, and returns how many.
func (t *secure) sealFront(n int) (int, error) {
	s := t.s
	p, read, err := s.front(n)
	if err != nil {
		return 0, err
	}
	if n = len(p); t.out == nil {
		t.out = s.loop.GetBuffer()
	}
	t.out.Space(n + n/64 + 128)
	if _, err = t.tls.Write(p); err == nil {
		s.consume(n)
	}
	if read != nil {
		s.loop.PutBuffer(read)
	}
	if t.out.Len() == 0 {
		s.loop.PutBuffer(t.out)
		t.out = nil
	}
	return n, err
}

// sent drops the first n bytes of the records.
func (t *secure) sent(n int) {
	t.out.Discard(n)
	if t.out.Len() == 0 {
		t.s.loop.PutBuffer(t.out)
		t.out = nil
	}
}

// goodbye queues the close_notify and reports whether there is now something to send.
func (t *secure) goodbye() bool {
	if t.shake != nil {
		return false
	}
	t.tls.CloseWrite() // it fails if the connection has
	return t.out != nil
}

// again reads once more in the next turn, if there may be something that the poller does not
// report.
func (s *Stream) again() {
	if t := s.tls; t != nil && t.more && !t.posted && s.flags&(eof|closed) == 0 {
		t.posted = s.loop.PostTask((*anotherRead)(t))
	}
}

type anotherRead secure

// RunTask implements loop.Task.
func (a *anotherRead) RunTask() {
	s := a.s
	a.posted = false
	if a.more && s.flags&(closed|paused) == 0 { // else Resume comes back to it
		s.guard(func() { s.readable(loop.Read) })
	}
}

// guard runs f and closes the stream if that panics, as the loop does when an event is handled.
func (s *Stream) guard(f func()) {
	returned := false
	defer func() {
		if !returned {
			s.close(ErrPanicked)
		}
	}()
	f()
	returned = true
}

// closed gives back what the stream that was closed had for TLS.
func (t *secure) closed() {
	if t.shake == nil || !t.shake.started {
		t.releaseHead() // else the handshake has it, wherever that runs
	}
	if t.out != nil {
		t.s.loop.PutBuffer(t.out)
		t.out = nil
	}
	if h := t.shake; h != nil {
		if h.gate != nil {
			h.gate.giveUp(h)
		}
		if h.reader != nil {
			h.reader.Wake()
		}
	}
}
