package tunnel

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

var ports = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// Address returns where to connect to for a proxy: the "host:port" of its URL, with the port of its
// scheme if it has none: 80, 443, 1080. It fails with an [*Error] if the scheme is not http, https,
// socks5 or socks5h, or there is no host. Any goroutine.
func Address(proxy *url.URL) (string, error) {
	port, err := checkScheme(proxy)
	if err == nil && proxy.Hostname() == "" {
		err = fault("the proxy's URL has no host")
	}
	if err != nil {
		return "", located(err, proxy, "")
	}
	if p := proxy.Port(); p != "" {
		port = p
	}
	return net.JoinHostPort(proxy.Hostname(), port), nil
}

func checkScheme(proxy *url.URL) (port string, err error) {
	port, ok := ports[proxy.Scheme]
	switch {
	case ok:
		return port, nil
	case proxy.Scheme == "socks4" || proxy.Scheme == "socks4a":
		return "", fault("SOCKS4 is not supported; SOCKS5 is")
	}
	return "", fault("a proxy's scheme is http, https, socks5 or socks5h")
}

// destination is what a tunnel leads to.
type destination struct {
	host string
	addr netip.Addr // valid if host is an address
	port uint16
}

// parseTarget reads "host:port". The host is an address, of IPv6 in brackets, or a name in ASCII.
func parseTarget(target string) (d destination, err error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return d, fault(`the target is not "host:port"`)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return d, fault("the target's port is not one of 1 to 65535")
	}
	d = destination{host: host, port: uint16(n)}
	if d.addr, err = netip.ParseAddr(host); err == nil && d.addr.Zone() != "" {
		return d, fault("the target's address has a zone, which means nothing to a proxy")
	}
	if strings.HasPrefix(target, "[") != d.addr.Is6() || !d.addr.IsValid() && !isName(host) {
		return d, fault("the target's host is neither an address nor a name")
	}
	return d, nil
}

// isName holds a name to what stands for itself in an authority (RFC 3986 §3.2.2): what else there
// is could be read as something else by the proxy.
func isName(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("-._~!$&'()*+,;=", c) < 0 {
			return false
		}
	}
	return s != ""
}

// Authority returns target in the form in which Open names it to an HTTP proxy, and Digest has to:
// "host:port", with IPv6 addresses in brackets and in their canonical form. It fails for what Open
// refuses. Any goroutine.
func Authority(target string) (string, error) {
	d, err := parseTarget(target)
	if err != nil {
		return "", located(err, nil, target)
	}
	return d.authority(), nil
}

// authority is the destination in authority-form (RFC 9112 §3.2.3).
func (d *destination) authority() string {
	host := d.host
	if d.addr.IsValid() {
		host = d.addr.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(d.port)))
}
