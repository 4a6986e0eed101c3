package tcp

import (
	"context"
	"net"
	"net/netip"
)

// OverrideResolver answers some queries with other names or addresses, and asks another
// resolver for the rest (Tornado's OverrideResolver). Its fields must not change once it is
// used. Any goroutine.
type OverrideResolver struct {
	// Resolver is asked for names: those of queries without an override, and those that
	// overrides have. Default: [DefaultResolver].
	Resolver Resolver
	// Overrides says what stands for what: a host or "host:port", for a [Query]. In a
	// key, port zero stands for any port and AnyFamily for any family; a key with more in
	// it comes before one with less, and the port before the family. The key's host
	// is in lower case and ASCII, without a dot at its end. A value is not looked up here again.
	Overrides map[Query]string
}

// Resolve implements [Resolver].
func (r *OverrideResolver) Resolve(ctx context.Context, q Query) ([]netip.AddrPort, error) {
	value, ok := r.find(q)
	if !ok {
		return orDefault(r.Resolver).Resolve(ctx, q)
	}
	q.Host = value
	if _, err := netip.ParseAddr(value); err != nil { // no address alone: there may be a port
		if host, service, err := net.SplitHostPort(value); err == nil {
			port, err := lookUpPort(ctx, service)
			if err != nil {
				return nil, err
			}
			q.Host, q.Port = host, port
		}
	}
	return lookUp(ctx, r.Resolver, q)
}

func (r *OverrideResolver) find(q Query) (value string, ok bool) {
	host := trimDot(q.Host)
	for _, key := range [...]Query{{host, q.Port, q.Family}, {host, q.Port, AnyFamily}, {host, 0, q.Family}, {Host: host}} {
		if value, ok = r.Overrides[key]; ok {
			return value, true
		}
	}
	return "", false
}
