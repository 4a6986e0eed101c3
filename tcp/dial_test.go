package tcp_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"eddy/tcp"
)

func TestDial_RefusesBadAddresses(t *testing.T) {
	dialBubble(t, nil, func(d *dialing) {
		never := resolverFunc(func(_ context.Context, q tcp.Query) ([]netip.AddrPort, error) {
			t.Errorf("%+v was looked up", q)
			return nil, nil
		})
		for _, addr := range []string{
			"", "host", ":80", "host:", "host:0", "host:65536", "host:-1", "host:+80", "1.2.3.4:99999",
			"2001:db8::1:80", "[host:80", "a\x00b:80", "a b:80", "a/b:80", "user@host:80", "a..b:80", ".:80", ".a:80",
			"127.1:80", "0177.0.0.1:80", "2130706433:80", "0x7f.1:80", "0x7f000001:80", "1.2.3.4.:80", "１２７.１:80",
			"1.2.3.4%eth0:80", "[fe80::1%]:80", strings.Repeat("a", 64) + ":80", strings.Repeat("a.", 127) + "com:80", strings.Repeat("ä", 5000) + ":80",
			"a\nb", "a\nb:80", "a\nb:8:80", "host:8\n0", "host:\x1b[31m", "host:a b", "host:no-such-service",
			"a\xffb:80", "a\u202eb:80", "xn--ü:80", "unix:", "unix:@", "unix:/a\x00b",
		} {
			_, err := d.dial(context.Background(), addr, tcp.DialOptions{Resolver: never})
			var e *tcp.DialError
			if !errors.As(err, &e) || e.Phase != tcp.PhaseResolve || len(err.Error()) > len(addr)*4+600 {
				t.Errorf("%q: %v", addr, err)
			}
			if err != nil && strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("%q: a log would be confused by the error %q", addr, err)
			}
		}
		if len(d.begun) != 0 {
			t.Errorf("connections were begun to %v", d.begun)
		}
	})
}

func TestDial_FamilyAndLocalAddress(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::9")
	for _, c := range []struct {
		name    string
		options tcp.DialOptions
		begun   []string
		from    string // of the last attempt
	}{
		{"IPv4 only", tcp.DialOptions{Family: tcp.IPv4}, []string{a4 + " 0s", b4 + " 250ms"}, "invalid AddrPort"},
		{"IPv6 only", tcp.DialOptions{Family: tcp.IPv6}, []string{a6 + " 0s"}, "invalid AddrPort"},
		{"from IPv4", tcp.DialOptions{LocalAddr: netip.AddrPortFrom(v4, 0)}, []string{a4 + " 0s", b4 + " 250ms"}, "192.0.2.9:0"},
		{"from IPv4 in the form of IPv6", tcp.DialOptions{LocalAddr: netip.AddrPortFrom(netip.MustParseAddr("::ffff:192.0.2.9"), 0)},
			[]string{a4 + " 0s", b4 + " 250ms"}, "[::ffff:192.0.2.9]:0"},
		{"from IPv6", tcp.DialOptions{LocalAddr: netip.AddrPortFrom(v6, 0)}, []string{a6 + " 0s"}, "[2001:db8::9]:0"},
		{"from IPv4 to IPv6", tcp.DialOptions{LocalAddr: netip.AddrPortFrom(v4, 0), Family: tcp.IPv6}, nil, ""},
		{"from a port: none beside the other", tcp.DialOptions{LocalAddr: netip.AddrPortFrom(v4, 5000)}, []string{a4 + " 0s"}, "192.0.2.9:5000"},
		{"from a port of IPv6's loopback", tcp.DialOptions{LocalAddr: netip.AddrPortFrom(netip.Addr{}, 5000), Family: tcp.IPv6}, []string{a6 + " 0s"}, "[::1]:5000"},
		{"from a port of IPv4's loopback", tcp.DialOptions{LocalAddr: netip.AddrPortFrom(netip.Addr{}, 5000), Family: tcp.IPv4}, []string{a4 + " 0s"}, "127.0.0.1:5000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialBubble(t, nil, func(d *dialing) {
				c.options.Timeout = time.Second
				c.options.Resolver = names{"name": addrs(a6, a4, b4)}
				_, err := d.dial(context.Background(), "name:80", c.options)
				if err == nil || !slices.Equal(d.begun, c.begun) {
					t.Errorf("began %v, want %v; %v", d.begun, c.begun, err)
				}
				if n := len(d.from); n > 0 && d.from[n-1].String() != c.from {
					t.Errorf("connected from %v, want %v", d.from[n-1], c.from)
				}
			})
		})
	}
}

// What Allow is shown is what is connected to.
func TestDial_AllowSeesEachAddress(t *testing.T) {
	inner := errors.New("inner network")
	var seen []string
	outer := func(a netip.AddrPort) error {
		seen = append(seen, a.String())
		if ip := a.Addr(); ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			return inner
		}
		return nil
	}
	dialBubble(t, map[string]fate{a4: {}}, func(d *dialing) {
		resolver := names{
			"mixed": addrs("10.0.0.1:80", "[::ffff:10.0.0.2]:80", "[::1]:80", a4),
			"inner": addrs("[::ffff:127.0.0.1]:80", "0.0.0.0:80", "[::]:80"),
		}
		o := tcp.DialOptions{Resolver: resolver, Allow: outer}
		if won, err := d.dial(context.Background(), "mixed:80", o); won != a4 || err != nil {
			t.Errorf("connected to %q, %v", won, err)
		}
		if want := []string{"10.0.0.1:80", "[::1]:80", "10.0.0.2:80", a4}; !slices.Equal(seen, want) {
			t.Errorf("Allow saw %v, want %v", seen, want)
		}
		d.begun = nil
		for _, addr := range []string{"inner:80", "127.0.0.1:80", "[::ffff:10.0.0.1]:80", "0.0.0.0:80", "[::]:80", "[::%lo]:80", "[::1%lo]:80", "unix:/run/sock"} {
			seen = nil
			_, err := d.dial(context.Background(), addr, o)
			var e *tcp.DialError
			if !errors.As(err, &e) || e.Phase != tcp.PhaseAllow || !errors.Is(err, inner) && addr != "unix:/run/sock" {
				t.Errorf("%s: %v", addr, err)
			}
			for _, s := range seen {
				if strings.Contains(s, "ffff") || strings.HasPrefix(s, "0.0.0.0") || strings.HasPrefix(s, "[::]") || strings.HasPrefix(s, "[::%") {
					t.Errorf("%s: Allow saw %s", addr, s)
				}
			}
		}
		if len(d.begun) != 0 {
			t.Errorf("connections were begun to %v", d.begun)
		}
	})
}

// While a name is looked up the loop serves others.
func TestDial_LookingUpParks(t *testing.T) {
	dialBubble(t, map[string]fate{a4: {}}, func(d *dialing) {
		slow := &counting{after: time.Second, answers: map[string][]netip.AddrPort{"name": addrs(a4)}}
		var turned time.Duration
		d.loop.Post(func() { d.loop.CallLater(time.Millisecond, func() { turned = time.Since(d.start) }) })
		if _, err := d.dial(context.Background(), "name:80", tcp.DialOptions{Resolver: slow}); err != nil {
			t.Error(err)
		}
		if turned != time.Millisecond || time.Since(d.start) != time.Second {
			t.Errorf("a timer of 1ms ran after %v; the dial took %v", turned, time.Since(d.start))
		}
	})
}

func TestDial_AsksForTheNameAsResolversKnowIt(t *testing.T) {
	dialBubble(t, map[string]fate{a4: {}}, func(d *dialing) {
		for addr, want := range map[string]tcp.Query{
			"Example.COM:80":        {Host: "example.com", Port: 80},
			"example.com.:80":       {Host: "example.com.", Port: 80},
			"my_service:https":      {Host: "my_service", Port: 443},
			"Bücher.example:80":     {Host: "xn--bcher-kva.example", Port: 80},
			"bücher。example:80":     {Host: "xn--bcher-kva.example", Port: 80},
			"faß.de.:80":            {Host: "xn--fa-hia.de.", Port: 80},
			"1.2.3.4.example:65535": {Host: "1.2.3.4.example", Port: 65535},
			"7:80x":                 {},
		} {
			r := &counting{answers: map[string][]netip.AddrPort{want.Host: addrs(a4)}}
			_, err := d.dial(context.Background(), addr, tcp.DialOptions{Resolver: r})
			if want.Host == "" {
				if err == nil || len(r.calls) != 0 {
					t.Errorf("%s: looked up %v, %v", addr, r.calls, err)
				}
			} else if err != nil || !slices.Equal(r.calls, []tcp.Query{want}) {
				t.Errorf("%s: looked up %v, %v; want %v", addr, r.calls, err, want)
			}
		}
	})
}

func TestDial_WithoutAddresses(t *testing.T) {
	dialBubble(t, nil, func(d *dialing) {
		for name, r := range map[string]names{
			"none":                {},
			"invalid":             {"name": {netip.AddrPort{}, netip.AddrPortFrom(netip.Addr{}, 80)}},
			"of the other family": {"name": addrs(a6)},
		} {
			_, err := d.dial(context.Background(), "name:80", tcp.DialOptions{Resolver: r, Family: tcp.IPv4})
			var e *tcp.DialError
			var dns *net.DNSError
			if !errors.As(err, &e) || e.Phase != tcp.PhaseResolve || !errors.As(err, &dns) || !dns.IsNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
