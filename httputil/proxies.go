package httputil

import (
	"fmt"
	"net/netip"
)

// Proxies says which peers are proxies, and which header fields of theirs are believed to tell
// of the client behind them. The zero value believes nobody. Do not change it while it is in
// use; any number of goroutines may use it then.
//
// Name a field only if the proxy sets it, or appends to it, in every request: one that it passes
// on as it came is the client's to choose. That is why each fact is taken from one field, and
// why none is believed by default.
//
// The fields are lists, and proxies append to them. They are read from their end: what the last
// trusted proxy saw counts, and nothing that stands before it. In the field "Forwarded" (RFC
// 7239) the parameters for, proto and host are read, those of the element that tells of the
// client; in every other, such as "X-Forwarded-For", "X-Real-Ip" or a provider's own, the elements
// themselves.
type Proxies struct {
	// Trusted are the networks of the proxies; see [ParseNetworks]. IPv4 is written as IPv4,
	// also if a socket shows it as IPv6.
	Trusted []netip.Prefix

	// Unix is whether peers by a Unix socket are trusted, too: its file says who may connect.
	Unix bool

	// AddrField names the field of the client's address: "X-Forwarded-For", say. Ports, and
	// IPv6 in brackets, are understood. Default: none, the peer is the client.
	AddrField string

	// ProtocolField names the field that says whether the client came by http or https:
	// "X-Forwarded-Proto", say. Its last element counts. Default: none.
	ProtocolField string

	// HostField names the field of the host that the client asked for, if the proxy does not
	// leave it in Host: "X-Forwarded-Host", say. Its last element counts. Default: none.
	HostField string
}

// Client is what [Proxies.Resolve] finds out about a client.
type Client struct {
	// Addr is the client's address, with port 0 if that was not told. It is the peer's if no
	// field says otherwise, and invalid if what a trusted proxy says is no address ("unknown",
	// say): a stranger must not pass for the proxy.
	Addr netip.AddrPort
	// Protocol is "http", "https", or "" if nothing was told.
	Protocol string
	// Host is the host that the client asked for, or "".
	Host string
}

// maxHops bounds the elements of a list that are looked at. More proxies in a row are a mistake
// or an attack, and the client is not known then.
const maxHops = 32

// Resolve tells by a request's header who its client is. remote and local are the addresses of
// the connection, both invalid for a Unix socket. ok is whether the peer is trusted; if it is
// not, its fields are not looked at. The cost is linear in the fields that are named.
func (p *Proxies) Resolve(remote, local netip.AddrPort, h *Header) (c Client, ok bool) {
	c.Addr = remote
	if !p.trusts(remote, local) {
		return c, false
	}
	if isForwarded(p.AddrField) || isForwarded(p.ProtocolField) || isForwarded(p.HostField) {
		p.resolveForwarded(h, &c)
	}
	if p.AddrField != "" && !isForwarded(p.AddrField) {
		if hop, found := p.walk(h, p.AddrField, plainHop); found {
			c.Addr = hop.addr
		}
	}
	if p.ProtocolField != "" && !isForwarded(p.ProtocolField) {
		c.Protocol = protocolOf(lastElement(h, p.ProtocolField))
	}
	if p.HostField != "" && !isForwarded(p.HostField) {
		c.Host = hostOf(lastElement(h, p.HostField))
	}
	return c, true
}

func (p *Proxies) resolveForwarded(h *Header, c *Client) {
	hop, found := p.walk(h, forwardedField, forwardedHop)
	if !found {
		return
	}
	if isForwarded(p.AddrField) {
		c.Addr = hop.addr
	}
	if isForwarded(p.ProtocolField) {
		c.Protocol = protocolOf(hop.protocol)
	}
	if isForwarded(p.HostField) {
		c.Host = hostOf(hop.host)
	}
}

// trusts reports whether a connection's peer is a proxy. A peer without an address is behind a
// Unix socket only if this end has none either: that of a connection that was reset is unknown, too.
func (p *Proxies) trusts(remote, local netip.AddrPort) bool {
	if !remote.IsValid() {
		return p.Unix && !local.IsValid()
	}
	return p.includes(remote.Addr())
}

func (p *Proxies) includes(a netip.Addr) bool {
	a = a.Unmap().WithZone("") // no network contains an address with a zone
	for i := range p.Trusted {
		if p.Trusted[i].Contains(a) {
			return true
		}
	}
	return false
}

// walk goes from proxy to proxy, from the last one to the first, and returns the first hop that is
// not a trusted proxy; if all are, the first of them. found is whether there is any.
func (p *Proxies) walk(h *Header, field string, parse func(element string) hop) (last hop, found bool) {
	elements := backwards{fields: h.fields, name: field, quoted: isForwarded(field)}
	for range maxHops {
		element, ok := elements.next()
		if !ok {
			return last, found
		}
		last, found = parse(element), true
		if !last.addr.IsValid() || !p.includes(last.addr.Addr()) {
			return last, true
		}
	}
	return hop{}, true
}

var (
	loopbackNetworks = []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	}
	privateNetworks = []netip.Prefix{ // RFC 1918, RFC 4193
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
	}
)

// ParseNetworks reads networks as a configuration has them: "192.0.2.0/24", "2001:db8::/32", single
// addresses, and the words "loopback" and "private" (RFC 1918, RFC 4193).
func ParseNetworks(networks ...string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, s := range networks {
		switch s {
		case "loopback":
			list = append(list, loopbackNetworks...)
			continue
		case "private":
			list = append(list, privateNetworks...)
			continue
		}
		network, ok := parseNetwork(s)
		if !ok {
			return nil, fmt.Errorf("httputil: %q is no network", s)
		}
		list = append(list, network)
	}
	return list, nil
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), a.Zone() == ""
	}
	n, err := netip.ParsePrefix(s)
	if err != nil {
		return n, false
	}
	if n.Addr().Is4In6() {
		const mapped = 96 // bits before the IPv4 address
		n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-mapped)
	}
	return n.Masked(), n.IsValid()
}
