// Package ecosystem_test has libraries that are written for net/http run on Eddy, unchanged. It is
// a module of its own, so that the framework does not depend on them.
package ecosystem_test

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"eddy"
	"eddy/internal/leaktest"
	"eddy/internal/testcert"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// site is a server that is up, in clear or by TLS, with a client for it.
type site struct {
	url    string
	client *http.Client
}

// ws is the site's URL for WebSockets.
func (s *site) ws() string { return "ws" + strings.TrimPrefix(s.url, "http") }

// client makes one whose connections end with the test, before the server: so call it last.
func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{TLSClientConfig: testcert.Shared().Client(), DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// onEddy serves h on Eddy, in clear or by TLS.
func onEddy(t *testing.T, h http.Handler, secure bool) *site {
	t.Helper()
	options := eddy.Options{Loops: 2, Logger: slog.New(slog.DiscardHandler)}
	options.HTTP.TLS = testcert.Shared().Server(t)
	srv, err := eddy.New(h, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	listen, scheme := srv.Listen, "http://"
	if secure {
		listen, scheme = srv.ListenTLS, "https://"
	}
	addr, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &site{scheme + addr.String(), newClient(t)}
}

// onNetHTTP serves h on net/http.
func onNetHTTP(t *testing.T, h http.Handler, secure bool) *site {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if srv.TLS = testcert.Shared().Server(t); secure {
		srv.StartTLS()
	} else {
		srv.TLS = nil
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return &site{srv.URL, newClient(t)}
}

// onBoth runs a check of h on both servers: what net/http does not pass is no fair check.
func onBoth(t *testing.T, h func() http.Handler, check func(t *testing.T, s *site)) {
	t.Helper()
	t.Run("net/http", func(t *testing.T) { check(t, onNetHTTP(t, h(), false)) })
	t.Run("eddy", func(t *testing.T) { check(t, onEddy(t, h(), false)) })
	t.Run("eddy, TLS", func(t *testing.T) { check(t, onEddy(t, h(), true)) })
}

// get asks for a path, with header fields as name and value.
func (s *site) get(t *testing.T, path string, fields ...string) (*http.Response, string) {
	t.Helper()
	return s.do(t, "GET", path, "", fields...)
}

func (s *site) do(t *testing.T, method, path, body string, fields ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp, string(b)
}

// wantBody fails the test unless a GET of path is answered so.
func (s *site) wantBody(t *testing.T, path string, status int, text string) {
	t.Helper()
	resp, body := s.get(t, path)
	if resp.StatusCode != status || !strings.Contains(body, text) {
		t.Errorf("%s: %s, body %.200q; want %d and %q", path, resp.Status, body, status, text)
	}
}
