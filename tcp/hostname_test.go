package tcp_test

import (
	"net/netip"
	"strings"
	"testing"

	"eddy/tcp"
)

// What passes is a name that every resolver takes for the same, and never an address.
func FuzzAsciiHost(f *testing.F) {
	for _, s := range []string{"example.com", "Bücher.example.", "a..b", "1.2.3.4", "0x7f.1", "１２７。１", "xn--a", "_srv._tcp.a-b", "\xff", "a\x00", "ß", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, err := tcp.AsciiHost(host)
		if err != nil {
			return
		}
		if again, err := tcp.AsciiHost(name); again != name || err != nil {
			t.Errorf("%q becomes %q, and that %q, %v", host, name, again, err)
		}
		if _, err := netip.ParseAddr(strings.TrimSuffix(name, ".")); err == nil {
			t.Errorf("%q becomes the address %s", host, name)
		}
		if len(name) > 254 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			t.Errorf("%q becomes %q", host, name)
		}
	})
}
