package proxyproto

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

const prefixV1 = "PROXY "

// parseV1 reads "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n" (section 2.1).
func parseV1(p []byte) (*Header, int, error) {
	if head := string(p[:min(len(p), len(prefixV1))]); !strings.HasPrefix(prefixV1, head) {
		return nil, 0, malformed("no signature")
	}
	p = p[:min(len(p), MaxV1)]
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		return needV1(p)
	}
	line, ok := strings.CutSuffix(string(p[:end]), "\r")
	if !ok || strings.Contains(line, "\r") {
		return nil, 0, malformed("the line does not end in CRLF")
	}
	h, err := parseLine(line[len(prefixV1):])
	return h, end + 1, err
}

// needV1 says how many bytes a line without an end has at least to come.
func needV1(p []byte) (*Header, int, error) {
	more := 2
	switch {
	case len(p) > 0 && p[len(p)-1] == '\r':
		more = 1
	case bytes.IndexByte(p, '\r') >= 0:
		return nil, 0, malformed("the line does not end in CRLF")
	}
	more = max(more, minV1-len(p))
	if len(p)+more > MaxV1 {
		return nil, 0, malformed("the line is too long")
	}
	return nil, more, nil
}

func parseLine(line string) (*Header, error) {
	h := &Header{Version: 1}
	if line == "UNKNOWN" || strings.HasPrefix(line, "UNKNOWN ") {
		return h, nil // whatever follows
	}
	f := strings.Split(line, " ")
	if len(f) != 5 || f[0] != "TCP4" && f[0] != "TCP6" {
		return nil, malformed("the line does not have its five fields")
	}
	var ok1, ok2 bool
	h.Source, ok1 = parseAddr(f[0], f[1], f[3])
	h.Destination, ok2 = parseAddr(f[0], f[2], f[4])
	if !ok1 || !ok2 {
		return nil, malformed("an address or port is none")
	}
	return h, nil
}

func parseAddr(family, addr, port string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Zone() != "" || a.Is4() != (family == "TCP4") {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || port != strconv.FormatUint(n, 10) { // no sign, no zeros before it
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), true
}

// AppendV1 appends the header of version 1 for a connection from src to dst; UNKNOWN if one
// is invalid.
func AppendV1(b []byte, src, dst netip.AddrPort) []byte {
	if !src.IsValid() || !dst.IsValid() {
		return append(b, prefixV1+"UNKNOWN\r\n"...)
	}
	s, d, four := sameFamily(src, dst)
	family := "TCP6"
	if four {
		family = "TCP4"
	}
	return fmt.Appendf(b, "%s%s %s %s %d %d\r\n", prefixV1, family, s, d, src.Port(), dst.Port())
}

// sameFamily returns the addresses as the header has them: both of IPv4, or both of IPv6.
func sameFamily(src, dst netip.AddrPort) (s, d netip.Addr, four bool) {
	s, d = src.Addr().Unmap().WithZone(""), dst.Addr().Unmap().WithZone("")
	if s.Is4() && d.Is4() {
		return s, d, true
	}
	return netip.AddrFrom16(s.As16()), netip.AddrFrom16(d.As16()), false
}
