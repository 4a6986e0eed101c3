package httpserver_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/nethttp"
	"eddy/loop"
	"eddy/tcp"
	"eddy/tcp/proxyproto"
)

// client answers with what is known of a request's client.
var client = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	_, proxied := r.Conn.(httputil.ProxiedConn)
	respond(w, 200, fmt.Sprintf("%s %s %s, proxied %v", r.RemoteIP(), r.Protocol, r.Host, proxied))
})

// hosted is the same for an http.Handler.
var hosted = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "%s %s %s %v", r.RemoteAddr, r.Host, r.URL, r.TLS != nil)
})

func believed(t *testing.T, networks ...string) *httputil.Proxies {
	t.Helper()
	list, err := httputil.ParseNetworks(networks...)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.Proxies{Trusted: list, Unix: len(list) == 0, AddrField: "X-Forwarded-For", ProtocolField: "X-Forwarded-Proto", HostField: "X-Forwarded-Host"}
}

func TestProxies_ChangeOneRequestOnly(t *testing.T) {
	for _, secure := range []string{"", "https"} {
		direct := "http"
		if secure != "" {
			direct = secure
		}
		bubble(t, client, httpserver.Options{Proxies: believed(t), Protocol: secure}, func(h *harness) {
			p := h.connect()
			for _, tt := range []struct{ fields, want string }{
				{"", "0.0.0.0 " + direct + " h, proxied true"},
				{"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer:8443\r\n", "192.0.2.1 https outer:8443, proxied true"},
				{"", "0.0.0.0 " + direct + " h, proxied true"},
				{"X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\n", "2001:db8::1 http h, proxied true"},
				{"X-Forwarded-For: hidden\r\nX-Forwarded-Host: /evil\r\n", "0.0.0.0 " + direct + " h, proxied true"},
			} {
				if got := h.send(p, "GET / HTTP/1.1\r\nHost: h\r\n"+tt.fields+"\r\n"); got != ok(tt.want) {
					t.Errorf("%q: got %q, want %q", tt.fields, got, tt.want)
				}
			}
		})
	}
}

const spoof = "GET /path?q HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\n\r\n"

func TestProxies_StrangersAreNotBelieved(t *testing.T) {
	for name, o := range map[string]httpserver.Options{
		"without the option":          {},
		"with proxies at TCP only":    {Proxies: believed(t, "0.0.0.0/0", "::/0")},
		"with proxies who are nobody": {Proxies: &httputil.Proxies{AddrField: "X-Forwarded-For"}},
	} {
		bubble(t, client, o, func(h *harness) {
			if got := h.send(h.connect(), spoof); got != ok("0.0.0.0 http h, proxied false") {
				t.Errorf("%s: %q", name, got)
			}
		})
	}
}

// A client may reset its connection before the server has asked for its address. What it sent
// first is served all the same, but not as if it had come by a Unix socket.
func TestProxies_AResetConnectionIsNoUnixSocket(t *testing.T) {
	bubble(t, client, httpserver.Options{Proxies: believed(t)}, func(h *harness) {
		fd, peer := h.fake.Socket()
		peer.SetLocalAddr(netip.MustParseAddrPort("127.0.0.1:80"))
		if err := h.srv.Take(h.group, fd, false); err != nil {
			t.Fatal(err)
		}
		if got := h.send(peer, spoof); got != ok("0.0.0.0 http h, proxied false") {
			t.Errorf("%q", got)
		}
	})
}

func TestProxies_HostedHandlersSeeTheClient(t *testing.T) {
	bubble(t, nethttp.Handler(hosted), httpserver.Options{Proxies: believed(t)}, func(h *harness) {
		p := h.connect()
		if got := h.send(p, spoof); !strings.HasSuffix(got, "\r\n192.0.2.1:0 outer https://outer/path?q false") {
			t.Errorf("%q", got)
		}
		if got := h.send(p, "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: unknown\r\n\r\n"); !strings.HasSuffix(got, "\r\n h http://h/ false") {
			t.Errorf("%q", got)
		}
	})
	bubble(t, nethttp.Handler(hosted), httpserver.Options{}, func(h *harness) {
		if got := h.send(h.connect(), spoof); !strings.HasSuffix(got, "\r\n h /path?q false") {
			t.Errorf("without proxies: %q", got)
		}
	})
}

// With PROXY headers the peer is whom the header names, and may be a proxy itself.
func TestProxies_BehindThePROXYProtocol(t *testing.T) {
	g, err := loop.NewGroup(1, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s := httpserver.New(client, httpserver.Options{Logger: quiet, Proxies: believed(t, "10.0.0.1", "loopback")})
	defer s.Close()
	for _, told := range []bool{false, true} {
		l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if told {
			if err := l.UseProxyProtocol(tcp.ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Serve(g, l); err != nil {
			t.Fatal(err)
		}
		ask := func(before, want string) {
			t.Helper()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := exchangeOn(t, c, before, spoof); got != want {
				t.Errorf("%q: %q, want %q", before, got, want)
			}
		}
		if !told {
			ask("", "192.0.2.1 https outer, proxied true")
			continue
		}
		src := func(a string) string {
			return string(proxyproto.AppendV1(nil, netip.MustParseAddrPort(a), netip.MustParseAddrPort("10.0.0.9:80")))
		}
		ask(src("10.0.0.1:5000"), "192.0.2.1 https outer, proxied true")
		ask(src("10.0.0.2:5000"), "10.0.0.2 http h, proxied false")
		ask("PROXY UNKNOWN\r\n", "192.0.2.1 https outer, proxied true") // the balancer itself, at loopback
	}
}

func TestOptions_ProtocolIsOneOfTwo(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	httpserver.New(client, httpserver.Options{Protocol: "HTTPS"})
}

// native is a handler for both engines.
type native struct{ httputil.Handler }

func (n native) ServeHTTP(w http.ResponseWriter, r *http.Request) { nethttp.Serve(w, r, n.Handler) }

func TestBehindProxies_UnderNetHTTP(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler http.Handler
		trusted string
		want    string
	}{
		{"Eddy's handler", native{client}, "loopback", "192.0.2.1 https outer, proxied true"},
		{"Eddy's handler, a stranger", native{client}, "10.0.0.0/8", "127.0.0.1 http h, proxied false"},
		{"an http.Handler", hosted, "loopback", "192.0.2.1:0 outer https://outer/path?q false"},
		{"an http.Handler inside of Eddy's", native{nethttp.Handler(hosted)}, "loopback", "192.0.2.1:0 outer https://outer/path?q false"},
	} {
		s := httptest.NewServer(httpserver.BehindProxies(tt.handler, believed(t, tt.trusted)))
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if got := exchangeOn(t, c, "", spoof); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		c.Close()
		s.Close()
	}
}

func TestBehindProxies_KeepsTheProxysAddress(t *testing.T) {
	var got, local string
	h := httpserver.BehindProxies(native{handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		got, local = r.Conn.RemoteAddr().String(), r.RemoteIP()
	})}, believed(t, "10.0.0.0/8"))
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:5000"
	r.Header.Set("X-Forwarded-For", "garbage")
	before := r.Clone(t.Context())
	h.ServeHTTP(httptest.NewRecorder(), r)
	httpserver.BehindProxies(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RemoteAddr != "" || r.URL.String() != "http://example.com/" {
			t.Errorf("an http.Handler sees %q, %q", r.RemoteAddr, r.URL)
		}
	}), believed(t, "10.0.0.0/8")).ServeHTTP(httptest.NewRecorder(), r)
	if got != "10.0.0.1:5000" || local != "0.0.0.0" {
		t.Errorf("proxy %s, client %s", got, local)
	}
	if r.RemoteAddr != before.RemoteAddr || r.Host != before.Host || *r.URL != *before.URL {
		t.Errorf("the caller's request was changed: %+v", r)
	}
}

func ExampleBehindProxies() {
	networks, err := httputil.ParseNetworks("loopback", "10.0.0.0/8")
	if err != nil {
		fmt.Println(err)
		return
	}
	proxies := &httputil.Proxies{Trusted: networks, AddrField: "X-Forwarded-For", ProtocolField: "X-Forwarded-Proto"}
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s by %s", r.RemoteAddr, r.URL.Scheme)
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.1.2.3:4567" // the proxy
	r.Header.Set("X-Forwarded-For", "127.0.0.1, 192.0.2.1:50000")
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	httpserver.BehindProxies(app, proxies).ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: 192.0.2.1:50000 by https
}
