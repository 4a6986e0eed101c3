package httpserver

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"eddy/httputil"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

var (
	// ErrClosed is returned by Serve after Shutdown or Close.
	ErrClosed = errors.New("httpserver: closed")
	// ErrNoTLS is returned by ServeTLS when Options.TLS is nil.
	ErrNoTLS = errors.New("httpserver: no TLS configuration")
)

// Server serves a handler on the loops of a group. Its methods may be called from any
// goroutine but a loop's own.
type Server struct {
	handler    httputil.Handler
	options    Options
	date       date
	handshakes *stream.Handshakes

	draining atomic.Bool
	open     atomic.Int64 // connections

	mu        sync.Mutex
	group     *loop.Group
	acceptors []*tcp.Acceptor
	empty     chan struct{} // closed when draining is on and open is zero
	cut       chan struct{} // closed by Close
	cutOnce   sync.Once
}

// New returns a server that is not serving yet.
func New(h httputil.Handler, o Options) *Server {
	s := &Server{handler: h, options: o.withDefaults(), empty: make(chan struct{}), cut: make(chan struct{})}
	s.handshakes = stream.NewHandshakes("TLS handshake", s.options.MaxHandshakes)
	return s
}

// Serve accepts l's connections from now on, until Shutdown or Close, and spreads them over
// the group's loops; it returns at once. A server may serve several listeners, of one
// group. The listener is the server's from then on, also if Serve fails.
func (s *Server) Serve(g *loop.Group, l *tcp.Listener) error { return s.serve(g, l, false) }

// ServeTLS is Serve for connections that begin with a TLS handshake, by Options.TLS.
func (s *Server) ServeTLS(g *loop.Group, l *tcp.Listener) error {
	if s.options.TLS == nil {
		l.Close()
		return ErrNoTLS
	}
	return s.serve(g, l, true)
}

func (s *Server) serve(g *loop.Group, l *tcp.Listener, secure bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		l.Close()
		return ErrClosed
	}
	// The listeners take turns in where their accepting happens.
	lp := g.Loops()[len(s.acceptors)%len(g.Loops())]
	err := lp.Do(context.Background(), func(context.Context) error {
		a, err := l.Accept(lp, func(fd int) { s.accepted(lp, g.Pick(), fd, secure) })
		if err == nil {
			s.acceptors = append(s.acceptors, a)
		}
		return err
	})
	if err != nil {
		l.Close()
		return err
	}
	s.group = g
	return nil
}

// accepted gives a new connection to the loop with the fewest. It runs on the loop that
// accepts.
func (s *Server) accepted(here, target *loop.Loop, fd int, secure bool) {
	target.AddLoad(1)
	s.open.Add(1)
	c := &conn{server: s, start: fd, secure: secure}
	if target == here {
		c.open(target)
		return
	}
	c.home = target
	if !target.PostTask(c) {
		here.Files().Close(fd)
		s.gone(target)
	}
}

// gone counts a connection out.
func (s *Server) gone(l *loop.Loop) {
	l.AddLoad(-1)
	if s.open.Add(-1) == 0 && s.draining.Load() {
		s.signalEmpty()
	}
}

func (s *Server) signalEmpty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.empty:
	default:
		close(s.empty)
	}
}

// Connections returns how many connections are open.
func (s *Server) Connections() int { return int(s.open.Load()) }

// Shutdown stops accepting, closes idle connections, and waits for the busy ones, whose
// responses say `Connection: close`. If ctx ends first it closes those that are left, and
// returns a *[CutError] that counts them. Handlers whose client has left are waited for, too.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopAccepting()
	s.each((*conn).closeIfIdle)
	var cause error
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
		cause = ctx.Err()
	case <-s.cut:
		cause = ErrClosed
	}
	cut := s.open.Load()
	s.each((*conn).CloseNow)
	if cut == 0 {
		return nil
	}
	s.options.Logger.Warn("connections were cut", slog.Int64("connections", cut))
	return &CutError{Connections: int(cut), Cause: cause}
}

// Close closes the listeners and every connection at once. A Shutdown under way returns.
func (s *Server) Close() error {
	s.cutOnce.Do(func() { close(s.cut) })
	s.stopAccepting()
	s.each((*conn).CloseNow)
	return nil
}

func (s *Server) stopAccepting() {
	s.open.Add(1) // nobody takes the server for empty while it may still accept
	defer func() {
		if s.open.Add(-1) == 0 {
			s.signalEmpty()
		}
	}()
	s.mu.Lock()
	s.draining.Store(true)
	acceptors, g := s.acceptors, s.group
	s.acceptors = nil
	s.mu.Unlock()
	if g == nil {
		return
	}
	for i, a := range acceptors {
		lp := g.Loops()[i%len(g.Loops())]
		lp.Do(context.Background(), func(context.Context) error { return a.Close() })
	}
}

// each runs f on every connection, on its loop, and waits for it.
func (s *Server) each(f func(*conn)) {
	s.mu.Lock()
	g := s.group
	s.mu.Unlock()
	if g == nil {
		return
	}
	for _, l := range g.Loops() {
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

// A CutError is returned by Shutdown when it had to close connections that were busy.
type CutError struct {
	Connections int
	Cause       error // why it did not wait any longer
}

func (e *CutError) Error() string {
	return "httpserver: busy connections were cut: " + e.Cause.Error()
}

func (e *CutError) Unwrap() error { return e.Cause }
