package tcp

import (
	"context"
	"net"
	"net/netip"

	"eddy/async"
)

// SystemResolver asks package net, which asks what the system is set up to ask. Lookups run
// in goroutines, at most 256 of all system resolvers at once and the others in the order of
// their coming; 10,000 may wait, and one more fails with async.ErrExecutorFull. A lookup
// that ctx ends may go on for a while in its goroutine. The zero value is ready. Any
// goroutine.
type SystemResolver struct {
	// Net does the lookups. Default: net.DefaultResolver.
	Net *net.Resolver
}

// lookups bounds them, because each may hold a thread in the system's own resolver.
var lookups = async.Executor{Workers: 256}

var networks = [...]string{AnyFamily: "ip", IPv4: "ip4", IPv6: "ip6"}

// Resolve implements [Resolver].
func (r *SystemResolver) Resolve(ctx context.Context, q Query) ([]netip.AddrPort, error) {
	by := r.Net
	if by == nil {
		by = net.DefaultResolver
	}
	// Who waits may leave: nobody misses the error then.
	return async.RunInExecutor(async.Quiet(ctx), &lookups, func(ctx context.Context) ([]netip.AddrPort, error) {
		ips, err := by.LookupNetIP(ctx, networks[q.Family], q.Host)
		if err != nil {
			return nil, err
		}
		addrs := make([]netip.AddrPort, len(ips))
		for i, ip := range ips {
			addrs[i] = netip.AddrPortFrom(ip.Unmap(), q.Port)
		}
		return addrs, nil
	}).Wait(ctx)
}
