package httpserver_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"context"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
	"eddy/loop"
	"eddy/tcp"
	"eddy/tcp/proxyproto"
)

// The preface may come in pieces, and with the first request behind it.
func TestH2C_ThePrefaceAtEverySplit(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	for split := 1; split <= len(http2.ClientPreface); split++ {
		conn, err := net.Dial("tcp", s.clear)
		if err != nil {
			t.Fatal(err)
		}
		pieces := &splitConn{Conn: conn, at: split}
		r := greetRaw(t, pieces)
		r.must(r.request(1, true, "GET", "/"))
		if f := r.await(isHeaders(1)); f == nil || f.(*http2.MetaHeadersFrame).PseudoValue("status") != "200" {
			t.Fatalf("split at %d: %v", split, f)
		}
		conn.Close()
	}
}

// splitConn makes two pieces of the first write, with time between for the server to see one.
type splitConn struct {
	net.Conn
	at int
}

func (c *splitConn) Write(p []byte) (int, error) {
	if c.at == 0 {
		return c.Conn.Write(p)
	}
	at := c.at
	c.at = 0
	if _, err := c.Conn.Write(p[:at]); err != nil {
		return 0, err
	}
	time.Sleep(2 * time.Millisecond) // the split is the same without it, but not seen
	n, err := c.Conn.Write(p[at:])
	return at + n, err
}

// What only begins like the preface is HTTP/1, and has its answers; by bytes one at a time, too.
func TestH2C_WhatIsNotThePreface(t *testing.T) {
	bubble(t, echo, httpserver.Options{H2C: true}, func(h *harness) {
		for _, sent := range []string{
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "PRI / HTTP/1.1\r\nHost: h\r\n\r\n",
		} {
			method, _, _ := strings.Cut(sent, " ")
			if got := h.send(h.connect(), sent); got != ok(method+" / ") {
				t.Errorf("%q: %q", sent, got)
			}
			p, got := h.connect(), ""
			for i := range len(sent) {
				got += h.send(p, sent[i:i+1])
			}
			if got != ok(method+" / ") {
				t.Errorf("%q by bytes: %q", sent, got)
			}
			if got := h.send(p, http2.ClientPreface); !strings.HasPrefix(got, "HTTP/1.1 505 ") {
				t.Errorf("a preface behind a request: %q", got)
			}
		}
		for i := 1; i < len(http2.ClientPreface); i++ { // a client that leaves, or stops
			leaves, stops := h.connect(), h.connect()
			h.send(stops, http2.ClientPreface[:i])
			leaves.Send(http2.ClientPreface[:i])
			leaves.CloseWrite()
			synctest.Wait()
			if !closed(leaves) {
				leaves.Take()
				time.Sleep(3 * time.Second) // it is drained after a 400 or 505
				if !closed(leaves) {
					t.Errorf("%d bytes of a preface, and the end: open", i)
				}
			}
			time.Sleep(httpserver.DefaultHeaderTimeout + time.Second)
			if got := h.take(stops); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
				t.Errorf("%d bytes of a preface: %q", i, got)
			}
		}
	})
}

// A connection that cannot leave its loop is dropped, and counted out once.
func TestH2C_AHandOverThatFails(t *testing.T) {
	bubble(t, echo, httpserver.Options{H2C: true}, func(h *harness) {
		p := h.connect() // of a fake, which releases nothing
		if got := h.send(p, http2.ClientPreface); got != "" || !closed(p) || h.srv.Connections() != 0 {
			t.Errorf("%q, closed: %v, %d connections", got, closed(p), h.srv.Connections())
		}
		if log := h.logs.Take(); !strings.Contains(log, "a connection was dropped") {
			t.Error(log)
		}
	})
}

func TestH2C_IsOffByDefault(t *testing.T) {
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		if got := h.send(h.connect(), http2.ClientPreface); !strings.HasPrefix(got, "HTTP/1.1 505 ") {
			t.Errorf("got %q", got)
		}
	})
}

// There is no upgrade (RFC 9113 §3.1): a request that asks for one is served as it is.
func TestH2C_NoUpgrade(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	conn, err := net.Dial("tcp", s.clear)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, resp); got != "GET / " || resp.StatusCode != 200 {
		t.Errorf("%d %q", resp.StatusCode, got)
	}
}

// The preface means nothing on a connection with TLS whose ALPN has not chosen HTTP/2.
func TestH2C_NotWithinTLS(t *testing.T) {
	o := tlsOptions(t)
	o.H2C = true
	s := serveHTTP2(t, echo, o)
	conn, err := dialTLS(s.secure)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, http2.ClientPreface)
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 505 {
		t.Errorf("%v, %v", resp, err)
	}
}

// Where the client is comes from a trusted proxy, for HTTP/2 as well.
func TestHTTP2_AddressesFromAProxy(t *testing.T) {
	who := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, r.RemoteAddr().String()+" "+r.Conn.LocalAddr().String())
	})
	const want = "192.0.2.7:1000 192.0.2.1:443"
	header := proxyproto.AppendV1(nil, netip.MustParseAddrPort("192.0.2.7:1000"), netip.MustParseAddrPort("192.0.2.1:443"))
	g, err := loop.NewGroup(1, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s := httpserver.New(who, httpserver.Options{Logger: quiet, H2C: true, TLS: testcert.Shared().Server(t)})
	defer s.Close()
	for scheme, serve := range map[string]func(*loop.Group, *tcp.Listener) error{"http": s.Serve, "https": s.ServeTLS} {
		l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l.UseProxyProtocol(tcp.ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		if err := serve(g, l); err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: testcert.Shared().Client(), Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP2(true)
		transport.Protocols.SetUnencryptedHTTP2(true)
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err == nil {
				conn.Write(header)
			}
			return conn, err
		}
		c := &http.Client{Transport: transport}
		if resp, got := mustGet(t, c, scheme+"://localhost/"); got != want || resp.ProtoMajor != 2 {
			t.Errorf("%s: %q by %s, want %q", scheme, got, resp.Proto, want)
		}
		c.CloseIdleConnections()
	}
}
