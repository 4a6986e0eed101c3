package httputil_test

import (
	"net/netip"
	"strings"
	"testing"

	"eddy/httputil"
)

func networks(t testing.TB, list ...string) []netip.Prefix {
	t.Helper()
	n, err := httputil.ParseNetworks(list...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// peer parses an address with or without a port; "" is that of a Unix socket.
func peer(s string) netip.AddrPort {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 0)
	}
	a, _ := netip.ParseAddrPort(s)
	return a
}

var here = netip.MustParseAddrPort("10.0.0.9:80")

// lines makes a header of "Name: value" lines.
func lines(t testing.TB, list ...string) *httputil.Header {
	t.Helper()
	h := new(httputil.Header)
	for _, l := range list {
		name, value, _ := strings.Cut(l, ": ")
		if err := h.Add(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// The trusted proxies of these cases are 10.0.0.0/8 and fd00::/8. A client that is not known has
// the address "-".
var addressCases = []struct {
	name, peer, field string
	header            []string
	want              string
}{
	{"no field: the proxy speaks for itself", "10.0.0.1:5", "X-Forwarded-For", nil, "10.0.0.1:5"},
	{"one proxy", "10.0.0.1:5", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1:0"},
	{"a stranger is not believed", "192.0.2.66:5", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.66:5"},
	{"the field's name has any case", "10.0.0.1", "x-forwarded-FOR", []string{"X-FORWARDED-for: 192.0.2.1"}, "192.0.2.1:0"},
	{"another field is not believed", "10.0.0.1:5", "X-Forwarded-For", []string{"X-Real-Ip: 192.0.2.1", "Forwarded: for=192.0.2.1"}, "10.0.0.1:5"},
	{"the client's own entries", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 127.0.0.1, 10.0.0.7, 192.0.2.1"}, "192.0.2.1:0"},
	{"the client's own field", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 192.0.2.1"}, "192.0.2.1:0"},
	{"two proxies", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 8.8.8.8, 192.0.2.1, 10.0.0.2"}, "192.0.2.1:0"},
	{"two proxies, several fields", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 8.8.8.8, 192.0.2.1", "A: b", "X-Forwarded-For: 10.0.0.2"}, "192.0.2.1:0"},
	{"a trusted machine is the client", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 10.0.0.3, 10.0.0.2"}, "10.0.0.3:0"},
	{"spaces, tabs and empty elements", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: , 192.0.2.1\t ,, ,"}, "192.0.2.1:0"},
	{"nothing but commas", "10.0.0.1:5", "X-Forwarded-For", []string{"X-Forwarded-For: ,, ,", "X-Forwarded-For: "}, "10.0.0.1:5"},
	{"a port", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1:4711"}, "192.0.2.1:4711"},
	{"IPv6", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 2001:db8::1"}, "[2001:db8::1]:0"},
	{"IPv6 in brackets", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: [2001:db8::1]"}, "[2001:db8::1]:0"},
	{"IPv6 with a port", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: [2001:db8::1]:4711"}, "[2001:db8::1]:4711"},
	{"IPv4 as IPv6 is IPv4", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1, ::ffff:10.0.0.2"}, "192.0.2.1:0"},
	{"a proxy's IPv4 as IPv6", "::ffff:10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: ::ffff:192.0.2.1"}, "192.0.2.1:0"},
	{"a proxy by IPv6", "fd00::1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1, fd00::2"}, "192.0.2.1:0"},
	{"a proxy by IPv6 with a zone", "fd00::1%eth0", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1:0"},
	{"a zone is refused", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: fe80::1%<script>"}, "-"},
	{"a name is no address", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: www.example.com"}, "-"},
	{"a hidden client does not pass for its proxy", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1, unknown"}, "-"},
	{"nor behind two", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: unknown, 10.0.0.2"}, "-"},
	{"IPv4 in brackets", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: [192.0.2.1]"}, "-"},
	{"an open bracket", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: [2001:db8::1"}, "-"},
	{"text behind a bracket", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: [2001:db8::1]x"}, "-"},
	{"too large a port", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1:65536"}, "-"},
	{"a port with a sign", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1:+80"}, "-"},
	{"no port behind the colon", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1:"}, "-"},
	{"leading zeros, which some take for octal", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.02.01"}, "-"},
	{"a long one", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: " + strings.Repeat("1", 60_000)}, "-"},
	{"32 hops", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1" + strings.Repeat(", 10.0.0.2", 31)}, "192.0.2.1:0"},
	{"33 hops are an attack", "10.0.0.1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1" + strings.Repeat(", 10.0.0.2", 32)}, "-"},
	{"X-Real-Ip", "10.0.0.1", "X-Real-Ip", []string{"X-Forwarded-For: 8.8.8.8", "X-Real-Ip: 192.0.2.1"}, "192.0.2.1:0"},
	{"X-Real-Ip twice: the proxy's comes last", "10.0.0.1", "X-Real-Ip", []string{"X-Real-Ip: 8.8.8.8", "X-Real-Ip: 192.0.2.1"}, "192.0.2.1:0"},

	{"Forwarded", "10.0.0.1", "Forwarded", []string{"Forwarded: for=192.0.2.1"}, "192.0.2.1:0"},
	{"Forwarded: none", "10.0.0.1:5", "Forwarded", []string{"X-Forwarded-For: 192.0.2.1"}, "10.0.0.1:5"},
	{"Forwarded: all parameters", "10.0.0.1", "forwarded", []string{`FORWARDED: By=10.0.0.1;FOR="192.0.2.1:80"; proto=http ;host="h";ext="a,b;c=\"d"`}, "192.0.2.1:80"},
	{"Forwarded: IPv6 in quotes", "10.0.0.1", "Forwarded", []string{`Forwarded: for="[2001:db8::1]:4711"`}, "[2001:db8::1]:4711"},
	{"Forwarded: IPv6 without", "10.0.0.1", "Forwarded", []string{`Forwarded: for=[2001:db8::1]:4711`}, "[2001:db8::1]:4711"},
	{"Forwarded: a hidden port", "10.0.0.1", "Forwarded", []string{`Forwarded: for="192.0.2.1:_http"`}, "192.0.2.1:0"},
	{"Forwarded: a hidden client", "10.0.0.1", "Forwarded", []string{"Forwarded: for=192.0.2.1, for=_hidden"}, "-"},
	{"Forwarded: an unknown client", "10.0.0.1", "Forwarded", []string{"Forwarded: for=192.0.2.1, for=unknown"}, "-"},
	{"Forwarded: no for", "10.0.0.1", "Forwarded", []string{"Forwarded: for=192.0.2.1, proto=https"}, "-"},
	{"Forwarded: two proxies", "10.0.0.1", "Forwarded", []string{`Forwarded: for=8.8.8.8, for=192.0.2.1;by=_a`, `Forwarded: by=10.0.0.1;for="10.0.0.2:77"`}, "192.0.2.1:0"},
	{"Forwarded: a comma in quotes", "10.0.0.1", "Forwarded", []string{`Forwarded: for=192.0.2.1;host="a, for=8.8.8.8"`}, "192.0.2.1:0"},
	{"Forwarded: an escaped quote", "10.0.0.1", "Forwarded", []string{`Forwarded: for=192.0.2.1;host="a\", for=8.8.8.8"`}, "192.0.2.1:0"},
	{"Forwarded: an escaped backslash", "10.0.0.1", "Forwarded", []string{`Forwarded: for=8.8.8.8;host="\\", for=192.0.2.1`}, "192.0.2.1:0"},
	{"Forwarded: escapes in the address", "10.0.0.1", "Forwarded", []string{`Forwarded: for="\1\92.0.2\.1"`}, "192.0.2.1:0"},
	{"Forwarded: the client leaves a quote open", "10.0.0.1", "Forwarded", []string{`Forwarded: for="8.8.8.8, for=192.0.2.1`}, "192.0.2.1:0"},
	{"Forwarded: the client leaves an escape open", "10.0.0.1", "Forwarded", []string{`Forwarded: for="8.8.8.8\, for="[2001:db8::1]"`}, "[2001:db8::1]:0"},
	{"Forwarded: an open quote", "10.0.0.1", "Forwarded", []string{`Forwarded: for="192.0.2.1`}, "-"},
	{"Forwarded: a bare word", "10.0.0.1", "Forwarded", []string{`Forwarded: 192.0.2.1`}, "-"},
	{"Forwarded: for twice in one element", "10.0.0.1", "Forwarded", []string{`Forwarded: for=8.8.8.8;for=192.0.2.1`}, "-"},
	{"Forwarded: no value", "10.0.0.1", "Forwarded", []string{`Forwarded: for=`}, "-"},
	{"Forwarded: text behind a value", "10.0.0.1", "Forwarded", []string{`Forwarded: for="192.0.2.1"8`}, "-"},
	{"Forwarded: empty elements and pairs", "10.0.0.1", "Forwarded", []string{`Forwarded: ,for=192.0.2.1;;, ,`}, "192.0.2.1:0"},
}

func TestProxies_TellTheClientsAddress(t *testing.T) {
	for _, tt := range addressCases {
		p := &httputil.Proxies{Trusted: networks(t, "10.0.0.0/8", "fd00::/8"), AddrField: tt.field}
		c, _ := p.Resolve(peer(tt.peer), here, lines(t, tt.header...))
		got := "-"
		if c.Addr.IsValid() {
			got = c.Addr.String()
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if c.Protocol != "" || c.Host != "" {
			t.Errorf("%s: %q, %q, which nobody asked for", tt.name, c.Protocol, c.Host)
		}
	}
}

func TestProxies_TellProtocolAndHost(t *testing.T) {
	x := httputil.Proxies{AddrField: "X-Forwarded-For", ProtocolField: "X-Forwarded-Proto", HostField: "X-Forwarded-Host"}
	rfc := httputil.Proxies{AddrField: "Forwarded", ProtocolField: "Forwarded", HostField: "Forwarded"}
	mixed := httputil.Proxies{AddrField: "X-Forwarded-For", ProtocolField: "Forwarded"}
	for _, tt := range []struct {
		name           string
		proxies        httputil.Proxies
		header         []string
		protocol, host string
	}{
		{"none", x, nil, "", ""},
		{"both", x, []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: www.example.com"}, "https", "www.example.com"},
		{"the last element", x, []string{"X-Forwarded-Proto: https, http", "X-Forwarded-Host: evil, h:8080"}, "http", "h:8080"},
		{"the last field", x, []string{"X-Forwarded-Proto: http", "X-Forwarded-Proto: HTTPS", "X-Forwarded-Host: a", "X-Forwarded-Host: [2001:db8::1]:80"}, "https", "[2001:db8::1]:80"},
		{"no other protocol", x, []string{"X-Forwarded-Proto: javascript"}, "", ""},
		{"nor an earlier one then", x, []string{"X-Forwarded-Proto: https,wss"}, "", ""},
		{"no path", x, []string{"X-Forwarded-Host: h/evil"}, "", ""},
		{"no user", x, []string{"X-Forwarded-Host: user@h"}, "", ""},
		{"no space", x, []string{"X-Forwarded-Host: a b"}, "", ""},
		{"no name", x, []string{"X-Forwarded-Host: :80"}, "", ""},
		{"no number for a port", x, []string{"X-Forwarded-Host: h:http"}, "", ""},
		{"IPv6 without brackets", x, []string{"X-Forwarded-Host: ::1"}, "", ""},
		{"no address in brackets", x, []string{"X-Forwarded-Host: [evil]"}, "", ""},
		{"a long host", x, []string{"X-Forwarded-Host: " + strings.Repeat("a", 300)}, "", ""},
		{"the other family is not looked at", x, []string{"Forwarded: proto=https;host=evil"}, "", ""},
		{"Forwarded", rfc, []string{`Forwarded: for=192.0.2.1;proto=https;host="h:80"`}, "https", "h:80"},
		{"Forwarded: of the client's hop", rfc, []string{`Forwarded: for=8.8.8.8;proto=http;host=evil, for=192.0.2.1;proto=https;host=h, for=10.0.0.2;proto=http;host=inner`}, "https", "h"},
		{"Forwarded: of a hidden client", rfc, []string{`Forwarded: for=_x;proto=https;host=h`}, "https", "h"},
		{"Forwarded: twice", rfc, []string{`Forwarded: for=192.0.2.1;proto=http;proto=https`}, "", ""},
		{"Forwarded: for one of the facts", mixed, []string{"X-Forwarded-For: 192.0.2.1", "Forwarded: proto=https;host=evil"}, "https", ""},
		{"Forwarded: the client's X- fields", rfc, []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: evil"}, "", ""},
	} {
		tt.proxies.Trusted = networks(t, "10.0.0.0/8")
		c, ok := tt.proxies.Resolve(peer("10.0.0.1"), here, lines(t, tt.header...))
		if !ok || c.Protocol != tt.protocol || c.Host != tt.host {
			t.Errorf("%s: %q, %q, %v, want %q, %q", tt.name, c.Protocol, c.Host, ok, tt.protocol, tt.host)
		}
		if c, ok := tt.proxies.Resolve(peer("192.0.2.9"), here, lines(t, tt.header...)); ok || c.Protocol != "" || c.Host != "" {
			t.Errorf("%s: a stranger is believed: %+v", tt.name, c)
		}
	}
}

func TestProxies_TrustNobodyElse(t *testing.T) {
	h := lines(t, "X-Forwarded-For: 192.0.2.1")
	none, one := netip.AddrPort{}, networks(t, "10.0.0.1")
	for _, tt := range []struct {
		name          string
		proxies       httputil.Proxies
		remote, local netip.AddrPort
		want          bool
	}{
		{"the zero value", httputil.Proxies{}, peer("127.0.0.1"), here, false},
		{"one address", httputil.Proxies{Trusted: one}, peer("10.0.0.1"), here, true},
		{"its neighbour", httputil.Proxies{Trusted: one}, peer("10.0.0.2"), here, false},
		{"a Unix socket that is not trusted", httputil.Proxies{Trusted: networks(t, "0.0.0.0/0", "::/0")}, none, none, false},
		{"a Unix socket", httputil.Proxies{Unix: true}, none, none, true},
		{"TCP when Unix sockets are", httputil.Proxies{Unix: true}, peer("127.0.0.1"), here, false},
		{"a connection that was reset is no Unix socket", httputil.Proxies{Unix: true}, none, here, false},
		{"a network that is none", httputil.Proxies{Trusted: make([]netip.Prefix, 1)}, peer("0.0.0.0"), here, false},
	} {
		tt.proxies.AddrField = "X-Forwarded-For"
		c, ok := tt.proxies.Resolve(tt.remote, tt.local, h)
		if told := c.Addr == peer("192.0.2.1"); ok != tt.want || told != tt.want {
			t.Errorf("%s: trusted %v, client %v", tt.name, ok, c.Addr)
		}
	}
}

func TestParseNetworks(t *testing.T) {
	got := networks(t, "loopback", "192.0.2.7", "192.0.2.7/24", "::1", "2001:db8::1/32", "::ffff:10.1.2.3", "::ffff:10.1.2.3/104", "private")
	want := "127.0.0.0/8 ::1/128 192.0.2.7/32 192.0.2.0/24 ::1/128 2001:db8::/32 10.1.2.3/32 10.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7"
	var list []string
	for _, n := range got {
		list = append(list, n.String())
	}
	if s := strings.Join(list, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	for _, bad := range []string{"", "localhost", "10.0.0.0/33", "10.0.0", "fe80::1%eth0", "fe80::1%eth0/64", "::ffff:10.0.0.0/95", "10.0.0.0/8 "} {
		if n, err := httputil.ParseNetworks("loopback", bad); err == nil || n != nil {
			t.Errorf("%q: %v, %v", bad, n, err)
		}
	}
}

// Whatever a client sends, what its proxy appends to it counts.
func FuzzProxies(f *testing.F) {
	for _, tt := range addressCases {
		for _, line := range tt.header {
			_, value, _ := strings.Cut(line, ": ")
			f.Add(value, "")
		}
	}
	f.Add(`for="a\`, `"`)
	f.Add(`for="a`, `\",`)
	for _, appended := range []string{`for=192.0.2.1;proto=https`, `proto=https;for="192.0.2.1:0"`, `for=192.0.2.1;x="\"";proto="https"`} {
		f.Add(appended, appended)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		if !httputil.IsFieldValue(first) || !httputil.IsFieldValue(second) {
			t.Skip()
		}
		trusted := networks(t, "10.0.0.0/8")
		plain := httputil.Proxies{Trusted: trusted, AddrField: "X-Forwarded-For", ProtocolField: "X-Forwarded-Proto", HostField: "X-Forwarded-Host"}
		check(t, &plain, "192.0.2.1:0", "X-Forwarded-For: "+first, "X-Forwarded-Proto: "+first, "X-Forwarded-Host: "+first,
			"X-Forwarded-For: "+second+", 192.0.2.1", "X-Forwarded-Proto: "+second+",https", "X-Forwarded-Host: "+second+", h")
		rfc := httputil.Proxies{Trusted: trusted, AddrField: "Forwarded", ProtocolField: "Forwarded", HostField: "Forwarded"}
		for _, appended := range []string{`for=192.0.2.1;proto=https;host=h`, `host="h";by="_a\",b";for="192.0.2.1:0";proto="https"`} {
			check(t, &rfc, "192.0.2.1:0", "Forwarded: "+first, "Forwarded: "+second+", "+appended)
			check(t, &rfc, "192.0.2.1:0", "Forwarded: "+first, "Forwarded: "+second, "Forwarded: "+appended)
		}
		// Without the proxy's own word anything may come out, but nothing that is not clean.
		for _, p := range []*httputil.Proxies{&plain, &rfc} {
			c, _ := p.Resolve(peer("10.0.0.1"), here, lines(t, "Forwarded: "+first, "X-Forwarded-For: "+first, "X-Forwarded-Host: "+first))
			if strings.ContainsAny(c.Host, "/\\@,;\"<> \t") || c.Addr.Addr().Zone() != "" || c.Addr.Addr().Is4In6() {
				t.Errorf("%q gives %+v", first, c)
			}
		}
	})
}

func check(t *testing.T, p *httputil.Proxies, want string, header ...string) {
	t.Helper()
	c, ok := p.Resolve(peer("10.0.0.1"), here, lines(t, header...))
	if !ok || c.Addr.String() != want || c.Protocol != "https" || c.Host != "h" {
		t.Errorf("%q gives %+v", header, c)
	}
}

func BenchmarkProxies_Resolve(b *testing.B) {
	h := lines(b, "Host: h", "User-Agent: x", "Accept: */*", "X-Forwarded-For: 192.0.2.1, 10.0.0.2", "X-Forwarded-Proto: https",
		"Forwarded: for=192.0.2.1;proto=https, for=10.0.0.2")
	for _, field := range []string{"X-Forwarded-", "Forwarded"} {
		p := &httputil.Proxies{Trusted: networks(b, "loopback", "private"), AddrField: field, ProtocolField: field}
		if field != "Forwarded" {
			p.AddrField, p.ProtocolField = field+"For", field+"Proto"
		}
		b.Run(field, func(b *testing.B) {
			b.ReportAllocs()
			remote := peer("10.0.0.1")
			for b.Loop() {
				if c, ok := p.Resolve(remote, here, h); !ok || c.Protocol != "https" {
					b.Fatal(c)
				}
			}
		})
	}
}
