package http1

import (
	"math/bits"

	"eddy/httputil"
)

const (
	classTarget = 1 << iota // VCHAR: what may stand in a request target
	classPath               // the same without "?" and "#"
	classHost               // uri-host and port, without the comma
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
			t[c] |= classHost
		}
	}
	for _, c := range "-._~!$&'()*+;=%:[]" {
		t[c] |= classHost
	}
	return t
}()

// isHost reports whether s has only characters of a host with a port (RFC 3986 §3.2.2).
// Whether such a host can exist is for a resolver to say.
func isHost(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&classHost == 0 {
			return false
		}
	}
	return true
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
