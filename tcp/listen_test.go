package tcp_test

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"eddy/tcp"
)

func ipAddrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// needIPv6 skips a test where there is no loopback of IPv6.
func needIPv6(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	l.Close()
}

func portOf(a net.Addr) int { return a.(*net.TCPAddr).Port }

func TestListen_EveryAddressOfANameOnOnePort(t *testing.T) {
	needIPv6(t)
	for range 20 {
		l, err := tcp.ListenLookingUp(t.Context(), "name:0", tcp.ListenOptions{},
			ipAddrs("::1", "127.0.0.1", "::ffff:127.0.0.1", "::1", "fe80::1%lo0")...)
		if err != nil {
			t.Fatal(err)
		}
		all := l.Addrs()
		if len(all) != 2 || !all[0].(*net.TCPAddr).IP.Equal(net.IPv4(127, 0, 0, 1)) || !all[1].(*net.TCPAddr).IP.Equal(net.IPv6loopback) {
			t.Fatalf("listens on %v", all)
		}
		if portOf(all[0]) != portOf(all[1]) || portOf(all[0]) == 0 || l.Addr() != all[0] {
			t.Fatalf("ports of %v; Addr is %v", all, l.Addr())
		}
		lp, fds := accept(t, l)
		for _, a := range all {
			c, err := net.Dial("tcp", a.String())
			if err != nil {
				t.Fatal(err)
			}
			lp.Files().Close(<-fds)
			c.Close()
		}
		lp.Close()
		for _, a := range all {
			if c, err := net.Dial("tcp", a.String()); err == nil {
				c.Close()
				t.Errorf("%v is still listened on", a)
			}
		}
	}
}

// A port that is free in one family may be taken in the other.
func TestListen_TriesAnotherPortWhenTheSecondFamilyHasIt(t *testing.T) {
	needIPv6(t)
	var taken []net.Listener
	defer func() {
		for _, l := range taken {
			l.Close()
		}
	}()
	// Ports of Linux's range are given out unevenly, so a few thousand make a collision likely
	// and not certain: what must hold is that no call fails.
	for range 2000 {
		l, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			for _, l := range taken[len(taken)/2:] { // the limit of descriptors
				l.Close()
			}
			taken = taken[:len(taken)/2]
			break
		}
		taken = append(taken, l)
	}
	for range 100 {
		l, err := tcp.ListenLookingUp(t.Context(), "name:0", tcp.ListenOptions{}, ipAddrs("127.0.0.1", "::1")...)
		if err != nil {
			t.Fatal(err)
		}
		if all := l.Addrs(); len(all) != 2 || portOf(all[0]) != portOf(all[1]) {
			t.Errorf("listens on %v", all)
		}
		l.Close()
	}
}

func TestListen_AllOrNothing(t *testing.T) {
	needIPv6(t)
	held, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	_, port, _ := net.SplitHostPort(held.Addr().String())
	if _, err := tcp.ListenLookingUp(t.Context(), "name:"+port, tcp.ListenOptions{}, ipAddrs("127.0.0.1", "::1")...); err == nil {
		t.Fatal("listens on a port that is taken")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		t.Fatalf("the first family's socket is left: %v", err)
	}
	l.Close()
}

// 2001:db8::/32 is for documentation: nobody has such an address.
func TestListen_AddressesThatCannotBeHad(t *testing.T) {
	needIPv6(t)
	for _, c := range []struct {
		host string
		from []string
		want int // sockets; 0: an error
	}{
		{"localhost", []string{"127.0.0.1", "2001:db8::1"}, 0},
		{"name", []string{"2001:db8::1", "127.0.0.1"}, 0},
		{"name", nil, 0},
		{"name", []string{"fe80::1%lo0"}, 0},
		{"LocalHost", []string{"127.0.0.1", "::1"}, 2},
	} {
		l, err := tcp.ListenLookingUp(t.Context(), c.host+":0", tcp.ListenOptions{}, ipAddrs(c.from...)...)
		if got := err == nil; got != (c.want > 0) {
			t.Errorf("%s %v: %v", c.host, c.from, err)
		}
		if err == nil {
			if len(l.Addrs()) != c.want {
				t.Errorf("%s %v: listens on %v", c.host, c.from, l.Addrs())
			}
			l.Close()
		}
	}
}

func TestListen_PassesOverWhatTheSystemLacks(t *testing.T) {
	lacks, unset, other := tcp.ErrNoFamily, tcp.ErrNotAvail, fs.ErrPermission
	for _, c := range []struct {
		host, addr string
		err        error
		want       bool
	}{
		{"name", "::1", lacks, true},
		{"name", "127.0.0.1", lacks, true},
		{"localhost", "::1", unset, true},
		{"LOCALHOST", "::1", unset, true},
		{"name", "::1", unset, false},
		{"::1", "::1", unset, false},
		{"localhost", "127.0.0.1", unset, false},
		{"localhost", "::2", unset, false},
		{"localhost", "::1", other, false},
	} {
		err := &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", c.err)}
		if got := tcp.Passable(c.host, netip.MustParseAddr(c.addr), err); got != c.want {
			t.Errorf("%s, %s, %v: %v", c.host, c.addr, c.err, got)
		}
	}
}

func TestListen_FamiliesOfWildcards(t *testing.T) {
	needIPv6(t)
	for _, c := range []struct {
		addr      string
		four, six bool
	}{
		{":0", true, true},
		{"0.0.0.0:0", true, false},
		{"[::]:0", false, true},
		{"[::1]:0", false, true},
	} {
		l := listen(t, c.addr)
		port := l.Addr().String()[strings.LastIndexByte(l.Addr().String(), ':'):]
		if n := len(l.Addrs()); n != 1 {
			t.Errorf("%q has %d sockets", c.addr, n)
		}
		for addr, want := range map[string]bool{"127.0.0.1": c.four, "[::1]": c.six} {
			conn, err := net.Dial("tcp", addr+port)
			if got := err == nil; got != want && !(c.addr == ":0" && addr == "127.0.0.1" && runtime.GOOS == "openbsd") {
				t.Errorf("%q from %s: %v", c.addr, addr, err)
			}
			if err == nil {
				conn.Close()
			}
		}
		l.Close()
	}
}

func TestListen_ReusePort(t *testing.T) {
	first, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{ReusePort: true})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := tcp.Listen(t.Context(), first.Addr().String(), tcp.ListenOptions{ReusePort: true})
	if err != nil {
		t.Fatalf("the second socket: %v", err)
	}
	second.Close()
	if l, err := tcp.Listen(t.Context(), first.Addr().String(), tcp.ListenOptions{}); err == nil {
		l.Close()
		t.Error("a socket without the option took the port, too")
	}
	if _, err := tcp.Listen(t.Context(), "unix:x", tcp.ListenOptions{ReusePort: true}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a Unix socket: %v", err)
	}
}

func TestIsValidIP(t *testing.T) {
	good := []string{"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "::ffff:1.2.3.4"}
	bad := []string{"", " ", "\x00", "127.0.0.1\x00", "127.0.0.1\n", " 127.0.0.1", "localhost", "127.1", "1", "0x7f.0.0.1",
		"127.0.0.01", "256.0.0.1", "1.2.3.4.5", "1.2.3.4:80", "[::1]", "::1%lo", ":::", "4444:::", strings.Repeat("1", 5000), strings.Repeat("1:", 5000)}
	for _, s := range slices.Concat(good, bad) {
		if got, want := tcp.IsValidIP(s), slices.Contains(good, s); got != want {
			t.Errorf("%.40q: %v", s, got)
		}
	}
}
