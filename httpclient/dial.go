package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"time"

	"eddy/stream"
	"eddy/tcp"
)

// open makes a new connection for the hop on a loop.
func (h *hop) open(ctx context.Context, at *home) (*conn, error) {
	limit := h.connectTimeout
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &TimeoutError{"ConnectTimeout", limit})
		defer cancel()
	}
	c, err := h.dial(ctx, at)
	if err == nil {
		return c, nil
	}
	if cause, ok := errors.AsType[*TimeoutError](context.Cause(ctx)); ok && errors.Is(err, context.DeadlineExceeded) {
		err = &phaseError{phaseOf(err), cause}
	}
	return nil, err
}

func (h *hop) dial(ctx context.Context, at *home) (*conn, error) {
	began := time.Now()
	o := &at.client.options
	s, err := tcp.Dial(ctx, h.dialAddr(o), tcp.DialOptions{
		Loop:      at.loop,
		Timeout:   -1, // ctx has it
		Resolver:  timed{o.Resolver, began, &h.time.NameLookup, h.trace},
		Family:    h.key.family,
		LocalAddr: netip.AddrPortFrom(h.key.local, 0),
		Allow:     o.Allow,
		Attempt:   traceAttempts(h.trace),
	})
	if err != nil {
		return nil, err
	}
	h.time.Connect = time.Since(began)
	if h.key.scheme == "https" {
		traceHandshake(h.trace)
		if err := s.StartTLS(ctx, stream.Client, h.tlsConfig(o)); err != nil {
			traceSecured(h.trace, tls.ConnectionState{}, err)
			return nil, &phaseError{PhaseTLS, err}
		}
		h.time.AppConnect = time.Since(began)
	}
	c := &conn{Stream: s, home: at, key: h.key}
	return c, at.loop.Do(ctx, func(context.Context) error {
		if s.Closed() {
			return s.Err()
		}
		if state, ok := s.ConnectionState(); ok {
			c.secured = &state
			traceSecured(h.trace, state, nil)
		}
		if !at.add(c) {
			s.CloseNow()
			return ErrClosed
		}
		s.SetSink(c)
		s.Resume() // calls read only when they wait
		return nil
	})
}

// dialAddr returns what to connect to.
func (h *hop) dialAddr(o *Options) string {
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
	base := h.key.tls
	if base == nil {
		base = o.TLS
	}
	config := base.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = h.url.Hostname()
	}
	return config
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
		addrs, err := r.Resolve(ctx, q)
		*t.took = time.Since(t.began)
		return addrs, err
	}
	traceLookUp(t.trace, q.Host)
	addrs, err := r.Resolve(untraced{ctx}, q)
	*t.took = time.Since(t.began)
	traceFound(t.trace, addrs, err)
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
	if e, ok := errors.AsType[*phaseError](err); ok {
		return e.phase
	}
	if _, ok := errors.AsType[*sourceError](err); ok {
		return PhaseSend
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
