package httputil

import (
	"net/netip"
	"strconv"
	"strings"
)

// forwardedField is the field of RFC 7239, the only one whose elements have parameters.
const forwardedField = "Forwarded"

func isForwarded(name string) bool { return equalFold(name, forwardedField) }

// hop is what a proxy says of the request that came to it.
type hop struct {
	addr           netip.AddrPort // of its peer, invalid if it is none
	protocol, host string
}

// backwards goes through the elements of a list that may stand in several fields, from the last
// to the first. So what was there before a trusted proxy appended its element, an open quote, say,
// does not change how that is read.
type backwards struct {
	fields []Field // those that were not looked at
	name   string
	rest   string // of the field that is being read
	quoted bool   // commas may stand in quotes
}

// next returns the element before the last one that was returned; empty ones do not count (RFC
// 9110 §5.6.1).
func (b *backwards) next() (element string, ok bool) {
	for {
		for b.rest == "" {
			if len(b.fields) == 0 {
				return "", false
			}
			f := &b.fields[len(b.fields)-1]
			b.fields = b.fields[:len(b.fields)-1]
			if equalFold(f.Name, b.name) {
				b.rest = f.Value
			}
		}
		i := b.comma()
		element = TrimOWS(b.rest[i+1:])
		b.rest = b.rest[:max(i, 0)]
		if element != "" {
			return element, true
		}
	}
}

// comma returns the index of the last comma that divides elements, -1 if there is none.
func (b *backwards) comma() int {
	if !b.quoted {
		return strings.LastIndexByte(b.rest, ',')
	}
	for i := len(b.rest) - 1; i >= 0; i-- {
		switch b.rest[i] {
		case ',':
			return i
		case '"':
			i = openingQuote(b.rest[:i])
		}
	}
	return -1
}

// openingQuote returns the index of the last quote of s that no backslash escapes, -1 if
// there is none.
func openingQuote(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != '"' {
			continue
		}
		start := i
		for i > 0 && s[i-1] == '\\' {
			i--
		}
		if (start-i)%2 == 0 {
			return start
		}
	}
	return -1
}

func lastElement(h *Header, name string) string {
	b := backwards{fields: h.fields, name: name}
	element, _ := b.next()
	return element
}

func plainHop(element string) hop { return hop{addr: parseNode(element)} }

// forwardedHop parses forwarded-pairs (RFC 7239 §4). Whatever is malformed tells nothing. Addresses
// that should be in quotes are understood without them.
func forwardedHop(element string) (h hop) {
	var seen [3]bool
	for rest := element; ; {
		rest = strings.TrimLeft(rest, "; \t")
		if rest == "" {
			return h
		}
		name, after, ok := strings.Cut(rest, "=")
		if !ok || !IsToken(name) {
			return hop{}
		}
		value, after, ok := cutValue(after)
		if !ok {
			return hop{}
		}
		rest = strings.TrimLeft(after, " \t")
		if rest != "" && rest[0] != ';' {
			return hop{}
		}
		which := -1
		switch {
		case equalFold(name, "for"):
			which, h.addr = 0, parseNode(value)
		case equalFold(name, "proto"):
			which, h.protocol = 1, value
		case equalFold(name, "host"):
			which, h.host = 2, value
		}
		if which >= 0 && seen[which] { // not twice, says RFC 7239 §4
			return hop{}
		}
		if which >= 0 {
			seen[which] = true
		}
	}
}

// cutValue cuts a token or a quoted string off.
func cutValue(s string) (value, rest string, ok bool) {
	if s != "" && s[0] == '"' {
		return cutQuoted(s[1:])
	}
	i := 0
	for i < len(s) && (IsTokenByte(s[i]) || s[i] == ':' || s[i] == '[' || s[i] == ']') {
		i++
	}
	return s[:i], s[i:], i > 0
}

// cutQuoted cuts off what ends with a quote (RFC 9110 §5.6.4).
func cutQuoted(s string) (value, rest string, ok bool) {
	var plain []byte // what is copied already, because of an escape
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			if plain == nil {
				return s[:i], s[i+1:], true
			}
			return string(append(plain, s[from:i]...)), s[i+1:], true
		case '\\':
			if i+1 == len(s) {
				return "", "", false
			}
			plain = append(plain, s[from:i]...)
			i++
			from = i // the escaped byte itself
		}
	}
	return "", "", false
}

// maxNode is the length of the longest node with an address: IPv6 that ends in IPv4, brackets,
// and a port, which may be a name.
const maxNode = 128

// parseNode parses an address as proxies write it, with or without a port, IPv6 with or without
// brackets. A port that is hidden behind a name (RFC 7239 §6.3) is 0. Zones are a matter of
// the machine that wrote them, and refused.
func parseNode(s string) (none netip.AddrPort) {
	if s == "" || len(s) > maxNode {
		return none
	}
	host, port, hasPort := s, "", false
	bracketed := s[0] == '['
	if bracketed {
		inner, rest, ok := strings.Cut(s[1:], "]")
		if !ok || rest != "" && rest[0] != ':' {
			return none
		}
		host, hasPort = inner, rest != ""
		port = strings.TrimPrefix(rest, ":")
	} else if strings.Count(s, ":") == 1 {
		host, port, hasPort = strings.Cut(s, ":")
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" || bracketed && !a.Is6() {
		return none
	}
	var number uint64
	if hasPort && !strings.HasPrefix(port, "_") {
		if number, err = strconv.ParseUint(port, 10, 16); err != nil {
			return none
		}
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(number))
}

// protocolOf returns s if it is one of the two that there are.
func protocolOf(s string) string {
	switch {
	case equalFold(s, "https"):
		return "https"
	case equalFold(s, "http"):
		return "http"
	}
	return ""
}

// maxHost is the length of the longest host: a name of DNS and a port.
const maxHost = 253 + len(":65535")

// hostOf returns s if it is a host, with or without a port, and else "". What it lets pass may
// stand in a Location field.
func hostOf(s string) string {
	if s == "" || len(s) > maxHost {
		return ""
	}
	name, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.Contains(s[i:], "]") {
		name, port = s[:i], s[i+1:]
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return ""
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		if !ok || err != nil || !a.Is6() || a.Zone() != "" {
			return ""
		}
		return s
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return ""
		}
	}
	if name == "" {
		return ""
	}
	return s
}
