package eddy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"eddy"
	"eddy/httpserver"
	"eddy/internal/testcert"
	"eddy/internal/testdir"
	"eddy/internal/testlog"
	"eddy/tcp"
	"eddy/web"
)

// serveTLS is serve for HTTPS.
func serveTLS(t *testing.T, h http.Handler, o eddy.Options) (*eddy.Server, string, *http.Client) {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet
	}
	if o.HTTP.TLS == nil {
		o.HTTP.TLS = testcert.Shared().Server(t)
	}
	s, err := eddy.New(h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	addr, err := s.ListenTLS(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := testcert.Shared().Client()
	config.NextProtos = []string{"http/1.1"}
	transport := &http.Transport{MaxIdleConnsPerHost: 100, TLSClientConfig: config}
	client := &http.Client{Transport: transport}
	t.Cleanup(client.CloseIdleConnections)
	return s, "https://" + addr.String(), client
}

func TestTLS_ManyClientsAtOnce(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := testcert.Shared().Server(t)
		config.MinVersion, config.MaxVersion = version, version
		s, url, client := serveTLS(t, app(echoes), eddy.Options{Loops: 2, HTTP: httpserver.Options{TLS: config}})
		manyClients(t, s, url, client, 10, 300_000)
	}
}

// A listener of one's own may have what an address cannot say, such as proxies that are trusted.
func TestServer_ServesListenersOfOnesOwn(t *testing.T) {
	who := app(func(_ context.Context, h *web.RequestHandler) error { return h.Text(h.Request.RemoteIP()) })
	s, _, _ := serveTLS(t, who, eddy.Options{})
	listener := func() *tcp.Listener {
		l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.UseProxyProtocol(tcp.ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}); err != nil {
			t.Fatal(err)
		}
		return l
	}
	for secure, serve := range map[bool]func(*tcp.Listener) error{false: s.Serve, true: s.ServeTLS} {
		l := listener()
		if err := serve(l); err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "PROXY TCP4 192.0.2.7 192.0.2.1 1000 443\r\n")
		if secure {
			c = tls.Client(c, testcert.Shared().Client())
		}
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if got, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(got), "\r\n192.0.2.7") {
			t.Errorf("TLS %v: %q, %v", secure, got, err)
		}
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Serve(listener()); !errors.Is(err, httpserver.ErrClosed) {
		t.Errorf("after Shutdown: %v", err)
	}
}

func TestTLS_HandlersSeeIt(t *testing.T) {
	mounted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.ServerName, " ", r.TLS.NegotiatedProtocol)
	})
	agreed := func(_ context.Context, h *web.RequestHandler) error {
		state := h.TLS()
		if state == nil {
			return h.Text("in clear")
		}
		return h.Text(fmt.Sprint(state.ServerName, " ", state.NegotiatedProtocol, " ", len(state.PeerCertificates)))
	}
	_, url, client := serveTLS(t, web.NewApplicationWith(web.Settings{Logger: quiet},
		web.Func("/agreed", agreed),
		web.Func("/protocol", func(_ context.Context, h *web.RequestHandler) error { return h.Text(h.Request.Protocol) }),
		web.Mount("/mounted", mounted)), eddy.Options{})
	for path, want := range map[string]string{"/protocol": "https", "/agreed": "localhost http/1.1 0", "/mounted": "localhost http/1.1"} {
		resp, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	_, clear, plain := serve(t, web.NewApplicationWith(web.Settings{Logger: quiet}, web.Func("/agreed", agreed),
		web.Mount("/mounted", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.TLS == nil) }))), eddy.Options{})
	for path, want := range map[string]string{"/agreed": "in clear", "/mounted": "true"} {
		resp, err := plain.Get(clear + path)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != want {
			t.Errorf("%s in clear: %q, want %q", path, got, want)
		}
	}
}

// The reason for it all: connections that only wait have no goroutine.
func TestTLS_IdleConnectionsHaveNoGoroutine(t *testing.T) {
	if os.Getenv("EDDY_POLLER") == "net" || runtime.GOOS == "windows" {
		t.Skip("package net cannot wait without a goroutine")
	}
	s, url, _ := serveTLS(t, app(func(_ context.Context, h *web.RequestHandler) error { return h.Text("x") }), eddy.Options{})
	dial := func() *tls.Conn {
		c, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), testcert.Shared().Client())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if _, err := c.Read(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	dial()
	before := runtime.NumGoroutine()
	const idle = 50
	for range idle {
		dial()
	}
	if n := s.Connections(); n != idle+1 {
		t.Errorf("%d connections", n)
	}
	if more := runtime.NumGoroutine() - before; more > idle/2 {
		t.Errorf("%d connections have brought %d goroutines", idle, more)
	}
}

func TestTLS_ShutdownSaysGoodbye(t *testing.T) {
	s, url, _ := serveTLS(t, app(func(_ context.Context, h *web.RequestHandler) error { return h.Text("x") }), eddy.Options{})
	raw, err := net.Dial("tcp", strings.TrimPrefix(url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	watched := &lastBytes{Conn: raw}
	c := tls.Client(watched, testcert.Shared().Client())
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	c.Read(make([]byte, 1000))
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after Shutdown: %d, %v", n, err)
	}
	// An alert of TLS 1.3: 5 bytes of header, 2 of alert, 1 of type, 16 of tag.
	if got := watched.last; len(got) < 24 || string(got[len(got)-24:len(got)-19]) != "\x17\x03\x03\x00\x13" {
		t.Errorf("the last bytes were %x, want a close_notify", got)
	}
}

// lastBytes keeps what was read last.
type lastBytes struct {
	net.Conn
	last []byte
}

func (c *lastBytes) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.last = bytes.Clone(p[:n])
	}
	return n, err
}

func TestListenTLS_NeedsAConfiguration(t *testing.T) {
	s, _, _ := serve(t, http.NotFoundHandler(), eddy.Options{})
	if _, err := s.ListenTLS(t.Context(), "127.0.0.1:0"); !errors.Is(err, httpserver.ErrNoTLS) {
		t.Error(err)
	}
}

func TestRunTLS(t *testing.T) {
	dir := testdir.New(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	err := eddy.RunTLS(t.Context(), "127.0.0.1:0", certFile, keyFile, http.NotFoundHandler())
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without files: %v", err)
	}
	cert, key := testcert.PEM(t, testcert.Shared().Issue(t, "localhost"))
	os.WriteFile(certFile, cert, 0o600)
	os.WriteFile(keyFile, key, 0o600)

	logs, logger := testlog.New()
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(logger)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- eddy.RunTLS(ctx, "127.0.0.1:0", certFile, keyFile, http.NotFoundHandler()) }()
	var url string
	for url == "" {
		runtime.Gosched()
		if _, after, ok := strings.Cut(logs.String(), "url="); ok {
			url, _, _ = strings.Cut(after, "\n")
		}
	}
	transport := &http.Transport{TLSClientConfig: testcert.Shared().Client(), DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Error(resp.Status)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
