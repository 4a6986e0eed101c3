package httputil

import (
	"net/url"
	"strings"
)

// URLConcat adds arguments to the query of a URL, encoded and sorted by name. What the URL has
// stays byte for byte: its query, repeated names, its fragment.
func URLConcat(rawURL string, args url.Values) string {
	added := args.Encode()
	if added == "" {
		return rawURL
	}
	rest, fragment := rawURL, ""
	if i := strings.IndexByte(rawURL, '#'); i >= 0 {
		rest, fragment = rawURL[:i], rawURL[i:]
	}
	separator := "&"
	switch i := strings.IndexByte(rest, '?'); {
	case i < 0:
		separator = "?"
	case i == len(rest)-1 || rest[len(rest)-1] == '&':
		separator = ""
	}
	return rest + separator + added + fragment
}

// SplitHostPort splits "host:port". hasPort is false, and host the whole, if there is no port of digits up to
// 65535. An IPv6 address keeps its brackets; without them it has no port.
func SplitHostPort(hostport string) (host string, port int, hasPort bool) {
	i := strings.LastIndexByte(hostport, ':')
	if i <= 0 {
		return hostport, 0, false
	}
	host = hostport[:i]
	inBrackets := host[0] == '[' && host[len(host)-1] == ']'
	n, ok := parseDigits(hostport[i+1:])
	if !ok || n > 65535 || !inBrackets && strings.IndexByte(host, ':') >= 0 {
		return hostport, 0, false
	}
	return host, int(n), true
}
