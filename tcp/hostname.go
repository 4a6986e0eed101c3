package tcp

import (
	"context"
	"net"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"eddy/async"
)

const (
	maxName  = 253 // RFC 1035 §2.3.4, without the dot at the end
	maxLabel = 63
)

// asciiHost returns a name as resolvers know it: in ASCII (RFC 5891 §5) and lower case.
// Names in ASCII pass as they are otherwise, because many in use are not strictly host
// names ("my_service").
func asciiHost(host string) (string, error) {
	if len(host) > 4*maxName {
		return "", invalid("host name is too long", host[:maxLabel]+"...")
	}
	name := strings.ToLower(host)
	if !isASCII(host) {
		if !utf8.ValidString(host) {
			return "", invalid("host name is not UTF-8", host)
		}
		var err error
		if name, err = idna.Lookup.ToASCII(host); err != nil {
			return "", invalid(err.Error(), host)
		}
	}
	labels := strings.Split(trimDot(name), ".")
	for _, label := range labels {
		switch {
		case label == "":
			return "", invalid("empty label in host name", host)
		case len(label) > maxLabel:
			return "", invalid("label of host name is too long", host)
		case strings.IndexFunc(label, notInName) >= 0:
			return "", invalid("invalid character in host name", host)
		}
	}
	switch {
	case len(trimDot(name)) > maxName:
		return "", invalid("host name is too long", host)
	case isNumber(labels[len(labels)-1]):
		// Some resolvers would take it for an address: 127.1, 0177.0.0.1, 2130706433.
		return "", invalid("neither a host name nor an address", host)
	}
	return name, nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func notInName(r rune) bool {
	return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}

// notInService is what no name of a service has, such as "http" and "whois++".
func notInService(r rune) bool {
	return notInName(r) && !('A' <= r && r <= 'Z' || r == '+' || r == '.')
}

// invalid returns an error that is safe in a log, whatever text is.
func invalid(why, text string) error { return &net.AddrError{Err: why, Addr: strconv.Quote(text)} }

// isNumber reports whether inet_aton would take label for a number.
func isNumber(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	if hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// services reads the system's list by itself: that needs no thread of the system's resolver.
var services = net.Resolver{PreferGo: true}

// lookUpPort returns the port that a number or the name of a service stands for.
func lookUpPort(ctx context.Context, service string) (uint16, error) {
	if n, err := strconv.ParseUint(service, 10, 16); err == nil && n > 0 {
		return uint16(n), nil
	}
	if strings.Trim(service, "+-0123456789") == "" || strings.IndexFunc(service, notInService) >= 0 {
		return 0, invalid("invalid port", service)
	}
	n, err := async.RunInExecutor(async.Quiet(ctx), &lookups, func(ctx context.Context) (int, error) {
		return services.LookupPort(ctx, "tcp", service)
	}).Wait(ctx)
	return uint16(n), err
}

// trimDot returns a name without the dot that says that it is complete.
func trimDot(host string) string { return strings.TrimSuffix(host, ".") }
