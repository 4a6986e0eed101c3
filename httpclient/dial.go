package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
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
	var c *conn
	begun := false
	// Aside, because this is the deepest part of a fetch, whose stack is not kept while the response is awaited. A
	// resolver or a callback that blocks in it does not stop the loop.
	err := at.loop.Aside(ctx, func(ctx context.Context) (err error) {
		begun = true
		defer h.dialling(ctx, at).over()
		c, err = h.connect(ctx, at)
		return err
	})
	if err == nil {
		return c, nil
	}
	if !begun || err == loop.ErrAborted {
		err = &phaseError{PhaseConnect, err}
	}
	if limit, ok := errors.AsType[*TimeoutError](err); ok {
		err = &phaseError{phaseOf(err), limit}
	}
	return nil, err
}

func (h *hop) dial(ctx context.Context, at *home) (*conn, error) {
	began, o, w := h.turn(), &at.client.options, h.key.way.Value()
	addr := h.dialAddr(o)
	s, err := tcp.Dial(ctx, addr, tcp.DialOptions{
		Loop:      at.loop,
		Timeout:   -1, // ctx has it
		Resolver:  timed{h},
		Family:    w.family,
		LocalAddr: netip.AddrPortFrom(w.local, 0),
		Control:   through(w.iface),
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
	c := &conn{Stream: s, home: at, keep: o.IdleTimeout}
	if h.key.secure {
		if c.secured, err = h.secure(ctx, s, o); err != nil {
			return nil, err
		}
		h.time.AppConnect = time.Since(began)
		if h.offersH2() && c.secured.NegotiatedProtocol == http2.NextProtoTLS {
			if h.h2, err = h.client.h2.adopt(ctx, &h.key, s); err != nil {
				return nil, &phaseError{PhaseConnect, err}
			}
			return nil, nil
		}
	}
	return c, at.loop.Do(context.WithoutCancel(ctx), func(context.Context) error { // else nobody would close it
		if s.Closed() {
			return c.lost()
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

// secure begins TLS and returns what was agreed on.
func (h *hop) secure(ctx context.Context, s *stream.Stream, o *Options) (*tls.ConnectionState, error) {
	traceHandshake(h.trace)
	state := new(tls.ConnectionState)
	err := s.StartTLS(ctx, stream.Client, h.tlsConfig(o))
	if err == nil { // whatever becomes of ctx now: without the protocol the wrong one would be spoken
		err = s.Loop().Do(context.WithoutCancel(ctx), func(context.Context) error {
			*state, _ = s.ConnectionState()
			return nil
		})
	}
	traceSecured(h.trace, *state, err)
	if err != nil {
		return nil, &phaseError{PhaseTLS, err}
	}
	return state, nil
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

// tlsConfig returns the configuration for the server's name.
func (h *hop) tlsConfig(o *Options) *tls.Config {
	way := h.key.way.Value()
	base := way.tls
	if base == nil {
		base = o.TLS
	}
	config := base.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if way.bare {
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

// timed is the resolver of a hop: it notes when it was done. It has the time for the dial as any context has it, because
// a resolver that blocks keeps the loop from ending that.
type timed struct{ *hop }

func (t timed) Resolve(ctx context.Context, q tcp.Query) ([]netip.AddrPort, error) {
	if limit, left := t.dialLimit(); limit != nil {
		within, cancel := context.WithTimeoutCause(ctx, left, limit)
		defer cancel()
		ctx = within
	}
	traceLookUp(t.trace, q.Host)
	addrs, err := t.lookUp(ctx, q)
	t.time.NameLookup = time.Since(t.turn())
	if limit, ok := errors.AsType[*TimeoutError](context.Cause(ctx)); ok && errors.Is(err, context.DeadlineExceeded) {
		err = limit
	}
	traceFound(t.trace, addrs, err)
	return addrs, err
}

func (t timed) lookUp(ctx context.Context, q tcp.Query) (addrs []netip.AddrPort, err error) {
	r := t.client.options.Resolver
	if r == nil {
		r = tcp.DefaultResolver
	}
	if t.trace != nil {
		ctx = untraced{ctx}
	}
	err = guarded(func() (err error) {
		addrs, err = r.Resolve(ctx, q)
		return err
	})
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
