package tcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"eddy/async"
	"eddy/loop"
	"eddy/tcp/proxyproto"
)

// ErrClosed is returned by Serve after the server was stopped. To a handler whose connection was
// cut by its server it is a cancellation: it is context.Canceled, too (errors.Is).
var ErrClosed error = cancellation("tcp: server closed")

// cancellation is an error that is context.Canceled, too.
type cancellation string

func (c cancellation) Error() string        { return string(c) }
func (c cancellation) Is(target error) bool { return target == context.Canceled }

// Stats says what a server's listeners have brought.
type Stats struct {
	Connections int    // open now
	Accepted    uint64 // so far; it includes those that were refused for a PROXY header
	Refused     uint64 // closed unserved: no descriptor, no trusted proxy, no good PROXY header
	Full        uint64 // how often accepting stopped because MaxConnections were open
}

// SpreaderOptions configures a [Spreader]. The zero value is good.
type SpreaderOptions struct {
	// MaxConnections bounds the connections that are open at once. Beyond it accepting stops
	// until one is gone; those that come wait in the kernel. Default: none but the
	// descriptors'.
	MaxConnections int

	// Logger is told of refused connections at level Info, and at most every ten seconds that
	// MaxConnections are open. Default: slog.Default().
	Logger *slog.Logger
}

// Opener begins to serve a new connection: it runs on the connection's loop, owns the
// descriptor, and must not panic. When the connection is gone [Spreader.Gone] is called once,
// by whoever serves it, on any account. header is what a trusted proxy said, nil if there was
// none.
type Opener func(l *loop.Loop, fd int, header *proxyproto.Header)

// way is how the connections of one listener come to be served.
type way struct {
	open  Opener
	trust *trust
}

// Spreader accepts connections and spreads them over the loops of a group, each to the loop
// with the fewest. It is what servers are made of; [Server] is one. Its methods may be called
// from any goroutine unless they say otherwise.
type Spreader struct {
	options SpreaderOptions

	count     atomic.Int64 // connections that are open
	places    atomic.Int64 // of MaxConnections that are taken, also for one that is being accepted
	accepted  atomic.Uint64
	refusals  atomic.Uint64
	full      atomic.Uint64
	stopped   atomic.Bool
	crowded   atomic.Bool  // an acceptor waits for room
	ended     async.Event  // stopped, and nothing is left or abandoned
	abandoned atomic.Int64 // connections that were there at Abandon

	mu        sync.Mutex
	group     *loop.Group
	served    int // listeners so far
	acceptors map[*Acceptor]struct{}
	barred    []*Acceptor // wait for room
	quietTill time.Time   // no line about MaxConnections before
}

// NewSpreader returns a spreader that accepts nothing yet.
func NewSpreader(o SpreaderOptions) *Spreader {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Spreader{options: o, acceptors: make(map[*Acceptor]struct{})}
}

// Serve accepts l's connections from now on, until Stop, and spreads them over the loops of g,
// where open begins with them; it returns at once. It may be called for several listeners, which
// take turns in where their accepting happens, but with one group only. The listener is the
// spreader's from then on, also if Serve fails, with ErrClosed after Stop. It waits for a loop, so
// it blocks if it is called on one.
func (s *Spreader) Serve(g *loop.Group, l *Listener, open Opener) error {
	return s.serve(g, l, open, l.accept)
}

type acceptFunc func(*loop.Loop, func(fd int), gate) (*Acceptor, error)

func (s *Spreader) serve(g *loop.Group, l *Listener, open Opener, accept acceptFunc) error {
	if err := s.join(g); err != nil {
		l.Close()
		return err
	}
	lp := s.next()
	err := lp.Do(context.Background(), func(context.Context) error {
		accepted := func(fd int) { s.hand(lp, g.Pick(), fd, way{open, l.proxy}) }
		a, err := accept(lp, accepted, s)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.acceptors[a] = struct{}{}
		s.mu.Unlock()
		if s.stopped.Load() {
			a.Close()
			return ErrClosed
		}
		return nil
	})
	if err != nil {
		l.Close()
	}
	return err
}

// join makes g the group, if there is none yet.
func (s *Spreader) join(g *loop.Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped.Load():
		return ErrClosed
	case s.group != nil && s.group != g:
		return errors.New("tcp: a server has one group of loops")
	}
	s.group = g
	return nil
}

// next returns the loop that shall accept for another listener.
func (s *Spreader) next() *loop.Loop {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served++
	return s.group.Loops()[(s.served-1)%len(s.group.Loops())]
}

// hand counts a new connection and gives it to its loop. It runs on the loop that accepts,
// whose acceptor is not closed yet: so nobody takes the server for empty before the connection
// is counted.
func (s *Spreader) hand(here, target *loop.Loop, fd int, w way) {
	s.accepted.Add(1)
	s.count.Add(1)
	target.AddLoad(1)
	if target != here && target.PostTask(&arrival{s, target, fd, w}) {
		return
	}
	if target != here { // which is being closed; this one is not, or it would have closed the acceptor
		target.AddLoad(-1)
		here.AddLoad(1)
	}
	s.arrive(here, fd, w)
}

// arrival is a connection on the way to its loop.
type arrival struct {
	spreader *Spreader
	loop     *loop.Loop
	fd       int
	way      way
}

// RunTask implements loop.Task.
func (a *arrival) RunTask() { a.spreader.arrive(a.loop, a.fd, a.way) }

func (s *Spreader) arrive(l *loop.Loop, fd int, w way) {
	switch {
	case s.stopped.Load() || l.Closed():
		l.Files().Close(fd)
		s.Gone(l)
	case w.trust != nil:
		s.readHeader(l, fd, w)
	default:
		w.open(l, fd, nil)
	}
}

// Take serves a descriptor that no listener brought, such as one end of a socket pair or what
// inetd has accepted, as if it had been accepted; MaxConnections does not hold it back. It must
// be non-blocking, and of the kind that the loops of g can watch. It is the spreader's from
// then on; if it cannot be served (Stop, another group) it is closed.
func (s *Spreader) Take(g *loop.Group, fd int, open Opener) error {
	l := g.Pick()
	if err := s.join(g); err != nil {
		l.Files().Close(fd)
		return err
	}
	s.places.Add(1)
	s.count.Add(1)
	s.accepted.Add(1)
	l.AddLoad(1)
	if !l.PostTask(&arrival{s, l, fd, way{open: open}}) {
		l.Files().Close(fd)
		s.Gone(l)
		return loop.ErrClosed
	}
	return nil
}

// discard closes a connection that will not be served.
func (s *Spreader) discard(l *loop.Loop, fd int) {
	s.refusals.Add(1)
	l.Files().Close(fd)
	s.Gone(l)
}

// Gone counts a connection out, whose descriptor on l has been closed.
func (s *Spreader) Gone(l *loop.Loop) {
	l.AddLoad(-1)
	left := s.count.Add(-1)
	s.leave()
	if left == 0 && s.stopped.Load() {
		s.settle()
	}
}

// Stats returns what there is and was.
func (s *Spreader) Stats() Stats {
	return Stats{int(s.count.Load()), s.accepted.Load(), s.refusals.Load(), s.full.Load()}
}

// Stop stops accepting; connections go on, but for those that have just come. It does not wait,
// so it may be called anywhere, and again.
func (s *Spreader) Stop() {
	s.mu.Lock()
	s.stopped.Store(true)
	for a := range s.acceptors {
		a.loop.Post(func() { a.Close() })
	}
	s.mu.Unlock()
	s.each(func(h loop.Handler) {
		if r, ok := h.(*headerReader); ok && r.spreader == s {
			r.drop("", nil)
		}
	})
	s.settle()
}

// Stopped reports whether Stop was called.
func (s *Spreader) Stopped() bool { return s.stopped.Load() }

// Wait returns nil when Stop was called, the listeners are closed and all connections are gone.
// If ctx ends first, or Abandon is called, it returns a *[CutError] that counts the connections
// that are left: to cut them is the caller's part.
func (s *Spreader) Wait(ctx context.Context) error {
	left, cause := 0, s.ended.Wait(ctx)
	if cause != nil {
		left = s.Stats().Connections
	} else {
		left, cause = int(s.abandoned.Load()), ErrClosed
	}
	if left == 0 {
		return nil
	}
	return &CutError{Connections: left, Cause: cause}
}

// Abandon is Stop for a server that cuts its connections now: Wait does not wait for them any
// more.
func (s *Spreader) Abandon() {
	s.Stop()
	s.abandoned.CompareAndSwap(0, s.count.Load())
	s.ended.Set()
}

// Loops returns the loops of the group, none before there is one.
func (s *Spreader) Loops() []*loop.Loop {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.group == nil {
		return nil
	}
	return s.group.Loops()
}

// each runs f for every handler of the loops, there and after what has been posted so far. It
// does not wait for it.
func (s *Spreader) each(f func(loop.Handler)) {
	for _, l := range s.Loops() {
		l.Post(func() { l.Handlers(func(_ loop.ID, h loop.Handler) { f(h) }) })
	}
}

// A CutError says that connections were left, and closed, when a server had to end.
type CutError struct {
	Connections int
	Cause       error // why they were not waited for any longer
}

func (e *CutError) Error() string {
	return fmt.Sprintf("tcp: %d connections were cut: %v", e.Connections, e.Cause)
}

func (e *CutError) Unwrap() error { return e.Cause }
