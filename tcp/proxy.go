package tcp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"eddy/loop"
	"eddy/tcp/proxyproto"
)

// DefaultProxyTimeout is the default of [ProxyProtocol].Timeout.
const DefaultProxyTimeout = 5 * time.Second

// ProxyProtocol says from whom a listener expects PROXY headers, which tell whose connection a
// load balancer passes on. Each connection of a trusted peer begins with one, or is closed:
// nothing is guessed from the bytes.
type ProxyProtocol struct {
	// Trusted are the networks of the proxies, which must not be empty for TCP. Behind a Unix
	// socket everybody is trusted: its file says who may connect. An abstract name lets
	// everybody in.
	Trusted []netip.Prefix

	// Required closes the connections of all others. Without it they are served under their own
	// addresses, and a header of theirs is taken for data.
	Required bool

	// Timeout bounds how long a header may take. Default: 5 seconds.
	Timeout time.Duration
}

// trust is a ProxyProtocol that has been looked through.
type trust struct {
	ProxyProtocol
	everybody bool
}

// UseProxyProtocol makes the servers of the listener expect PROXY headers. It fails if nobody is
// trusted, or if a network is none that a peer can be in: IPv4 is not written as IPv6. Call it
// before Serve; [Listener.Accept] by itself leaves the headers to its user.
func (l *Listener) UseProxyProtocol(p ProxyProtocol) error {
	everybody := l.isUnix()
	if len(p.Trusted) == 0 && !everybody {
		return errors.New("tcp: PROXY headers need proxies that are trusted")
	}
	for _, network := range p.Trusted {
		if !network.IsValid() || network.Addr().Is4In6() {
			return fmt.Errorf("tcp: %v is no network to trust", network)
		}
	}
	if p.Timeout <= 0 {
		p.Timeout = DefaultProxyTimeout
	}
	p.Trusted = slices.Clone(p.Trusted)
	l.proxy = &trust{p, everybody}
	return nil
}

// includes reports whether a peer is trusted. One that has no address any more is not.
func (t *trust) includes(peer netip.Addr) bool {
	return t.everybody || slices.ContainsFunc(t.Trusted, func(p netip.Prefix) bool { return p.Contains(peer) })
}

// headerReader reads the PROXY header of a new connection: no byte more, so that what follows is
// still in the kernel for whoever serves the connection.
type headerReader struct {
	spreader *Spreader
	open     Opener
	loop     *loop.Loop
	peer     netip.AddrPort
	id       loop.ID
	fd       int
	got      []byte
}

// readHeader opens the connection when its header has come.
func (s *Spreader) readHeader(l *loop.Loop, fd int, w way) {
	peer := l.Files().PeerAddr(fd)
	switch {
	case w.trust.includes(peer.Addr()):
		r := &headerReader{spreader: s, open: w.open, loop: l, peer: peer, fd: fd}
		var err error
		if r.id, err = l.AddHandler(fd, r, loop.Read); err != nil {
			r.drop("", err)
			return
		}
		l.SetDeadline(r.id, w.trust.Timeout)
	case !w.trust.Required:
		w.open(l, fd, nil)
	default:
		say(s.options.Logger, slog.LevelInfo, "connection refused: it is from no trusted proxy",
			slog.String("peer", peer.String()))
		s.discard(l, fd)
	}
}

// HandleReady implements loop.Handler.
func (r *headerReader) HandleReady(loop.Ready) {
	for {
		h, more, err := proxyproto.Parse(r.got)
		if err != nil {
			r.drop("malformed PROXY header", err)
			return
		}
		if h != nil {
			r.loop.RemoveHandler(r.id)
			r.open(r.loop, r.fd, h)
			return
		}
		have := len(r.got)
		r.got = slices.Grow(r.got, more)
		n, err := r.loop.Files().Read(r.fd, r.got[have:have+more])
		switch {
		case err == syscall.EAGAIN:
			return
		case err != nil || n == 0:
			r.drop("", err) // a port scan, or a check of whether somebody listens
			return
		}
		r.got = r.got[:have+n]
	}
}

// HandleDeadline implements loop.Handler.
func (r *headerReader) HandleDeadline() { r.drop("no PROXY header in time", nil) }

// HandleLoopClose implements loop.Handler.
func (r *headerReader) HandleLoopClose() { r.drop("", nil) }

// drop closes the connection, and logs why unless text is empty.
func (r *headerReader) drop(text string, err error) {
	if text != "" {
		attrs := []slog.Attr{slog.String("peer", r.peer.String())}
		if err != nil {
			attrs = append(attrs, slog.Any("error", err))
		}
		say(r.spreader.options.Logger, slog.LevelInfo, text, attrs...)
	}
	r.loop.RemoveHandler(r.id)
	r.spreader.discard(r.loop, r.fd)
}
