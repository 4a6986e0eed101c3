package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"eddy/internal/tunnel"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// open makes a new connection for the hop on a loop. If the server has chosen HTTP/2, it is with those, and there is
// none to be returned.
func (h *hop) open(ctx context.Context, at *home) (*conn, error) {
	ctx, cancel := h.whileConnecting(ctx)
	defer cancel()
	var c *conn
	begun := false
	// Aside, because this is the deepest part of a fetch: its stack is not kept while the response is awaited.
	err := at.loop.Aside(ctx, func(ctx context.Context) (err error) {
		begun = true
		c, err = h.connect(ctx, at)
		return err
	})
	if err == nil {
		return c, nil
	}
	if !begun || err == loop.ErrAborted {
		err = &phaseError{PhaseConnect, err}
	}
	if cause, ok := errors.AsType[*TimeoutError](context.Cause(ctx)); ok && errors.Is(err, context.DeadlineExceeded) {
		err = &phaseError{phaseOf(err), cause}
	}
	return nil, err
}

// whileConnecting returns the context of a dial: it ends with the time for it, with that for the request,
// which may be shorter, and with the client.
func (h *hop) whileConnecting(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(h.client.life, cancel)
	release := func() {
		stop()
		cancel()
	}
	limit := &TimeoutError{"ConnectTimeout", h.connectTimeout}
	left := h.connectTimeout
	if !h.due.IsZero() {
		if d := max(time.Until(h.due), 0); left == 0 || d < left {
			limit, left = &TimeoutError{"RequestTimeout", h.requestTimeout()}, d
		}
	} else if left == 0 {
		return ctx, release
	}
	ctx, done := context.WithTimeoutCause(ctx, left, limit)
	return ctx, func() {
		done()
		release()
	}
}

func (h *hop) dial(ctx context.Context, at *home) (*conn, error) {
	began := h.turn
	o := &at.client.options
	addr := h.dialAddr(o)
	s, err := tcp.Dial(ctx, addr, tcp.DialOptions{
		Loop:      at.loop,
		Timeout:   -1, // ctx has it
		Resolver:  timed{o.Resolver, began, &h.time.NameLookup, h.trace},
		Family:    h.key.family,
		LocalAddr: netip.AddrPortFrom(h.key.local, 0),
		Control:   through(h.key.iface),
		Allow:     o.Allow,
		Attempt:   traceAttempts(h.trace),
	})
	if err != nil {
		return nil, err
	}
	h.time.Connect = time.Since(began)
	if h.proxy != nil {
		if s, err = h.throughProxy(ctx, s); err == errProxyClosed {
			return h.dial(ctx, at)
		} else if err != nil {
			return nil, &phaseError{PhaseProxy, proxyError(err)}
		}
	}
	if h.key.scheme == "https" {
		traceHandshake(h.trace)
		if err := s.StartTLS(ctx, stream.Client, h.tlsConfig(o)); err != nil {
			traceSecured(h.trace, tls.ConnectionState{}, err)
			return nil, &phaseError{PhaseTLS, err}
		}
		h.time.AppConnect = time.Since(began)
		if h.offersH2() && protocol(ctx, s) == http2.NextProtoTLS {
			if h.h2, err = h.client.h2.adopt(ctx, &h.key, s); err != nil {
				return nil, &phaseError{PhaseConnect, err}
			}
			return nil, nil
		}
	}
	c := &conn{Stream: s, home: at, keep: o.IdleTimeout}
	return c, at.loop.Do(context.WithoutCancel(ctx), func(context.Context) error { // else nobody would close it
		if s.Closed() {
			return c.lost()
		}
		if state, ok := s.ConnectionState(); ok {
			c.secured = &state
			traceSecured(h.trace, state, nil)
		}
		if !at.add(c, &h.key) {
			s.CloseNow()
			return ErrClosed
		}
		s.SetSink(c)
		s.Resume() // calls read only when they wait
		s.SetDeadline(unusedTime)
		return nil
	})
}

// unusedTime is how long a new connection waits for the exchange that it was made for, which begins at once unless its
// caller is ended meanwhile.
const unusedTime = 10 * time.Second

// dialAddr returns what to connect to.
func (h *hop) dialAddr(o *Options) string {
	if h.proxy != nil {
		addr, _ := tunnel.Address(h.proxy) // route has found it good
		return addr
	}
	addr := h.key.addr
	if to, ok := o.Hosts[addr]; ok {
		return to
	}
	if i := strings.LastIndexByte(addr, ':'); i >= 0 {
		if to, ok := o.Hosts[addr[:i]]; ok {
			return to
		}
	}
	return addr
}

// protocol returns what the server has chosen.
func protocol(ctx context.Context, s *stream.Stream) (name string) {
	s.Loop().Do(ctx, func(context.Context) error { name = s.Protocol(); return nil })
	return name
}

// tlsConfig returns the configuration for the server's name.
func (h *hop) tlsConfig(o *Options) *tls.Config {
	base := h.key.tls
	if base == nil {
		base = o.TLS
	}
	config := base.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if h.key.bare {
		config.Certificates, config.GetClientCertificate, config.ServerName = nil, nil, ""
		config.ClientSessionCache = nil // a session that goes on is the user's
	}
	if config.ServerName == "" {
		config.ServerName = serverName(h.url)
	}
	switch {
	case h.offersH2() && config.NextProtos == nil:
		config.NextProtos = []string{http2.NextProtoTLS, "http/1.1"}
	case !h.offersH2(): // who would be given it could not speak it
		config.NextProtos = slices.DeleteFunc(slices.Clone(config.NextProtos), func(p string) bool { return p == http2.NextProtoTLS })
	}
	return config
}

// serverName is whom a certificate must be for. The zone of an address means nothing to another host, nor
// does the dot at the end of a name (RFC 6066 §3).
func serverName(u *url.URL) string {
	name, _, _ := strings.Cut(u.Hostname(), "%")
	return strings.TrimSuffix(name, ".")
}

// timed is a resolver that notes when it was done.
type timed struct {
	resolver tcp.Resolver
	began    time.Time
	took     *time.Duration
	trace    *httptrace.ClientTrace
}

func (t timed) Resolve(ctx context.Context, q tcp.Query) ([]netip.AddrPort, error) {
	r := t.resolver
	if r == nil {
		r = tcp.DefaultResolver
	}
	if t.trace == nil {
		return t.ask(ctx, r, q)
	}
	traceLookUp(t.trace, q.Host)
	addrs, err := t.ask(untraced{ctx}, r, q)
	traceFound(t.trace, addrs, err)
	return addrs, err
}

func (t timed) ask(ctx context.Context, r tcp.Resolver, q tcp.Query) (addrs []netip.AddrPort, err error) {
	err = guarded(func() (err error) {
		addrs, err = r.Resolve(ctx, q)
		return err
	})
	*t.took = time.Since(t.began)
	return addrs, err
}

// phaseError is an error whose phase is known.
type phaseError struct {
	phase Phase
	err   error
}

func (e *phaseError) Error() string { return e.err.Error() }
func (e *phaseError) Unwrap() error { return e.err }

// phaseOf returns the phase that an error of a fetch belongs to, PhaseHead if nothing is known.
func phaseOf(err error) Phase {
	if _, ok := errors.AsType[*sourceError](err); ok {
		return PhaseSend // whatever had come by then
	}
	if e, ok := errors.AsType[*phaseError](err); ok {
		return e.phase
	}
	if e, ok := errors.AsType[*tcp.DialError](err); ok {
		switch e.Phase {
		case tcp.PhaseResolve:
			return PhaseResolve
		case tcp.PhaseTLS:
			return PhaseTLS
		}
		return PhaseConnect
	}
	if _, ok := errors.AsType[*stream.TLSError](err); ok {
		return PhaseTLS
	}
	return PhaseHead
}
