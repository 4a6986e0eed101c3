package httpclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"eddy/stream"
)

var (
	errNoUpgrade  = errors.New("httpclient: the response does not end HTTP on its connection")
	errStreamGone = errors.New("httpclient: the connection was closed or taken")
)

// switches reports whether the request asks for another protocol on the connection (RFC 9110 §7.8, §9.3.6).
func (o *outgoing) switches() bool {
	return o.method == http.MethodConnect || o.header.Has("Upgrade") && o.header.HasToken("Connection", "upgrade")
}

// TakeStream takes over the connection of a response that has ended HTTP on it: a 101 to a request with Upgrade
// and Connection (RFC 9110 §7.8), or a 2xx to CONNECT. It is the caller's from then on, with what the server has
// sent behind the head unread: the client does not count it, and does not close it. The stream
// has no sink and stays on its loop. In a coroutine that is the coroutine's own; elsewhere it may be one of the
// client's, that ends with it. [stream.Stream.Detach] makes a net.Conn of it, off all loops.
//
// It fails for other responses, which can be read as before, and if the connection is gone. A 101 that was not asked for is
// one without a body, whose connection is closed.
func (s *Stream) TakeStream(ctx context.Context) (*stream.Stream, error) {
	taken, err := s.x.takeStream(ctx)
	if err == nil && s.err == nil {
		s.err = errStreamClosed
	}
	return taken, err
}

func (x *exchange) takeStream(ctx context.Context) (*stream.Stream, error) {
	x.mu.Lock()
	tunnel := x.tunnel
	x.mu.Unlock()
	if !tunnel {
		return nil, errNoUpgrade
	}
	c := x.conn
	if c == nil { // HTTP/2 has no such thing
		return nil, errNoUpgrade
	}
	err := c.Loop().Do(ctx, func(context.Context) error {
		if c.x != x {
			return errStreamGone
		}
		c.leave()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.Stream, nil
}

// leave ends the exchange with the connection being no more the client's.
func (c *conn) leave() {
	x := c.x
	c.x = nil
	c.SetDeadline(0)
	c.home.gone(c)
	c.SetSink(nil)
	c.Resume()
	x.over(io.EOF)
}

// upgraded is the body of a 101 for net/http: both directions of the connection.
type upgraded struct {
	stream *stream.Stream
	ctx    context.Context // does not end
}

// closeTime is how long an upgraded connection that was closed may take for what is still to be sent.
const closeTime = 5 * time.Second

func (u *upgraded) Read(p []byte) (int, error) { return u.stream.Read(u.ctx, p) }

func (u *upgraded) Write(p []byte) (int, error) {
	if err := u.stream.Write(u.ctx, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite ends the sending direction.
func (u *upgraded) CloseWrite() error { return u.do(u.stream.CloseWrite) }

// Close closes the connection; a Read or Write under way fails.
func (u *upgraded) Close() error {
	return u.do(func() {
		s := u.stream
		s.InterruptRead(net.ErrClosed)
		if s.Pending() > 0 { // to a server that may never take it
			s.Loop().CallLater(closeTime, s.CloseNow)
		}
		s.Close()
	})
}

func (u *upgraded) do(f func()) error {
	return u.stream.Loop().Do(u.ctx, func(context.Context) error {
		f()
		return nil
	})
}

// Detach takes the connection off its loop, see [stream.Stream.Detach].
func (u *upgraded) Detach(ctx context.Context) (net.Conn, error) { return u.stream.Detach(ctx) }
