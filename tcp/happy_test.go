package tcp_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"eddy/tcp"
)

func TestInterleave(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"4a", "4a"},
		{"6a 6b 4a 4b", "6a 4a 6b 4b"},
		{"4a 6a 6b 6c", "4a 6a 6b 6c"},
		{"4a 4b 4c 6a", "4a 6a 4b 4c"},
		{"6a 6a 4a 6a 4a 6b", "6a 4a 6b"},
	} {
		parse := func(s string) (list []netip.AddrPort) {
			for f := range strings.FieldsSeq(s) {
				ip := netip.AddrFrom4([4]byte{192, 0, 2, f[1]})
				if f[0] == '6' {
					ip = netip.AddrFrom16([16]byte{0x20, 1, 15: f[1]})
				}
				list = append(list, netip.AddrPortFrom(ip, 80))
			}
			return list
		}
		if got, want := tcp.Interleave(parse(c.in)), parse(c.want); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.in, got, want)
		}
	}
}
