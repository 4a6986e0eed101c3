package ecosystem_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"eddy/httpclient"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
)

// newTransport returns Eddy's client as an http.RoundTripper.
func newTransport(t *testing.T) http.RoundTripper {
	c := httpclient.New(httpclient.Options{TLS: testcert.Shared().Client()})
	t.Cleanup(func() { c.Close() })
	return &httpclient.Transport{Client: c}
}

// WebSockets of two libraries pass a proxy.
func TestProxy_WebSocket(t *testing.T) {
	throughProxy(t, gorillaEcho, gorillaClient)
	throughProxy(t, coderEcho, coderClient)
}

// A library whose client wants an http.Client upgrades by Eddy's.
func TestTransport_WebSocketClient(t *testing.T) {
	onBoth(t, coderEcho, func(t *testing.T, s *site) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c, _, err := coder.Dial(ctx, s.ws(), &coder.DialOptions{HTTPClient: &http.Client{Transport: newTransport(t)}, Subprotocols: []string{"echo"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		c.SetReadLimit(mostMessage)
		for _, n := range messageSizes {
			if err := c.Write(ctx, coder.MessageBinary, make([]byte, n)); err != nil {
				t.Fatal(err)
			}
			if _, p, err := c.Read(ctx); len(p) != n || err != nil {
				t.Fatalf("%d of %d bytes, %v", len(p), n, err)
			}
		}
		if err := c.Close(coder.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	})
}

// Interim heads, trailers, and both directions at once, piece by piece, through a proxy.
func TestProxy_FullDuplex(t *testing.T) {
	throughProxy(t, func() http.Handler { return httpserver.HTTPHandler(streaming) }, func(t *testing.T, s *site) {
		s.wantBody(t, "/early", 200, "ok")
		resp, body := s.get(t, "/small")
		if body != "small" || resp.Trailer.Get("X-Sum") != "1" {
			t.Errorf("small: %q, trailer %v", body, resp.Trailer)
		}
	})
	for name, byEddy := range map[string]bool{"net/http's client": false, "Eddy's client": true} {
		t.Run(name, func(t *testing.T) {
			proxy := proxyTo(t, onEddy(t, httpserver.HTTPHandler(streaming), false), byEddy)
			pieces(t, onEddy(t, proxy, false))
			pieces(t, onNetHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.NewResponseController(w).EnableFullDuplex()
				proxy.ServeHTTP(w, r)
			}), false))
		})
	}
}

// Who leaves the proxy ends the request behind it, whether it waits for the head or reads the body.
func TestProxy_ClientLeaves(t *testing.T) {
	begun, ended := make(chan struct{}, 1), make(chan error, 1)
	backend := func() http.Handler {
		return httpserver.HTTPHandler(httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			if r.Path == "/body" {
				var head httputil.Header
				w.WriteHead(200, "", &head, -1)
				w.Flush()
			}
			begun <- struct{}{}
			<-ctx.Done()
			ended <- ctx.Err()
		}))
	}
	throughProxy(t, backend, func(t *testing.T, s *site) {
		for _, path := range []string{"/head", "/body"} {
			ctx, cancel := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				<-begun
				cancel()
			}()
			if resp, err := s.client.Do(req); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if err := <-ended; err == nil {
				t.Errorf("%s: no end", path)
			}
			cancel()
		}
	})
}

// authority gives tokens that are good for one request, and serves those who have the present one.
func authority() (http.Handler, *atomic.Int32) {
	var given atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		grant := r.FormValue("grant_type")
		if !ok || id != "me" || secret != "secret" || grant == "refresh_token" && r.FormValue("refresh_token") != "again" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"access_token": fmt.Sprint(grant, given.Add(1)), "token_type": "Bearer", "refresh_token": "again", "expires_in": 1,
		})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Header.Get("Authorization"), b)
	})
	return mux, &given
}

func TestTransport_OAuth2(t *testing.T) {
	mux, given := authority()
	s := httptest.NewServer(mux)
	defer s.Close()
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: newTransport(t)})
	post := func(c *http.Client) string {
		resp, err := c.Post(s.URL, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	credentials := clientcredentials.Config{ClientID: "me", ClientSecret: "secret", TokenURL: s.URL + "/token", AuthStyle: oauth2.AuthStyleInHeader}
	c := credentials.Client(ctx)
	for i := range 2 { // a token is too old when it has come: see its expires_in
		if got, want := post(c), fmt.Sprintf("Bearer client_credentials%d body", i+1); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	config := oauth2.Config{ClientID: "me", ClientSecret: "secret", Endpoint: oauth2.Endpoint{TokenURL: s.URL + "/token", AuthStyle: oauth2.AuthStyleInHeader}}
	c = config.Client(ctx, &oauth2.Token{AccessToken: "old", RefreshToken: "again", Expiry: time.Now().Add(-time.Hour)})
	if got, want := post(c), "Bearer refresh_token3 body"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if n := given.Load(); n != 3 {
		t.Errorf("%d tokens", n)
	}
	credentials.ClientSecret = "wrong"
	if resp, err := credentials.Client(ctx).Get(s.URL); err == nil {
		resp.Body.Close()
		t.Error("a wrong secret")
	}
}
