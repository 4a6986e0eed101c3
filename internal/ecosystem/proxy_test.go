package ecosystem_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"eddy/internal/testcert"
)

// proxyTo returns an httputil.ReverseProxy, over net/http's client or Eddy's.
func proxyTo(t *testing.T, s *site, byEddy bool) http.Handler {
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.RoundTripper(&http.Transport{TLSClientConfig: testcert.Shared().Client()})
	if byEddy {
		transport = newTransport(t)
	}
	t.Cleanup((&http.Client{Transport: transport}).CloseIdleConnections)
	return &httputil.ReverseProxy{
		Transport: transport, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() },
	}
}

// throughProxy runs a check of a backend behind a proxy, with Eddy as the one, the other, and both.
func throughProxy(t *testing.T, backend func() http.Handler, check func(t *testing.T, s *site)) {
	t.Helper()
	type serve = func(*testing.T, http.Handler, bool) *site
	for _, tt := range []struct {
		name        string
		front, back serve
		secure      bool
	}{
		{"without Eddy", onNetHTTP, onNetHTTP, false},
		{"in front of Eddy", onNetHTTP, onEddy, false},
		{"on Eddy", onEddy, onNetHTTP, false},
		{"on Eddy, both", onEddy, onEddy, false},
		{"on Eddy, both, by TLS", onEddy, onEddy, true},
	} {
		for name, byEddy := range map[string]bool{"": false, ", by Eddy's client": true} {
			t.Run(tt.name+name, func(t *testing.T) {
				check(t, tt.front(t, proxyTo(t, tt.back(t, backend(), tt.secure), byEddy), tt.secure))
			})
		}
	}
}

func TestProxy_BodiesAndTrailers(t *testing.T) {
	backend := func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Length")
			w.Header().Set("X-Seen", r.Host+" "+r.Header.Get("X-Forwarded-Proto"))
			b, err := io.ReadAll(r.Body)
			w.Write(b)
			w.Header().Set("X-Length", fmt.Sprint(len(b), err))
			w.Header().Set(http.TrailerPrefix+"X-Late", "yes")
		})
	}
	throughProxy(t, backend, func(t *testing.T, s *site) {
		body := strings.Repeat("0123456789abcdef", 1<<16)
		resp, got := s.do(t, "POST", "/x", body)
		if got != body {
			t.Errorf("%d of %d bytes", len(got), len(body))
		}
		if !strings.HasSuffix(resp.Header.Get("X-Seen"), s.url[:strings.Index(s.url, ":")]) {
			t.Errorf("the backend saw %q", resp.Header.Get("X-Seen"))
		}
		if tr := resp.Trailer; tr.Get("X-Length") != "1048576 <nil>" || tr.Get("X-Late") != "yes" {
			t.Errorf("trailer %v", tr)
		}
	})
}

// Each event arrives before the next one is sent, and the backend hears that the client has left.
func TestProxy_ServerSentEvents(t *testing.T) {
	left := make(chan error, 1)
	next := make(chan struct{})
	backend := func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for i := 0; ; i++ {
				fmt.Fprintf(w, "data: %d\n\n", i)
				w.(http.Flusher).Flush()
				select {
				case <-next:
				case <-r.Context().Done():
					left <- r.Context().Err()
					return
				}
			}
		})
	}
	throughProxy(t, backend, func(t *testing.T, s *site) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", s.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for i := range 5 {
			if i > 0 {
				next <- struct{}{}
			}
			if !lines.Scan() || lines.Text() != fmt.Sprint("data: ", i) {
				t.Fatalf("event %d: %q, %v", i, lines.Text(), lines.Err())
			}
			lines.Scan()
		}
		cancel()
		select {
		case <-left:
		case <-time.After(20 * time.Second):
			t.Error("the backend was not told")
		}
	})
}

// A response that breaks off must not arrive as if it were whole.
func TestProxy_BrokenResponse(t *testing.T) {
	backend := func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "part")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
	}
	throughProxy(t, backend, func(t *testing.T, s *site) {
		resp, err := s.client.Get(s.url)
		if err != nil {
			return // before the head went out: as good
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%q, and nothing is wrong", b)
		}
	})
}

func TestProxy_Upgrade(t *testing.T) {
	for server, h := range webSocketServers {
		t.Run(server, func(t *testing.T) { throughProxy(t, h, gorillaClient) })
	}
}
