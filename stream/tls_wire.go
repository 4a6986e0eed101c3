package stream

import (
	"context"
	"io"
	"net"
	"net/netip"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
)

// wire is what a stream's tls.Conn takes for its connection: the descriptor for reads, the
// stream's queue of records for writes. A read never blocks: it fails with wouldBlock, which
// crypto/tls takes for a passing trouble. While the handshake runs, that has both: it need not
// have the loop, and its reads wait.
type wire struct {
	s       *Stream
	head    *loop.Buffer // bytes that were read before TLS was up
	conn    net.Conn     // once the stream was detached: what everything goes to
	drained bool         // the kernel has had nothing more
	empty   bool         // the tls.Conn has no bytes, and was given none in this read
	whole   bool         // what it was given is one record, and the kernel has no more
	eof     bool         // the descriptor is at its end
}

// recordHeader is the length of what is before each record (RFC 8446 §5.1).
const recordHeader = 5

// wouldBlock is the error that crypto/tls does not keep (see Conn.readRecordOrCCS there).
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "stream: would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// Read implements net.Conn.
func (w *wire) Read(p []byte) (n int, err error) {
	if w.conn != nil {
		if w.head != nil {
			n = copy(p, w.head.Bytes())
			if w.head.Discard(n); w.head.Len() == 0 {
				w.head = nil // not to the pool, which is the loop's
			}
			return n, nil
		}
		return w.conn.Read(p)
	}
	if h := w.s.tls.shake; h != nil {
		return h.read(p)
	}
	return w.read(p)
}

// read reads once. After a short read it does not ask the kernel again: that there is
// nothing more would be all it learned.
func (w *wire) read(p []byte) (int, error) {
	switch {
	case w.head != nil:
		n := copy(p, w.head.Bytes())
		if w.head.Discard(n); w.head.Len() == 0 {
			w.releaseHead()
		}
		return n, nil
	case w.drained:
		return 0, wouldBlock{}
	}
	return w.fromKernel(p)
}

// fromKernel is read without a thought of what came before.
func (w *wire) fromKernel(p []byte) (int, error) {
	s := w.s
	switch {
	case s.flags&closed != 0:
		return 0, s.closedErr()
	case w.eof:
		return 0, io.EOF
	}
	n, err := s.loop.Files().Read(int(s.fd), p)
	w.drained = err == nil && n < len(p) || isAgain(err)
	w.whole = w.empty && w.drained && n >= recordHeader && n == recordHeader+int(p[3])<<8+int(p[4])
	w.empty = false
	switch {
	case isAgain(err):
		return 0, wouldBlock{}
	case err != nil:
		return 0, err
	case n == 0:
		w.eof = true
		return 0, io.EOF
	}
	return n, nil
}

func (w *wire) releaseHead() {
	if w.head != nil {
		w.s.loop.PutBuffer(w.head)
		w.head = nil
	}
}

// Write implements net.Conn: it takes everything.
func (w *wire) Write(p []byte) (int, error) {
	if w.conn != nil {
		return w.conn.Write(p)
	}
	if h := w.s.tls.shake; h != nil {
		h.out = append(h.out, p...)
		return len(p), nil
	}
	return len(p), w.queue(p)
}

func (w *wire) queue(p []byte) error {
	s := w.s
	if s.flags&(closed|ended) != 0 {
		return s.closedErr()
	}
	t := s.tls
	if t.out == nil {
		t.out = s.loop.GetBuffer()
	}
	t.out.Append(p)
	s.flushLater()
	return nil
}

// Close implements net.Conn. A stream that is on its loop closes itself.
func (w *wire) Close() error {
	if w.conn != nil {
		return w.conn.Close()
	}
	return nil
}

// LocalAddr implements net.Conn.
func (w *wire) LocalAddr() net.Addr {
	if w.conn != nil {
		return w.conn.LocalAddr()
	}
	return w.addr(poll.Files.LocalAddr)
}

// RemoteAddr implements net.Conn.
func (w *wire) RemoteAddr() net.Addr {
	if w.conn != nil {
		return w.conn.RemoteAddr()
	}
	return w.addr(poll.Files.PeerAddr)
}

// addr is asked for by the callbacks of handshakes, which need not have the loop. The number of a
// closed descriptor may be another's.
func (w *wire) addr(of func(poll.Files, int) netip.AddrPort) net.Addr {
	s := w.s
	var found netip.AddrPort
	ask := func(context.Context) error {
		if s.flags&closed == 0 {
			found = of(s.loop.Files(), int(s.fd))
		}
		return nil
	}
	switch t := s.tls; {
	case t == nil: // a callback has kept the connection beyond a handshake that failed
	case t.shake != nil:
		s.loop.Do(context.WithoutCancel(t.shake.ctx), ask)
	default:
		ask(nil)
	}
	return net.TCPAddrFromAddrPort(found)
}

// SetDeadline implements net.Conn. Nothing waits before the stream was detached.
func (w *wire) SetDeadline(t time.Time) error {
	if w.conn != nil {
		return w.conn.SetDeadline(t)
	}
	return nil
}

// SetReadDeadline implements net.Conn.
func (w *wire) SetReadDeadline(t time.Time) error {
	if w.conn != nil {
		return w.conn.SetReadDeadline(t)
	}
	return nil
}

// SetWriteDeadline implements net.Conn; crypto/tls sets one before its close_notify.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if w.conn != nil {
		return w.conn.SetWriteDeadline(t)
	}
	return nil
}
