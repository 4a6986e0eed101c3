package tunnel_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"eddy/httputil"
	"eddy/internal/digest"
	"eddy/internal/testcert"
	"eddy/internal/tunnel"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// running is a loop for real sockets.
func running(t *testing.T) *loop.Loop {
	t.Helper()
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	t.Cleanup(func() { l.Close() })
	return l
}

// serve answers each connection in a goroutine.
func serve(t *testing.T, l net.Listener, answer func(net.Conn)) (addr string) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(time.Minute))
			wg.Go(func() {
				defer c.Close()
				answer(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil && strings.HasPrefix(addr, "[") {
		t.Skipf("no IPv6 here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	return l
}

// carry joins two connections until one of them ends.
func carry(a io.ReadWriteCloser, from io.Reader, b net.Conn) {
	var wg sync.WaitGroup
	wg.Go(func() { io.Copy(b, from); b.Close() })
	io.Copy(a, b)
	a.Close()
	wg.Wait()
}

// httpProxy is a proxy by net/http's server and Hijack. It wants credentials.
func httpProxy(w http.ResponseWriter, r *http.Request) {
	user, password, ok := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
	if r.Method != http.MethodConnect || !ok || user != "us" || password != "pass word" {
		w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
		return
	}
	to, err := net.Dial("tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	from, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		to.Close()
		return
	}
	fmt.Fprint(from, "HTTP/1.1 200 Connection established\r\n\r\n")
	carry(from, rw, to)
}

// socksProxy is a SOCKS5 server of few words.
func socksProxy(c net.Conn) {
	r := bufio.NewReader(c)
	read := func(n int) []byte {
		p := make([]byte, n)
		io.ReadFull(r, p)
		return p
	}
	if methods := read(int(read(2)[1])); string(methods) != "\x00\x02" {
		c.Write([]byte{5, 0xff})
		return
	}
	c.Write([]byte{5, 2})
	user := string(read(int(read(2)[1])))
	if password := string(read(int(read(1)[0]))); user != "us" || password != "pass word" {
		c.Write([]byte{1, 1})
		return
	}
	c.Write([]byte{1, 0})
	var host string
	switch read(4)[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	case 4:
		host = net.IP(read(16)).String()
	}
	port := read(2)
	to, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(int(port[0])<<8|int(port[1]))))
	if err != nil {
		c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	c.Write(append([]byte{5, 0, 0, 4}, make([]byte, 18)...))
	carry(c, r, to)
}

// proxies are the URLs of one proxy of each kind, without users.
func proxies(t *testing.T) []*url.URL {
	t.Helper()
	plain := httptest.NewServer(http.HandlerFunc(httpProxy))
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(httpProxy))
	secure.TLS = testcert.Shared().Server(t)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	socks := serve(t, listen(t, "127.0.0.1:0"), socksProxy)
	return []*url.URL{proxyURL(t, plain.URL), proxyURL(t, secure.URL), proxyURL(t, "socks5://"+socks), proxyURL(t, "socks5h://"+socks)}
}

// dial connects to a proxy.
func dial(t *testing.T, l *loop.Loop, proxy *url.URL) *stream.Stream {
	t.Helper()
	addr, err := tunnel.Address(proxy)
	if err != nil {
		t.Fatal(err)
	}
	o := tcp.DialOptions{Loop: l}
	if proxy.Scheme == "https" {
		o.TLS = trusting()
	}
	s, err := tcp.Dial(t.Context(), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Do(context.Background(), func(context.Context) error { s.CloseNow(); return nil }) })
	return s
}

func trusting() *tls.Config {
	c := testcert.Shared().Client()
	c.ServerName = "127.0.0.1"
	return c
}

func echo(c net.Conn) { io.Copy(c, c) }

// echoes fails if what is written does not come back.
func echoes(t *testing.T, s *stream.Stream) {
	t.Helper()
	if err := s.Write(t.Context(), []byte("hello")); err != nil {
		t.Error(err)
	} else if p, err := s.ReadBytes(t.Context(), 5); string(p) != "hello" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}

func TestOpen_ThroughProxies(t *testing.T) {
	l := running(t)
	plain := serve(t, listen(t, "127.0.0.1:0"), echo)
	secure := serve(t, tls.NewListener(listen(t, "127.0.0.1:0"), testcert.Shared().Server(t)), echo)
	for _, p := range proxies(t) {
		t.Run(p.Scheme, func(t *testing.T) {
			p.User = url.UserPassword("us", "pass word")
			_, port, _ := net.SplitHostPort(plain)
			for _, target := range []string{plain, "localhost:" + port} {
				s := dial(t, l, p)
				if err := tunnel.Open(t.Context(), s, p, target, tunnel.Options{}); err != nil {
					t.Fatal(err)
				}
				echoes(t, s)
			}
			if p.Scheme == "https" {
				return // a stream has TLS once
			}
			s := dial(t, l, p)
			if err := tunnel.Open(t.Context(), s, p, secure, tunnel.Options{}); err != nil {
				t.Fatal(err)
			}
			if err := s.StartTLS(t.Context(), stream.Client, trusting()); err != nil {
				t.Fatal(err)
			}
			echoes(t, s)
		})
	}
}

func TestOpen_ToIPv6(t *testing.T) {
	target := serve(t, listen(t, "[::1]:0"), echo)
	l := running(t)
	for _, p := range proxies(t) {
		p.User = url.UserPassword("us", "pass word")
		s := dial(t, l, p)
		if err := tunnel.Open(t.Context(), s, p, target, tunnel.Options{}); err != nil {
			t.Fatal(err)
		}
		echoes(t, s)
	}
}

func TestOpen_RefusedByProxies(t *testing.T) {
	l := running(t)
	gone := listen(t, "127.0.0.1:0")
	gone.Close()
	wants := map[string][2]string{
		"http":    {"status 407: the proxy wants credentials, or others", "status 502: the proxy cannot reach the target"},
		"https":   {"status 407: the proxy wants credentials, or others", "status 502: the proxy cannot reach the target"},
		"socks5":  {"the proxy has refused the user and password", "the target has refused the connection"},
		"socks5h": {"the proxy has refused the user and password", "the target has refused the connection"},
	}
	for _, p := range proxies(t) {
		for i, password := range []string{"wrong secret", "pass word"} {
			p.User = url.UserPassword("us", password)
			err := tunnel.Open(t.Context(), dial(t, l, p), p, gone.Addr().String(), tunnel.Options{})
			want := fmt.Sprintf("tunnel: %s://%s to %q: %s", p.Scheme, p.Host, gone.Addr(), wants[p.Scheme][i])
			if err == nil || err.Error() != want {
				t.Errorf("%v\nwant %s", err, want)
			}
		}
	}
}

// A proxy of net/http keeps the connection of a refusal.
func TestOpen_SecondTryWithNetHTTP(t *testing.T) {
	l := running(t)
	target := serve(t, listen(t, "127.0.0.1:0"), echo)
	p := proxies(t)[0]
	s := dial(t, l, p)
	err := tunnel.Open(t.Context(), s, p, target, tunnel.Options{})
	if e, ok := err.(*tunnel.Error); !ok || e.Status != 407 || !e.KeepAlive {
		t.Fatalf("%+v", err)
	}
	p.User = url.UserPassword("us", "pass word")
	if err := tunnel.Open(t.Context(), s, p, target, tunnel.Options{}); err != nil {
		t.Fatal(err)
	}
	echoes(t, s)
}

// Digest with a proxy: the refusal, its answer on the same connection, and the tunnel.
func TestOpen_ByDigest(t *testing.T) {
	l := running(t)
	target := serve(t, listen(t, "127.0.0.1:0"), echo)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		hash := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
		list, err := httputil.ParseChallenges(r.Header.Get("Proxy-Authorization"))
		if err != nil || len(list) != 1 {
			w.Header().Set("Proxy-Authenticate", `Digest realm="p", nonce="n", qop="auth", algorithm=SHA-256`)
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		cnonce, _ := list[0].Params.Get("cnonce")
		want := hash(hash("u:p:secret") + ":n:00000001:" + cnonce + ":auth:" + hash("CONNECT:"+r.RequestURI))
		if got, _ := list[0].Params.Get("response"); got != want {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		r.SetBasicAuth("us", "pass word")
		r.Header.Set("Proxy-Authorization", r.Header.Get("Authorization"))
		httpProxy(w, r)
	}))
	t.Cleanup(server.Close)
	p := proxyURL(t, server.URL)
	s := dial(t, l, p)
	e, ok := errors.AsType[*tunnel.Error](tunnel.Open(t.Context(), s, p, target, tunnel.Options{}))
	if !ok || !e.KeepAlive {
		t.Fatalf("%+v", e)
	}
	list, err := httputil.ParseChallenges(e.Header.Values("Proxy-Authenticate")...)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := tunnel.Authority(target)
	if err != nil {
		t.Fatal(err)
	}
	a, err := digest.New("u", "secret", nil).Retry(list, nil, digest.Request{Method: "CONNECT", Target: authority})
	if err != nil {
		t.Fatal(err)
	}
	if err := tunnel.Open(t.Context(), s, p, target, tunnel.Options{Header: header(t, "Proxy-Authorization", a.Field)}); err != nil {
		t.Fatal(err)
	}
	echoes(t, s)
	if n := asked.Load(); n != 2 {
		t.Errorf("the proxy was asked %d times", n)
	}
}
