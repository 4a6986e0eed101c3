package tcp

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp/proxyproto"
)

// ErrGone is what a handler's context ends with when its peer is gone. It is context.Canceled,
// too (errors.Is).
var ErrGone error = cancellation("tcp: the peer has gone")

// lingerTime is how long a peer may take nothing of what is left to send when its handler has
// returned.
const lingerTime = time.Minute

// goneAfter is for how long a peer that has stopped sending may be taken for one that only
// waits for its answer, while nothing is sent to it.
const goneAfter = 2 * time.Second

// serving is one connection of a Server: the job of its handler, and the sink of its stream,
// which is always paused: the handler reads.
type serving struct {
	loop.Context
	server      *Server
	stream      stream.Stream
	proxied     *proxyproto.Header
	peer, local netip.AddrPort
	err         error
	shaking     bool // the handler has not begun: TLS is not up
	done        bool // the handler has ended
}

type servingKey struct{}

func servingOf(ctx context.Context) *serving {
	c, _ := ctx.Value(servingKey{}).(*serving)
	return c
}

// PeerAddr returns the address of the client, as a trusted proxy gave it or else the
// connection's own. It is for a [Handler]'s ctx and those derived from it, and stays when the
// connection is gone; invalid for Unix sockets and any other ctx. Any goroutine.
func PeerAddr(ctx context.Context) netip.AddrPort {
	if c := servingOf(ctx); c != nil {
		return c.peer
	}
	return netip.AddrPort{}
}

// LocalAddr returns the address that the client connected to, likewise. Any goroutine.
func LocalAddr(ctx context.Context) netip.AddrPort {
	if c := servingOf(ctx); c != nil {
		return c.local
	}
	return netip.AddrPort{}
}

// ProxyHeader returns what a trusted proxy said, likewise, or nil if there was none. Any
// goroutine.
func ProxyHeader(ctx context.Context) *proxyproto.Header {
	if c := servingOf(ctx); c != nil {
		return c.proxied
	}
	return nil
}

// locate finds the addresses, which are not to be had any more when the peer has gone.
func (c *serving) locate(files poll.Files, fd int) {
	if h := c.proxied; h != nil && h.Source.IsValid() {
		c.peer, c.local = h.Source, h.Destination
	} else {
		c.peer, c.local = files.PeerAddr(fd), files.LocalAddr(fd)
	}
}

// beginTLS is begin after a handshake. One that fails closes the stream by itself.
func (c *serving) beginTLS() {
	o := &c.server.options
	c.shaking = true
	c.stream.SetDeadline(o.HandshakeTimeout)
	err := c.stream.BeginTLS(o.Context, stream.Server, o.TLS, c.server.handshakes, func(err error) {
		if err == nil {
			c.shaking = false
			c.stream.SetDeadline(0)
			c.begin()
		} else if !stream.Quiet(err) {
			say(o.Logger, slog.LevelInfo, "TLS handshake failed", slog.Any("error", err), slog.String("peer", c.peer.String()))
		}
	})
	if err != nil {
		say(o.Logger, slog.LevelError, "a connection was dropped", slog.Any("error", err))
		c.stream.CloseNow()
	}
}

func (c *serving) begin() {
	c.stream.Pause()
	if n := c.server.options.MaxRead; n > 0 {
		c.stream.SetMaxRead(n)
	}
	c.Init(context.WithValue(c.server.options.Context, servingKey{}, c))
	c.stream.Loop().Start(&c.Context, c)
}

// RunJob implements loop.Job.
func (c *serving) RunJob(ctx context.Context) { c.err = c.server.handler(ctx, &c.stream) }

// JobDone implements loop.Job.
func (c *serving) JobDone(o loop.Outcome) {
	c.done = true
	if c.err != nil && !stream.Quiet(c.err) && !errors.Is(c.err, context.Canceled) {
		say(c.server.options.Logger, slog.LevelError, "error in a connection's handler",
			slog.Any("error", c.err), slog.String("peer", c.peer.String()))
	}
	switch {
	case c.stream.Closed():
		c.server.spreader.Gone(c.stream.Loop())
	case o != loop.Returned:
		c.stream.CloseNow()
	default:
		c.finish()
	}
}

// finish closes the connection after what was written. To close it with unread bytes would reset
// it, and the peer could lose the last thing it was told.
func (c *serving) finish() {
	s := &c.stream
	s.FlushNow()
	if len(s.Unread()) > 0 || s.Neglected() {
		s.Drain()
	} else {
		s.Close()
	}
	if s.Blocked() {
		s.TakeProgress()
		s.SetDeadline(lingerTime)
	}
}

// cut closes the connection under its handler.
func (c *serving) cut() {
	c.Cancel(ErrClosed)
	c.stream.CloseNow()
}

// StreamReadable implements stream.Sink; a paused stream does not call it.
func (c *serving) StreamReadable() {}

// StreamHangup implements stream.Sink: the peer has closed, or has sent all it had and reads
// on. Only time tells.
func (c *serving) StreamHangup() {
	if !c.done && !c.shaking {
		c.stream.TakeProgress()
		c.stream.SetDeadline(goneAfter)
	}
}

// StreamBlocked implements stream.Sink. Until the handler has returned it waits itself.
func (c *serving) StreamBlocked() {}

// StreamFlushed implements stream.Sink.
func (c *serving) StreamFlushed() {}

// StreamDeadline implements stream.Sink.
func (c *serving) StreamDeadline() {
	progress := c.stream.TakeProgress() > 0
	switch {
	case c.shaking:
		c.stream.CloseNow()
	case c.done && progress:
		c.stream.SetDeadline(lingerTime)
	case c.done:
		c.stream.CloseNow()
	case progress || c.stream.Pending() > 0:
		c.stream.SetDeadline(goneAfter) // it is being answered
	case c.stream.HungUp() && !c.stream.EOF(): // at the end of file the handler has been told
		c.Cancel(ErrGone)
	}
}

// StreamClosed implements stream.Sink.
func (c *serving) StreamClosed(err error) {
	if c.done || c.shaking {
		c.server.spreader.Gone(c.stream.Loop())
		return
	}
	if errors.Is(err, loop.ErrClosed) {
		c.Cancel(err)
	}
	c.Cancel(ErrGone) // which does nothing after another cause
}
