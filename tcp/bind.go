package tcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// samePortTries is how often another free port is tried when the one that the first socket
// got is taken in the other family.
const samePortTries = 20

// binder makes listening sockets.
type binder struct {
	options ListenOptions
	lookup  func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// target is one address to listen on.
type target struct{ network, host string }

func (b *binder) listenTCP(ctx context.Context, addr string) (*Listener, error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, err
	}
	targets, err := b.targets(ctx, host)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		origs, err := b.bind(ctx, host, targets, port)
		if err == nil {
			return newListener(origs...), nil
		}
		if port != 0 || try == samePortTries || !errors.Is(err, errInUse) {
			return nil, err
		}
	}
}

// targets returns what a host stands for, each address once, IPv4 first.
func (b *binder) targets(ctx context.Context, host string) ([]target, error) {
	if host == "" {
		return []target{{"tcp", ""}}, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []target{targetOf(a)}, nil
	}
	addrs, err := b.lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, a := range addrs {
		// macOS gives localhost an address of the link as well, which takes no part in this.
		if t := targetOf(a); !a.Is6() || !a.IsLinkLocalUnicast() {
			targets = append(targets, t)
		}
	}
	slices.SortStableFunc(targets, func(a, b target) int { return cmp.Compare(a.network, b.network) })
	var unique []target
	for _, t := range targets {
		if !slices.Contains(unique, t) {
			unique = append(unique, t)
		}
	}
	if unique == nil {
		return nil, &net.DNSError{Err: "no address to listen on", Name: host, IsNotFound: true}
	}
	return unique, nil
}

// targetOf names the family, because package net makes sockets for IPv6 alone only then.
func targetOf(a netip.Addr) target {
	if a = a.Unmap(); a.Is4() {
		return target{"tcp4", a.String()}
	}
	return target{"tcp6", a.String()}
}

// bind opens a socket for each target, on one port. It opens all or none.
func (b *binder) bind(ctx context.Context, host string, targets []target, port int) ([]net.Listener, error) {
	var origs []net.Listener
	var passed error // why a target was left out
	for _, t := range targets {
		orig, err := b.open(ctx, t.network, net.JoinHostPort(t.host, strconv.Itoa(port)))
		switch {
		case err == nil:
			origs = append(origs, orig)
			port = orig.Addr().(*net.TCPAddr).Port
		case passable(host, t, err):
			passed = cmp.Or(passed, err)
		default:
			closeAll(origs)
			return nil, err
		}
	}
	if origs == nil {
		return nil, passed
	}
	return origs, nil
}

// passable reports whether a listener can do without an address that cannot be had.
func passable(host string, t target, err error) bool {
	return errors.Is(err, errNoFamily) ||
		strings.EqualFold(host, "localhost") && t.host == "::1" && errors.Is(err, errNotAvail)
}

// open opens one socket. The kernel's limit of the backlog is package net's default.
func (b *binder) open(ctx context.Context, network, addr string) (net.Listener, error) {
	if b.options.ReusePort && reusePort == 0 {
		return nil, fmt.Errorf("this system has no sockets that share a port: %w", errors.ErrUnsupported)
	}
	config := net.ListenConfig{
		// For connections that package net accepts, which is so on Windows.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval},
		Control:         b.control,
	}
	orig, err := config.Listen(ctx, network, addr)
	if err != nil || b.options.Backlog <= 0 {
		return orig, err
	}
	if err := withSocket(orig, b.setBacklog); err != nil {
		orig.Close()
		return nil, err
	}
	return orig, nil
}

// control prepares a socket before it gets its address.
func (b *binder) control(network, _ string, c syscall.RawConn) (err error) {
	e := c.Control(func(fd uintptr) {
		if network == "unix" {
			setMode(fd, b.mode())
			return
		}
		setOptions(fd)
		if b.options.ReusePort {
			err = setReusePort(fd)
		}
	})
	return cmp.Or(e, err)
}

func (b *binder) setBacklog(fd uintptr) error { return setBacklog(fd, b.options.Backlog) }

// withSocket calls f with the descriptor of a listener.
func withSocket(l net.Listener, f func(fd uintptr) error) (err error) {
	s, ok := l.(syscall.Conn)
	if !ok {
		return nil
	}
	c, err := s.SyscallConn()
	if err != nil {
		return err
	}
	e := c.Control(func(fd uintptr) { err = f(fd) })
	return cmp.Or(e, err)
}

// IsValidIP reports whether s is an IPv4 address in four decimal numbers or an IPv6 address,
// without a zone. Any goroutine.
func IsValidIP(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}
