package proxyproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"net/netip"
)

const (
	// MaxV1 is the length of the longest header of version 1, CRLF included.
	MaxV1 = 107
	// MaxLength is how long the addresses and the extensions of version 2 may be together. Known
	// proxies stay below 600 bytes, but for client certificates.
	MaxLength = 4096
	// minV1 and headV2 are the lengths of the shortest headers.
	minV1  = len("PROXY UNKNOWN\r\n")
	headV2 = 16
)

// ErrMalformed is what all errors of Parse are (errors.Is). Their texts quote nothing that came
// from the other side.
var ErrMalformed = errors.New("malformed PROXY header")

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }

// Header is what a proxy says of a connection.
type Header struct {
	// Version is 1 or 2.
	Version int
	// Source is the client's address and Destination the one that it connected to. Both are
	// invalid if the proxy names none: it speaks for itself, as for a health check (LOCAL),
	// does not know (UNKNOWN), or its client came by something other than TCP. The connection's
	// own addresses count then.
	Source, Destination netip.AddrPort
	// Extensions are the type-length-value fields of version 2, well formed; see TLVs.
	Extensions []byte
}

// TLVs returns the types and values of the extensions, in their order. The values are
// slices of Extensions.
func (h *Header) TLVs() iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for rest := h.Extensions; len(rest) > 0; {
			kind, value, next, ok := cutTLV(rest)
			if !ok || !yield(kind, value) {
				return
			}
			rest = next
		}
	}
}

// cutTLV cuts the first field off.
func cutTLV(p []byte) (kind byte, value, rest []byte, ok bool) {
	if len(p) < 3 {
		return 0, nil, nil, false
	}
	n := 3 + int(binary.BigEndian.Uint16(p[1:]))
	if len(p) < n {
		return 0, nil, nil, false
	}
	return p[0], p[3:n], p[n:], true
}

// Parse reads the header at the beginning of p, which is the beginning of a connection.
//
//   - If it is complete, h is not nil and n is its length: what follows belongs to the connection.
//   - If it is not, h is nil and n is how many more bytes it has at least. Who reads just that many
//     takes nothing of what follows.
//   - If p does not begin a header, err says why.
//
// h shares no memory with p.
func Parse(p []byte) (h *Header, n int, err error) {
	if len(p) > 0 && p[0] == signature[0] {
		return parseV2(p)
	}
	return parseV1(p)
}
