package proxyproto

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"slices"
	"strings"
)

const signature = "\r\n\r\n\x00\r\nQUIT\n"

// Commands and kinds of addresses (section 2.2). The other kinds are datagrams and Unix sockets.
const (
	versionLocal = 0x20
	versionProxy = 0x21
	kindNone     = 0x00
	kindTCP4     = 0x11
	kindTCP6     = 0x21
)

// addressSizes are what the addresses of each kind take.
var addressSizes = map[byte]int{kindNone: 0, kindTCP4: 12, 0x12: 12, kindTCP6: 36, 0x22: 36, 0x31: 216, 0x32: 216}

// typeCRC32C is the extension that carries a checksum of the whole header (section 2.2.4).
const typeCRC32C = 0x03

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// parseV2 reads the signature, version and command, kind of addresses, length, addresses,
// extensions.
func parseV2(p []byte) (*Header, int, error) {
	if head := string(p[:min(len(p), len(signature))]); !strings.HasPrefix(signature, head) {
		return nil, 0, malformed("no signature")
	}
	if len(p) > 12 && p[12] != versionLocal && p[12] != versionProxy {
		return nil, 0, malformed("unknown version or command")
	}
	if len(p) < headV2 {
		return nil, headV2 - len(p), nil
	}
	length := int(binary.BigEndian.Uint16(p[14:]))
	if length > MaxLength {
		return nil, 0, malformed("it is too long")
	}
	if missing := headV2 + length - len(p); missing > 0 {
		return nil, missing, nil
	}
	h := &Header{Version: 2}
	p = p[:headV2+length]
	if p[12] == versionLocal {
		return h, len(p), nil // the rest is to be skipped
	}
	size, known := addressSizes[p[13]]
	if !known || length < size {
		return nil, 0, malformed("unknown kind of addresses, or too short for them")
	}
	h.setAddresses(p[13], p[headV2:])
	h.Extensions = bytes.Clone(p[headV2+size:])
	if err := checkTLVs(p, headV2+size); err != nil {
		return nil, 0, err
	}
	return h, len(p), nil
}

func (h *Header) setAddresses(kind byte, p []byte) {
	n := 0
	switch kind {
	case kindTCP4:
		n = 4
	case kindTCP6:
		n = 16
	default:
		return
	}
	src, _ := netip.AddrFromSlice(p[:n])
	dst, _ := netip.AddrFromSlice(p[n : 2*n])
	h.Source = netip.AddrPortFrom(src.Unmap(), binary.BigEndian.Uint16(p[2*n:]))
	h.Destination = netip.AddrPortFrom(dst.Unmap(), binary.BigEndian.Uint16(p[2*n+2:]))
}

// checkTLVs looks at the extensions of a whole header, which begin at start.
func checkTLVs(p []byte, start int) error {
	for rest := p[start:]; len(rest) > 0; {
		kind, value, next, ok := cutTLV(rest)
		if !ok {
			return malformed("an extension is longer than the header")
		}
		if kind == typeCRC32C && !sumIsRight(p, len(p)-len(next)-len(value), value) {
			return malformed("wrong checksum")
		}
		rest = next
	}
	return nil
}

// sumIsRight compares a checksum, which stands at a place in p, with that of p, where it counts
// as zeros.
func sumIsRight(p []byte, at int, sum []byte) bool {
	if len(sum) != 4 {
		return false
	}
	zeroed := slices.Clone(p)
	clear(zeroed[at : at+4])
	return crc32.Checksum(zeroed, castagnoli) == binary.BigEndian.Uint32(sum)
}

// AppendV2 appends the header of version 2 for a connection from src to dst, or LOCAL if one
// is invalid, with extensions made by [AppendTLV]. Extensions beyond what a reader takes
// ([MaxLength]) are left out.
func AppendV2(b []byte, src, dst netip.AddrPort, extensions []byte) []byte {
	b = append(b, signature...)
	if !src.IsValid() || !dst.IsValid() {
		return append(b, versionLocal, kindNone, 0, 0)
	}
	s, d, four := sameFamily(src, dst)
	kind := byte(kindTCP6)
	if four {
		kind = kindTCP4
	}
	if addressSizes[kind]+len(extensions) > MaxLength {
		extensions = nil
	}
	b = append(b, versionProxy, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(addressSizes[kind]+len(extensions)))
	b = append(append(b, s.AsSlice()...), d.AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	return append(b, extensions...)
}

// AppendTLV appends one extension. A value has 65535 bytes at most; the rest is cut off.
func AppendTLV(b []byte, kind byte, value []byte) []byte {
	value = value[:min(len(value), 1<<16-1)]
	b = binary.BigEndian.AppendUint16(append(b, kind), uint16(len(value)))
	return append(b, value...)
}
