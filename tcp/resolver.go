package tcp

import (
	"context"
	"net"
	"net/netip"
	"slices"
)

// Family restricts addresses to one of the two families of IP.
type Family uint8

// The families.
const (
	AnyFamily Family = iota
	IPv4
	IPv6
)

// has reports whether ip, which is unmapped, belongs to the family.
func (f Family) has(ip netip.Addr) bool {
	return ip.IsValid() && (f == AnyFamily || (f == IPv4) == ip.Is4())
}

// Query is what a [Resolver] is asked. Queries can be compared, and be the keys of a map.
type Query struct {
	// Host is a name in lower case and ASCII, never an address. A dot at its end says that the
	// name is complete.
	Host string
	// Port is not zero.
	Port   uint16
	Family Family
}

// Resolver finds the addresses of a name (Tornado's Resolver). A resolver has nothing to
// close: what it looks up ends with ctx.
type Resolver interface {
	// Resolve returns the addresses for q, best first. Port 0 in an address stands for
	// q.Port. A name that does not exist is a [net.DNSError] with IsNotFound. Whoever
	// gets the slice may change it. Called in a coroutine, Resolve should park, not block
	// (async.RunInExecutor). Any goroutine.
	Resolve(ctx context.Context, q Query) ([]netip.AddrPort, error)
}

// DefaultResolver is asked where no other one is named: a [SystemResolver]. Whoever
// replaces it does so before the first use.
var DefaultResolver Resolver = new(SystemResolver)

func orDefault(r Resolver) Resolver {
	if r == nil {
		return DefaultResolver
	}
	return r
}

// lookUp returns the addresses for q, whose host may be an address itself: that needs
// no resolver.
func lookUp(ctx context.Context, r Resolver, q Query) ([]netip.AddrPort, error) {
	if ip, err := netip.ParseAddr(q.Host); err == nil {
		return fitting(q, []netip.AddrPort{netip.AddrPortFrom(ip, q.Port)})
	}
	host, err := asciiHost(q.Host)
	if err != nil {
		return nil, err
	}
	q.Host = host
	addrs, err := orDefault(r).Resolve(ctx, q)
	if err != nil {
		return nil, err
	}
	return fitting(q, addrs)
}

// fitting returns those addresses that can be connected to, in the one form that each has:
// what looks at them later must not be fooled by another one.
func fitting(q Query, addrs []netip.AddrPort) ([]netip.AddrPort, error) {
	addrs = slices.Clone(addrs)
	kept := addrs[:0]
	for _, a := range addrs {
		ip, port := a.Addr().Unmap(), a.Port()
		if port == 0 {
			port = q.Port
		}
		if q.Family.has(ip) {
			kept = append(kept, netip.AddrPortFrom(concrete(ip), port))
		}
	}
	if len(kept) == 0 {
		return nil, &net.DNSError{Err: "no suitable address", Name: q.Host, IsNotFound: true}
	}
	return kept, nil
}

// concrete returns the address that a connection to ip leads to: to "any address" means to
// this machine.
func concrete(ip netip.Addr) netip.Addr {
	switch {
	case !ip.WithZone("").IsUnspecified():
		return ip
	case ip.Is4():
		return loopback4
	}
	return loopback6
}

var (
	loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	loopback6 = netip.IPv6Loopback()
)
