package stream

import (
	"context"
	"io"
	"net"
	"time"

	"eddy/loop"
)

// wire is what a stream's tls.Conn takes for its connection: the descriptor for reads, the
// stream's queue of records for writes. A read never blocks: it parks while the handshake
// runs, and later fails with wouldBlock, which crypto/tls takes for a passing trouble.
type wire struct {
	s       *Stream
	head    *loop.Buffer // bytes that were read before TLS began
	conn    net.Conn     // once the stream was detached: what everything goes to
	drained bool         // the kernel has had nothing more
	eof     bool         // the descriptor is at its end
}

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
		return w.readWaiting(h, p)
	}
	return w.read(p)
}

// readWaiting is read that waits for bytes.
func (w *wire) readWaiting(h *handshake, p []byte) (n int, err error) {
	err = w.s.loop.Do(h.ctx, func(ctx context.Context) error {
		n, err = w.read(p)
		for err == error(wouldBlock{}) {
			w.drained = false
			if err = h.await(ctx); err == nil {
				n, err = w.read(p)
			}
		}
		return err
	})
	return n, err
}

// read reads once. After a short read it does not ask the kernel again: that there is
// nothing more would be all it learned.
func (w *wire) read(p []byte) (int, error) {
	s := w.s
	switch {
	case w.head != nil:
		n := copy(p, w.head.Bytes())
		if w.head.Discard(n); w.head.Len() == 0 {
			w.releaseHead()
		}
		return n, nil
	case s.flags&closed != 0:
		return 0, s.closedErr()
	case w.eof:
		return 0, io.EOF
	case w.drained:
		return 0, wouldBlock{}
	}
	n, err := s.loop.Files().Read(int(s.fd), p)
	switch {
	case isAgain(err):
		w.drained = true
		return 0, wouldBlock{}
	case err != nil:
		return 0, err
	case n == 0:
		w.eof = true
		return 0, io.EOF
	}
	w.drained = n < len(p)
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
		err := w.s.loop.Do(context.WithoutCancel(h.ctx), func(context.Context) error { return w.queue(p) })
		return len(p), err
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
	return net.TCPAddrFromAddrPort(w.s.loop.Files().LocalAddr(int(w.s.fd)))
}

// RemoteAddr implements net.Conn.
func (w *wire) RemoteAddr() net.Addr {
	if w.conn != nil {
		return w.conn.RemoteAddr()
	}
	return net.TCPAddrFromAddrPort(w.s.loop.Files().PeerAddr(int(w.s.fd)))
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
