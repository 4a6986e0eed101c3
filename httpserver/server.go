package httpserver

import (
	"context"
	"log/slog"
	"net/http"

	"eddy/http1"
	"eddy/httputil"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// ErrClosed is returned by Serve after Shutdown or Close.
var ErrClosed = tcp.ErrClosed

// ErrNoTLS is returned by ServeTLS when Options.TLS is nil.
var ErrNoTLS = tcp.ErrNoTLS

// A CutError is returned by Shutdown when it had to close connections that were busy.
type CutError = tcp.CutError

// Server serves a handler on the loops of a group. Its methods may be called from any
// goroutine but a loop's own.
type Server struct {
	handler    httputil.Handler
	options    Options
	heads      http1.Limits // of heads, and of bodies that are dropped: how long a body may be is asked when it is read
	date       date
	spreader   *tcp.Spreader
	handshakes *stream.Handshakes
	likeness   *http.Server // what a handler's context has at http.ServerContextKey
	http2      *http2Host
}

// New returns a server that is not serving yet.
func New(h httputil.Handler, o Options) *Server {
	s := &Server{options: o.withDefaults()}
	s.handler = s.options.inFrontOf(h)
	s.heads = s.options.Limits
	s.heads.Body = -1
	s.handshakes = stream.NewHandshakes("TLS handshake", s.options.MaxHandshakes)
	s.spreader = tcp.NewSpreader(tcp.SpreaderOptions{MaxConnections: o.MaxConnections, Logger: s.options.Logger})
	s.likeness = likenessOf(s)
	s.http2 = newHTTP2Host(s)
	return s
}

// Serve accepts l's connections from now on, until Shutdown or Close, and spreads them over
// the group's loops; it returns at once. A server may serve several listeners, of one
// group. The listener is the server's from then on, also if Serve fails.
func (s *Server) Serve(g *loop.Group, l *tcp.Listener) error {
	return s.spreader.Serve(g, l, s.open)
}

// ServeTLS is Serve for connections that begin with a TLS handshake, by Options.TLS.
func (s *Server) ServeTLS(g *loop.Group, l *tcp.Listener) error {
	if s.options.TLS == nil {
		l.Close()
		return ErrNoTLS
	}
	return s.spreader.Serve(g, l, s.openTLS)
}

// Connections returns how many connections are open, but for those that handlers have taken over
// ([Detach], http.Hijacker).
func (s *Server) Connections() int { return s.spreader.Stats().Connections }

// Shutdown stops accepting, closes idle connections, and waits for the busy ones, whose responses
// say `Connection: close`; clients of HTTP/2 are told by GOAWAY. If ctx ends first it closes those
// that are left, and returns a *[CutError] that counts them. Handlers whose client has left are
// waited for, too. Connections that handlers have taken over are theirs: tell those by other means.
func (s *Server) Shutdown(ctx context.Context) error {
	s.spreader.Stop()
	s.each((*conn).closeIfIdle)
	s.http2.stop()
	err := s.spreader.Wait(ctx)
	if cut, ok := err.(*CutError); ok {
		s.each((*conn).CloseNow)
		s.http2.cut()
		s.options.Logger.Warn("connections were cut", slog.Int("connections", cut.Connections))
	}
	return err
}

// Close closes the listeners and every connection at once. A Shutdown under way returns.
func (s *Server) Close() error {
	s.spreader.Abandon()
	s.each((*conn).CloseNow)
	s.http2.cut()
	return nil
}

// each runs f on every connection, on its loop, and waits for it.
func (s *Server) each(f func(*conn)) {
	for _, l := range s.spreader.Loops() {
		l.Do(context.Background(), func(context.Context) error {
			l.Handlers(func(_ loop.ID, h loop.Handler) {
				if c, ok := connOf(h); ok && c.server == s {
					f(c)
				}
			})
			return nil
		})
	}
}
