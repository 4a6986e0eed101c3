package tcp_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"

	"eddy/tcp"
)

func TestOverride_MostSpecificFirst(t *testing.T) {
	inner := &counting{answers: map[string][]netip.AddrPort{
		"other": addrs("192.0.2.77:0"), "name": addrs(a4), "xn--bcher-kva.example": addrs(b4), "self": addrs(c4)}}
	r := &tcp.OverrideResolver{Resolver: inner, Overrides: map[tcp.Query]string{
		{Host: "h"}:                             "10.0.0.1",
		{Host: "h", Port: 81}:                   "10.0.0.2",
		{Host: "h", Port: 81, Family: tcp.IPv6}: "2001:db8::3",
		{Host: "h", Family: tcp.IPv6}:           "[2001:db8::4]:99",
		{Host: "port"}:                          "10.0.0.5:8080",
		{Host: "service"}:                       "10.0.0.5:https",
		{Host: "alias"}:                         "other",
		{Host: "alias.port"}:                    "other:8080",
		{Host: "idn"}:                           "Bücher.example",
		{Host: "self"}:                          "self",
		{Host: "bad.port"}:                      "10.0.0.1:0",
		{Host: "bad.name"}:                      "a b",
		{Host: "four"}:                          "10.0.0.1",
		{Host: "mapped"}:                        "::ffff:10.0.0.6",
		{Host: "only.v4", Port: 80, Family: tcp.IPv4}: "10.0.0.7",
	}}
	for _, c := range []struct {
		q    tcp.Query
		want string
	}{
		{tcp.Query{Host: "h", Port: 80}, "10.0.0.1:80"},
		{tcp.Query{Host: "h.", Port: 80}, "10.0.0.1:80"},
		{tcp.Query{Host: "h", Port: 81}, "10.0.0.2:81"},
		{tcp.Query{Host: "h", Port: 81, Family: tcp.IPv4}, "10.0.0.2:81"},
		{tcp.Query{Host: "h", Port: 81, Family: tcp.IPv6}, "[2001:db8::3]:81"},
		{tcp.Query{Host: "h", Port: 80, Family: tcp.IPv6}, "[2001:db8::4]:99"},
		{tcp.Query{Host: "port", Port: 80}, "10.0.0.5:8080"},
		{tcp.Query{Host: "service", Port: 80}, "10.0.0.5:443"},
		{tcp.Query{Host: "alias", Port: 80}, "192.0.2.77:80"},
		{tcp.Query{Host: "alias.port", Port: 80}, "192.0.2.77:8080"},
		{tcp.Query{Host: "idn", Port: 80}, b4},
		{tcp.Query{Host: "self", Port: 80}, c4},
		{tcp.Query{Host: "name", Port: 80}, a4},
		{tcp.Query{Host: "mapped", Port: 80}, "10.0.0.6:80"},
		{tcp.Query{Host: "bad.port", Port: 80}, ""},
		{tcp.Query{Host: "bad.name", Port: 80}, ""},
		{tcp.Query{Host: "four", Port: 80, Family: tcp.IPv6}, ""},
		{tcp.Query{Host: "only.v4", Port: 80, Family: tcp.IPv4}, "10.0.0.7:80"},
	} {
		got, err := r.Resolve(t.Context(), c.q)
		if c.want == "" {
			if err == nil {
				t.Errorf("%+v: %v, want an error", c.q, got)
			}
		} else if err != nil || !slices.Equal(got, addrs(c.want)) {
			t.Errorf("%+v: %v, %v, want %s", c.q, got, err, c.want)
		}
	}
	if len(inner.calls) != 5 {
		t.Errorf("the inner resolver was asked for %v", inner.calls)
	}
}

// The names of this machine are the only ones that a test can count on.
func TestSystem_FindsLocalhost(t *testing.T) {
	r := new(tcp.SystemResolver)
	for family, want := range map[tcp.Family]string{tcp.AnyFamily: "127.0.0.1:80", tcp.IPv4: "127.0.0.1:80"} {
		got, err := r.Resolve(t.Context(), tcp.Query{Host: "localhost", Port: 80, Family: family})
		if err != nil || !slices.Contains(got, netip.MustParseAddrPort(want)) {
			t.Errorf("family %d: %v, %v", family, got, err)
		}
		for _, a := range got {
			if family == tcp.IPv4 && !a.Addr().Is4() || a.Addr().Is4In6() {
				t.Errorf("family %d: %v", family, a)
			}
		}
	}
}

// A server of names that never answers: the wait ends with its context, and the lookup, too.
func TestSystem_LookupEndsWithTheContext(t *testing.T) {
	begun, ended := make(chan bool, 100), make(chan bool, 100)
	r := &tcp.SystemResolver{Net: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		begun <- true
		<-ctx.Done()
		ended <- true
		return nil, ctx.Err()
	}}}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-begun
		cancel()
	}()
	if _, err := r.Resolve(ctx, query("name.example.")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	<-ended
}

// In a coroutine, also one that keeps its loop, a lookup lets the loop go on.
func TestSystem_LookupParks(t *testing.T) {
	l := dialLoop(t)
	refused, turned := errors.New("no server"), make(chan bool)
	r := &tcp.SystemResolver{Net: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		<-turned
		return nil, refused
	}}}
	err := l.Do(t.Context(), func(ctx context.Context) error {
		l.Post(func() { close(turned) })
		_, err := r.Resolve(ctx, query("name.example."))
		return err
	})
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		t.Errorf("the error is %v", err)
	}
}
