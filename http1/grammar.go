package http1

import (
	"math/bits"

	"eddy/httputil"
)

const (
	classTarget = 1 << iota // VCHAR: what may stand in a request target
	classPath               // the same without "?" and "#"
	className               // a registered name or IPv4 address, without the comma
	classHead               // anything that a head may hold
)

// classes is more generous with targets than RFC 3986, as browsers and clients are: quotes,
// bars and braces come unescaped. Bytes beyond ASCII and controls do not come.
//
// The comma is a sub-delim and so legal in a registered name, but in a Host field it is
// the mark of two fields joined by a proxy, one of which somebody else believes.
var classes = func() (t [256]uint8) {
	for c := range 256 {
		if c > ' ' && c < 0x7f {
			t[c] |= classTarget
			if c != '?' && c != '#' {
				t[c] |= classPath
			}
		}
		if httputil.IsValueByte(byte(c)) || c == '\r' || c == '\n' {
			t[c] |= classHead
		}
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			t[c] |= className
		}
	}
	for _, c := range "-._~!$&'()*+;=%" {
		t[c] |= className
	}
	return t
}()

// validHost reports whether s is what a Host field holds: a host with or without a port
// (RFC 9110 §7.2, RFC 3986 §3.2.2), or nothing. It looks at how the parts are told apart;
// whether such a host can exist is for a resolver to say.
func validHost(s string) bool {
	i := 0
	for i < len(s) && classes[s[i]]&className != 0 {
		i++
	}
	if i == len(s) || i > 0 && isPort(s[i:]) {
		return true
	}
	if s[0] != '[' {
		return isBareAddress(s)
	}
	for i = 1; i < len(s) && (classes[s[i]]&className != 0 || s[i] == ':'); i++ {
	}
	if i < 3 || i == len(s) || s[i] != ']' {
		return false
	}
	return i+1 == len(s) || isPort(s[i+1:])
}

// isPort reports whether s is a colon with a port or without one.
func isPort(s string) bool {
	for i := 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s[0] == ':'
}

// isBareAddress takes an IPv6 address without the brackets that it should have: some
// clients forget them, and no port can be meant.
func isBareAddress(s string) bool {
	colons := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ':':
			colons++
		case !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') && c != '.':
			return false
		}
	}
	return colons > 1
}

// isTarget reports whether s may stand between the spaces of a request line.
func isTarget(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&classTarget == 0 {
			return false
		}
	}
	return s != ""
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// valueEnd returns the index of the first byte at or after i that a field value may not
// hold, or len(s). It looks at eight bytes at a time: values are most of a head.
func valueEnd(s string, i int) int {
	for i+8 <= len(s) {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		del := w ^ 0x7f*everyByte
		// A high bit is left in each byte below 0x20 and in each that is DEL. Borrows may
		// add wrong marks, but only above a right one.
		marks := ((w-0x20*everyByte)&^w | (del-everyByte)&^del) & highBits
		if marks == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(marks) >> 3
		if s[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(s) && httputil.IsValueByte(s[i]) {
		i++
	}
	return i
}

// isFold compares s, which holds no control characters, with a word in lower case that is
// made of letters, digits and hyphens. Among such bytes setting one bit folds the case.
func isFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
