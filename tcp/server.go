package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"time"

	"eddy/loop"
	"eddy/stream"
	"eddy/tcp/proxyproto"
)

// ServerOptions configures a [Server]. The zero value is good.
type ServerOptions struct {
	// MaxConnections bounds the connections that are open at once; see [SpreaderOptions].
	// Default: none.
	MaxConnections int

	// MaxRead bounds what one read of a stream collects. Default: stream.DefaultMaxRead.
	MaxRead int

	// TLS is the configuration of ServeTLS. Certificates that change come by its
	// GetCertificate; see [KeyPair]. Session tickets and their keys are shared by all connections.
	TLS *tls.Config

	// HandshakeTimeout bounds the time from the opening of a connection to the end of its TLS
	// handshake. Default: 10 seconds; the connection is closed.
	HandshakeTimeout time.Duration

	// MaxHandshakes bounds the TLS handshakes that are under way at once; further clients wait
	// for their turn within HandshakeTimeout. Default: 1024; negative: no bound.
	MaxHandshakes int

	// Logger receives errors of handlers, and at level Info refused connections.
	// Default: slog.Default(). Panics go to the loop's.
	Logger *slog.Logger

	// Context carries values for all handlers. Its cancellation is not looked at.
	// Default: context.Background().
	Context context.Context
}

// DefaultHandshakeTimeout is the default of HandshakeTimeout.
const DefaultHandshakeTimeout = 10 * time.Second

// ErrNoTLS is returned by ServeTLS without a TLS configuration.
var ErrNoTLS = errors.New("tcp: no TLS configuration")

var errShutdownInHandler = errors.New("tcp: Shutdown would wait for the handler that called it")

// Handler serves one connection. It runs in a coroutine of the connection's loop and may park
// by every call that takes ctx. ctx ends when the connection does ([ErrGone]), and when the
// server cuts it ([ErrClosed]). A peer that stops sending may have gone or may wait for its
// answer: a handler that reads is told by io.EOF; for one that does not, and writes nothing for
// two seconds, ctx ends. Who takes longer than that over an answer to such a peer waits with
// context.WithoutCancel(ctx).
//
// When it returns, the stream is closed after what was written. An error is logged unless it
// only says that the peer, the stream or ctx came to an end. After a panic, which is logged,
// and after runtime.Goexit the stream is closed at once.
type Handler func(ctx context.Context, s *stream.Stream) error

// Server serves every connection by a handler of its own (Tornado's TCPServer). Its methods
// may be called from any goroutine, also from handlers unless they say otherwise.
type Server struct {
	handler    Handler
	options    ServerOptions
	spreader   *Spreader
	handshakes *stream.Handshakes
}

// NewServer returns a server that is not serving yet.
func NewServer(h Handler, o ServerOptions) *Server {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
	if o.HandshakeTimeout == 0 {
		o.HandshakeTimeout = DefaultHandshakeTimeout
	}
	s := &Server{handler: h, options: o}
	s.handshakes = stream.NewHandshakes("TLS handshake", o.MaxHandshakes)
	s.spreader = NewSpreader(SpreaderOptions{MaxConnections: o.MaxConnections, Logger: o.Logger})
	return s
}

// Serve accepts l's connections from now on, until the server is stopped, and gives each to the
// loop of g that has the fewest; it returns at once. It may be called for several listeners, of
// one group. The listener is the server's from then on, also if Serve fails: with ErrClosed
// after the server was stopped. It waits for a loop, so a handler that calls it blocks.
func (s *Server) Serve(g *loop.Group, l *Listener) error { return s.spreader.Serve(g, l, s.open) }

// ServeTLS is Serve for connections that begin with a TLS handshake, by ServerOptions.TLS. The
// handler is called when that has succeeded.
func (s *Server) ServeTLS(g *loop.Group, l *Listener) error {
	if s.options.TLS == nil {
		l.Close()
		return ErrNoTLS
	}
	return s.spreader.Serve(g, l, s.openTLS)
}

func (s *Server) open(l *loop.Loop, fd int, h *proxyproto.Header) {
	if c := s.admit(l, fd, h); c != nil {
		c.begin()
	}
}

func (s *Server) openTLS(l *loop.Loop, fd int, h *proxyproto.Header) {
	if c := s.admit(l, fd, h); c != nil {
		c.beginTLS()
	}
}

// admit makes a connection of a descriptor.
func (s *Server) admit(l *loop.Loop, fd int, h *proxyproto.Header) *serving {
	c := &serving{server: s, proxied: h}
	c.locate(l.Files(), fd)
	if err := c.stream.Init(l, fd, c); err != nil {
		say(s.options.Logger, slog.LevelError, "a connection was dropped", slog.Any("error", err))
		s.spreader.Gone(l)
		return nil
	}
	return c
}

// Stats returns what there is and was.
func (s *Server) Stats() Stats { return s.spreader.Stats() }

// Stop stops accepting. Connections go on. It does not wait, and a second call does nothing.
func (s *Server) Stop() { s.spreader.Stop() }

// Shutdown stops accepting and waits until all handlers have returned and what they wrote was
// sent. If ctx ends first it closes the connections that are left, ends their handlers'
// contexts, and returns a *[CutError] that counts them, without waiting for those handlers.
// Close the group of loops after it. In a handler of this server, whose end it would wait for,
// it fails at once if ctx is the handler's, having stopped accepting: a handler calls Stop or
// Close.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Stop()
	if c := servingOf(ctx); c != nil && c.server == s {
		return errShutdownInHandler
	}
	s.each(func(c *serving) {
		if c.shaking {
			c.stream.CloseNow() // it has no handler to wait for
		}
	})
	err := s.spreader.Wait(ctx)
	if err != nil {
		s.each((*serving).cut)
	}
	return err
}

// Close stops accepting and closes every connection at once. It does not wait, and a Shutdown
// that does so returns.
func (s *Server) Close() error {
	s.spreader.Abandon()
	s.each((*serving).cut)
	return nil
}

// each runs f for every connection of this server, on its loop. It does not wait for it.
func (s *Server) each(f func(*serving)) {
	s.spreader.each(func(h loop.Handler) {
		if st, ok := h.(*stream.Stream); ok {
			if c, ok := st.Sink().(*serving); ok && c.server == s {
				f(c)
			}
		}
	})
}
