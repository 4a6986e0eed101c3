package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"eddy/loop"
	"eddy/stream"
)

// DefaultDialTimeout is the time that Dial takes at most unless its options say otherwise.
const DefaultDialTimeout = 20 * time.Second

// DialOptions configures [Dial]. The zero value is good.
type DialOptions struct {
	// Loop is the loop of the stream. Default: that of the coroutine that the context
	// belongs to.
	Loop *loop.Loop
	// Timeout bounds all of Dial: looking up the name, connecting, TLS. Default: 20 seconds.
	// Negative: no limit but the context's.
	Timeout time.Duration
	// Resolver looks up names. Default: [DefaultResolver].
	Resolver Resolver
	// Family restricts the addresses to those of one family. Default: both.
	Family Family
	// LocalAddr is the address to connect from. Only addresses of its family are tried. Port 0
	// leaves the port to the system. A port without address (netip.AddrPortFrom(netip.Addr{},
	// 5000)) is one of the loopback address of either family. With a port, addresses are tried
	// one after another and none beside the other, because the port is taken meanwhile. It
	// means nothing to Unix sockets.
	LocalAddr netip.AddrPort
	// Allow, if not nil, is shown every address before any is connected to, in the form in
	// which it will be used (an IPv4 address is never in the form of IPv6, and "any
	// address" is the loopback one), and those that it has an error for are left out. It
	// guards against requests that shall not reach inner networks. Unix sockets, which it
	// cannot be shown, are refused. It runs on the calling goroutine.
	Allow func(netip.AddrPort) error
	// TLS, if not nil, secures the stream before Dial returns it. If it has no ServerName, a
	// copy with the host of the address is used, which the server's certificate must be
	// for; a Unix socket has none. See [stream.Stream.StartTLS].
	TLS *tls.Config
	// Control, if not nil, is called with each descriptor before it is bound and connected, as
	// that of [net.Dialer]; TCP_NODELAY and keep-alive have been set then. It runs on the
	// loop, or with the poller of package net in a goroutine, where a panic ends the program. It
	// must not block.
	Control func(network, address string, c syscall.RawConn) error
	// Attempt, if not nil, is told of every address that is being connected to ("tcp" and the address,
	// or "unix" and the path), and what it returns, if not nil, how that has ended:
	// with nil for the connection that Dial goes on with, and context.Canceled for one that was given up.
	// Both run on the loop and must not block.
	Attempt func(network, address string) (ended func(error))
}

// Dial connects to addr: "host:port" over TCP, where the host is a name or an address and the
// port a number or the name of a service, or "unix:" and the path of a Unix socket, which on
// Linux may begin with "@" for one that is no file. It parks the calling coroutine, or blocks
// any other goroutine; a plain callback of the loop must not call it. The stream belongs to
// o.Loop, or else to the loop of the coroutine.
//
// The addresses of a name are tried as RFC 8305 has it (happy eyeballs): the families by turns,
// the next address when the last one has had 250 milliseconds or any has failed, at most 8 at once and 16 of a
// family. The first connection wins, and the others are closed. A Unix socket
// whose listener is busy is asked again until the time is over.
//
// TCP_NODELAY is on. A silent peer is probed after a minute and then every 15 seconds.
// Errors are a *[DialError], but for [ErrNoLoop]. When ctx ends, what was begun is closed
// before Dial returns. Any goroutine.
func Dial(ctx context.Context, addr string, o DialOptions) (*stream.Stream, error) {
	l := o.Loop
	if l == nil {
		co := loop.FromContext(ctx)
		if co == nil {
			return nil, ErrNoLoop
		}
		l = co.Loop()
	}
	timeout := o.Timeout
	if timeout == 0 {
		timeout = DefaultDialTimeout
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	r := &race{loop: l, control: o.Control, attempt: o.Attempt, local: o.LocalAddr}
	if phase, err := r.aim(ctx, addr, &o); err != nil {
		return nil, &DialError{phase, addr, err}
	}
	s, err := r.deliver(ctx)
	if err != nil {
		return nil, &DialError{PhaseConnect, addr, err}
	}
	if o.TLS != nil {
		if err := s.StartTLS(ctx, stream.Client, serverNamed(o.TLS, addr)); err != nil {
			return nil, &DialError{PhaseTLS, addr, err}
		}
	}
	return s, nil
}

// serverNamed returns config with a name for the server.
func serverNamed(config *tls.Config, addr string) *tls.Config {
	if config.ServerName != "" || strings.HasPrefix(addr, "unix:") {
		return config
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return config // it was connected to, so there is none
	}
	config = config.Clone()
	config.ServerName = trimDot(host)
	return config
}

var (
	errUnixPath = &net.AddrError{Err: "invalid path of a Unix socket"}
	errUnixSeen = errors.New("a Unix socket cannot be shown to Allow")
	errNoLocal  = errors.New("no address of the family of LocalAddr")
)

// aim finds out what to connect to, or in which phase and why that is nothing.
func (r *race) aim(ctx context.Context, addr string, o *DialOptions) (Phase, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		switch {
		case path == "" || path == "@" || strings.IndexByte(path, 0) >= 0:
			return PhaseResolve, errUnixPath
		case o.Allow != nil:
			return PhaseAllow, errUnixSeen
		}
		r.path, r.local = path, netip.AddrPort{}
		r.plan.left = make([]netip.AddrPort, 1)
		return "", nil
	}
	addrs, err := resolve(ctx, addr, o)
	if err != nil {
		return PhaseResolve, err
	}
	if addrs = r.allowed(addrs, o.Allow); len(addrs) == 0 {
		return PhaseAllow, r.errs.err()
	}
	if addrs = reachable(addrs, o.LocalAddr.Addr().Unmap()); len(addrs) == 0 {
		return PhaseConnect, errNoLocal
	}
	r.plan.left = addrs
	r.plan.alone = o.LocalAddr.Port() != 0
	return "", nil
}

// resolve runs outside of the loop, because a resolver that blocks must not stop it.
func resolve(ctx context.Context, addr string, o *DialOptions) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(addr)
	if e, ok := errors.AsType[*net.AddrError](err); ok {
		return nil, &net.AddrError{Err: e.Err} // DialError has the address, quoted
	}
	port, err := lookUpPort(ctx, service)
	if err != nil {
		return nil, err
	}
	addrs, err := lookUp(ctx, o.Resolver, Query{host, port, o.Family})
	if err != nil {
		return nil, err
	}
	return interleave(addrs), nil
}

// allowed returns those addresses that allow lets pass, and notes the others.
func (r *race) allowed(addrs []netip.AddrPort, allow func(netip.AddrPort) error) []netip.AddrPort {
	if allow == nil {
		return addrs
	}
	kept := addrs[:0]
	for _, a := range addrs {
		if err := allow(a); err != nil {
			r.errs = append(r.errs, &attemptError{a, err})
		} else {
			kept = append(kept, a)
		}
	}
	return kept
}

// reachable returns those addresses that can be connected to from local, if that is one.
func reachable(addrs []netip.AddrPort, local netip.Addr) []netip.AddrPort {
	if !local.IsValid() {
		return addrs
	}
	kept := addrs[:0]
	for _, a := range addrs {
		if a.Addr().Is4() == local.Is4() {
			kept = append(kept, a)
		}
	}
	return kept
}
