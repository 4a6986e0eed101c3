package proxyproto_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"

	"eddy/tcp/proxyproto"
)

const sig = "\r\n\r\n\x00\r\nQUIT\n"

var (
	v4src = netip.MustParseAddrPort("192.0.2.1:56324")
	v4dst = netip.MustParseAddrPort("198.51.100.2:443")
	v6src = netip.MustParseAddrPort("[2001:db8::1]:1")
	v6dst = netip.MustParseAddrPort("[2001:db8::2]:65535")
	none  netip.AddrPort
)

// withSum returns a header whose checksum is right, or off by one.
func withSum(off uint32) string {
	ext := proxyproto.AppendTLV(nil, 0x02, []byte("example.com"))
	p := proxyproto.AppendV2(nil, v4src, v4dst, proxyproto.AppendTLV(ext, 0x03, make([]byte, 4)))
	sum := crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) + off
	binary.BigEndian.PutUint32(p[len(p)-4:], sum)
	return string(p)
}

var good = []struct {
	name, text string
	version    int
	src, dst   netip.AddrPort
	extensions int
}{
	{"v1 TCP4", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", 1, v4src, v4dst, 0},
	{"v1 TCP6", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", 1, v6src, v6dst, 0},
	{"v1 mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 56324 443\r\n", 1, v4src, v4dst, 0},
	{"v1 port 0", "PROXY TCP4 0.0.0.0 198.51.100.2 0 443\r\n", 1, netip.MustParseAddrPort("0.0.0.0:0"), v4dst, 0},
	{"v1 UNKNOWN", "PROXY UNKNOWN\r\n", 1, none, none, 0},
	{"v1 UNKNOWN and the longest line", "PROXY UNKNOWN " + strings.Repeat("f", 107-16) + "\r\n", 1, none, none, 0},
	{"v1 the longest of TCP6", "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", 1,
		netip.MustParseAddrPort("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"), netip.MustParseAddrPort("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"), 0},
	{"v2 TCP4", sig + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb", 2, v4src, v4dst, 0},
	{"v2 TCP6", string(proxyproto.AppendV2(nil, v6src, v6dst, nil)), 2, v6src, v6dst, 0},
	{"v2 LOCAL", sig + "\x20\x00\x00\x00", 2, none, none, 0},
	{"v2 LOCAL with addresses that are skipped", sig + "\x20\x11\x00\x0dxxxxxxxxxxxxx", 2, none, none, 0},
	{"v2 LOCAL of an unknown kind", sig + "\x20\xff\x00\x01x", 2, none, none, 0},
	{"v2 UNSPEC", sig + "\x21\x00\x00\x00", 2, none, none, 0},
	{"v2 datagrams", sig + "\x21\x12\x00\x0cxxxxxxxxxxxx", 2, none, none, 0},
	{"v2 Unix", sig + "\x21\x31\x00\xd8" + strings.Repeat("x", 216), 2, none, none, 0},
	{"v2 extensions", sig + "\x21\x11\x00\x14\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb" + "\x01\x00\x02h2\x04\x00\x00", 2, v4src, v4dst, 8},
	{"v2 checksum", withSum(0), 2, v4src, v4dst, 21},
	{"v2 the longest", string(proxyproto.AppendV2(nil, v4src, v4dst, proxyproto.AppendTLV(nil, 4, make([]byte, 4096-12-3)))), 2, v4src, v4dst, 4084},
}

// Every header is parsed whole, with bytes behind it, and by an exact reader; every prefix of it
// asks for no more bytes than it has.
func TestParse_AtEverySplit(t *testing.T) {
	for _, c := range good {
		t.Run(c.name, func(t *testing.T) {
			for end := range len(c.text) {
				h, n, err := proxyproto.Parse([]byte(c.text[:end]))
				if h != nil || err != nil || n < 1 || end+n > len(c.text) {
					t.Fatalf("after %d of %d bytes: %v, needs %d more, %v", end, len(c.text), h, n, err)
				}
			}
			for _, behind := range []string{"", "\r\n", "GET / HTTP/1.1\r\n\r\n", strings.Repeat("x", 5000)} {
				h, n, err := proxyproto.Parse([]byte(c.text + behind))
				if err != nil || h == nil || n != len(c.text) {
					t.Fatalf("%v, %d of %d bytes, %v", h, n, len(c.text), err)
				}
				if h.Version != c.version || h.Source != c.src || h.Destination != c.dst || len(h.Extensions) != c.extensions {
					t.Errorf("got %+v", h)
				}
			}
			if got := readExactly(t, c.text+"behind"); got != "behind" {
				t.Errorf("the exact reader left %q", got)
			}
		})
	}
}

// readExactly reads as many bytes as Parse asks for, and returns what is left.
func readExactly(t *testing.T, rest string) string {
	var p []byte
	for {
		h, n, err := proxyproto.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		if h != nil {
			return rest
		}
		p = append(p, rest[:n]...)
		rest = rest[n:]
	}
}

func TestParse_Malformed(t *testing.T) {
	for _, text := range []string{
		"G", "GET / HTTP/1.1\r\n", "proxy TCP4 ", "PROXX", "PROXY\t", " PROXY",
		"PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP5 192.0.2.1 198.51.100.2 56324 443\r\n",
		"PROXY UNKNOWNX\r\n", "PROXY tcp4 192.0.2.1 198.51.100.2 56324 443\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2\r 56324 443\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\rx",
		"PROXY TCP4  192.0.2.1 198.51.100.2 56324 443\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 \r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
		"PROXY TCP4 192.0.2.01 198.51.100.2 56324 443\r\n",
		"PROXY TCP4 192.0.2 198.51.100.2 56324 443\r\n",
		"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
		"PROXY TCP4 ::ffff:192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY TCP6 fe80::1%lo 2001:db8::2 1 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 01 443\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 \r\n",
		"PROXY UNKNOWN " + strings.Repeat("f", 107-15) + "\r\n",
		"PROXY UNKNOWN " + strings.Repeat("f", 92), // 106 bytes: one more cannot end it
		"\r\n\r\n\x00\r\nQUIX", "\r\r", "\rGET",
		sig + "\x11", sig + "\x22", sig + "\x2f", sig + "\x30",
		sig + "\x21\x11\x10\x01", sig + "\x20\x00\xff\xff",
		sig + "\x21\x11\x00\x0bxxxxxxxxxxx", sig + "\x21\x13\x00\x00", sig + "\x21\x41\x00\x00", sig + "\x21\x21\x00\x0cxxxxxxxxxxxx",
		sig + "\x21\x00\x00\x01\x01", sig + "\x21\x00\x00\x02\x01\x00", sig + "\x21\x00\x00\x03\x01\x00\x01", sig + "\x21\x00\x00\x04\x01\x00\x02x",
		sig + "\x21\x00\x00\x06\x03\x00\x03xxx", // a checksum of three bytes
		withSum(1),
	} {
		h, _, err := proxyproto.Parse([]byte(text))
		if h != nil || !errors.Is(err, proxyproto.ErrMalformed) {
			t.Errorf("%q: %v, %v", text, h, err)
		}
	}
}

func TestHeader_TLVs(t *testing.T) {
	ext := proxyproto.AppendTLV(proxyproto.AppendTLV(nil, 1, []byte("h2")), 0x20, nil)
	h, _, err := proxyproto.Parse(proxyproto.AppendV2(nil, v4src, v4dst, ext))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for kind, value := range h.TLVs() {
		got = append(got, string(kind)+"="+string(value))
	}
	if strings.Join(got, ",") != "\x01=h2, =" {
		t.Errorf("got %q", got)
	}
	for range h.TLVs() {
		break // a reader may stop early
	}
	for range (&proxyproto.Header{Extensions: []byte{1, 0xff}}).TLVs() {
		t.Error("a broken field was returned")
	}
}

func TestAppend_MixedAndMissingAddresses(t *testing.T) {
	for _, c := range []struct{ src, dst, wantSrc, wantDst netip.AddrPort }{
		{v4src, v4dst, v4src, v4dst},
		{v6src, v6dst, v6src, v6dst},
		{v4src, v6dst, v4src, v6dst}, // the IPv4 address is mapped, and comes back as it was
		{netip.AddrPortFrom(v6src.Addr().WithZone("eth0"), 1), v6dst, v6src, v6dst},
		{none, v4dst, none, none},
		{v4src, none, none, none},
	} {
		for _, p := range [][]byte{proxyproto.AppendV1(nil, c.src, c.dst), proxyproto.AppendV2(nil, c.src, c.dst, nil)} {
			h, n, err := proxyproto.Parse(p)
			if err != nil || h == nil || n != len(p) || h.Source != c.wantSrc || h.Destination != c.wantDst {
				t.Errorf("%v to %v: %+v, %v (%q)", c.src, c.dst, h, err, p)
			}
		}
	}
	long := proxyproto.AppendTLV(nil, 4, make([]byte, 70000))
	if h, _, err := proxyproto.Parse(proxyproto.AppendV2(nil, v4src, v4dst, long)); err != nil || h == nil || len(h.Extensions) != 0 {
		t.Errorf("extensions that nobody takes: %v, %v", h, err)
	}
}

// Parse never asks for more than the limits, never changes its mind as bytes come, and what it
// has read can be written again.
func FuzzParse(f *testing.F) {
	for _, c := range good {
		f.Add([]byte(c.text))
	}
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		before := bytes.Clone(p)
		h, n, err := proxyproto.Parse(p)
		if !bytes.Equal(p, before) {
			t.Fatal("the input was changed")
		}
		switch {
		case err != nil:
			if h != nil || !errors.Is(err, proxyproto.ErrMalformed) {
				t.Fatalf("%v, %v", h, err)
			}
		case h == nil:
			if n < 1 || len(p)+n > 16+proxyproto.MaxLength {
				t.Fatalf("after %d bytes it needs %d more", len(p), n)
			}
		default:
			checkHeader(t, p, h, n)
		}
	})
}

func checkHeader(t *testing.T, p []byte, h *proxyproto.Header, n int) {
	if n < 15 || n > len(p) {
		t.Fatalf("a header of %d bytes in %d", n, len(p))
	}
	for end := range n {
		if h, _, err := proxyproto.Parse(p[:end]); h != nil || err != nil {
			t.Fatalf("after %d of %d bytes: %v, %v", end, n, h, err)
		}
	}
	if h.Source.IsValid() != h.Destination.IsValid() || h.Source.Addr().Is4In6() || h.Source.Addr().Zone() != "" {
		t.Fatalf("addresses %v, %v", h.Source, h.Destination)
	}
	again, _, err := proxyproto.Parse(proxyproto.AppendV1(nil, h.Source, h.Destination))
	if err != nil || again.Source != h.Source || again.Destination != h.Destination {
		t.Fatalf("written again as version 1: %v, %v", again, err)
	}
	again, _, err = proxyproto.Parse(proxyproto.AppendV2(nil, h.Source, h.Destination, nil))
	if err != nil || again.Source != h.Source || again.Destination != h.Destination {
		t.Fatalf("written again as version 2: %v, %v", again, err)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range good[:1] {
		p := []byte(c.text)
		b.ReportAllocs()
		for b.Loop() {
			proxyproto.Parse(p)
		}
	}
}
