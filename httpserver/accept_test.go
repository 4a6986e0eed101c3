package httpserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testlog"
	"eddy/loop"
	"eddy/tcp"
	"eddy/tcp/proxyproto"
)

var whoami = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	respond(w, 200, fmt.Sprintf("%v to %v", r.Conn.RemoteAddr(), r.Conn.LocalAddr()))
})

// exchangeOn sends one request, after some bytes, and returns the response's body.
func exchangeOn(t *testing.T, c net.Conn, before, request string) string {
	t.Helper()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(c, before+request)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestServe_ProxiedConnections(t *testing.T) {
	logs, logger := testlog.New()
	g, err := loop.NewGroup(2, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s := httpserver.New(whoami, httpserver.Options{Logger: logger})
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.UseProxyProtocol(tcp.ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	src, dst := netip.MustParseAddrPort("[2001:db8::1]:5000"), netip.MustParseAddrPort("[2001:db8::2]:443")
	proxied := dial()
	if got := exchangeOn(t, proxied, string(proxyproto.AppendV2(nil, src, dst, nil)), get); got != "[2001:db8::1]:5000 to [2001:db8::2]:443" {
		t.Errorf("got %q", got)
	}
	if got := exchangeOn(t, proxied, "", get); !strings.HasPrefix(got, "[2001:db8::1]:5000") {
		t.Errorf("the second request: %q", got)
	}
	check := dial() // the proxy's own
	if got, want := exchangeOn(t, check, "PROXY UNKNOWN\r\n", get), fmt.Sprintf("%v to %v", check.LocalAddr(), check.RemoteAddr()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	bad := dial()
	exchangeOn(t, bad, string(proxyproto.AppendV1(nil, src, dst)), "BAD\r\n\r\n")
	bad.Close()
	if text := logs.String(); !strings.Contains(text, "client=[2001:db8::1]:5000") {
		t.Errorf("the log names somebody else: %s", text)
	}
	if err := s.Shutdown(t.Context()); err != nil { // closes proxied connections that are idle, too
		t.Error(err)
	}
}

func TestServe_MaxConnections(t *testing.T) {
	g, err := loop.NewGroup(2, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s := httpserver.New(whoami, httpserver.Options{Logger: quiet, MaxConnections: 2})
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	for i, c := range conns {
		exchangeOn(t, c, "", get)
		if n := s.Connections(); n > 2 {
			t.Errorf("%d connections", n)
		}
		if i > 0 {
			conns[i-1].Close() // makes room for the next but one
		}
	}
}
