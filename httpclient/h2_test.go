package httpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/httputil"
)

// newH2 returns a server that speaks HTTP/2, and the configuration that trusts it.
func newH2(t *testing.T, f http.HandlerFunc) (*httptest.Server, *tls.Config) {
	s := httptest.NewUnstartedServer(f)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
}

func TestHTTP2_IsSpokenWhereItIsOffered(t *testing.T) {
	s, config := newH2(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %d", r.Proto, r.Method, r.URL, len(body))
		w.Header().Set("Sum", "12")
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{TLS: config})
		long := strings.Repeat("x", 1_000_000)
		for _, test := range []struct {
			r    *httpclient.Request
			want string
		}{
			{&httpclient.Request{URL: s.URL + "/a?b=c"}, "HTTP/2.0 GET /a?b=c 0"},
			{&httpclient.Request{Method: "POST", URL: s.URL, Body: []byte(long)}, "HTTP/2.0 POST / 1000000"},
			{&httpclient.Request{Method: "PUT", URL: s.URL, BodyReader: strings.NewReader(long)}, "HTTP/2.0 PUT / 1000000"},
		} {
			resp := fetched(t, ctx, c, test.r)
			if string(resp.Body) != test.want || resp.Version != httputil.HTTP20 || resp.Trailer.Get("Sum") != "12" {
				t.Errorf("%s %q, %v", resp.Version, resp.Body, resp.Trailer)
			}
		}
		plain := newClient(t, httpclient.Options{TLS: config, NoHTTP2: true})
		if resp := fetched(t, ctx, plain, &httpclient.Request{URL: s.URL}); resp.Version != httputil.HTTP11 {
			t.Error("not offered:", resp.Version)
		}
	})
}

func TestHTTP2_OneConnectionServesMany(t *testing.T) {
	var mu sync.Mutex
	peers := map[string]bool{}
	s, config := newH2(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		peers[r.RemoteAddr] = true
	})
	c := newClient(t, httpclient.Options{TLS: config})
	fetched(t, t.Context(), c, &httpclient.Request{URL: s.URL})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := c.Get(t.Context(), s.URL); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(peers) != 1 {
		t.Errorf("%d connections", len(peers))
	}
}

func TestHTTP2_StreamsWaitForTheirReader(t *testing.T) {
	s, config := newH2(t, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 5_000_000)) })
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{TLS: config})
		r, err := c.Stream(ctx, &httpclient.Request{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if n, err := io.Copy(io.Discard, r); n != 5_000_000 || err != nil {
			t.Error(n, err)
		}
	})
}

func TestHTTP2_EndsByLimits(t *testing.T) {
	hold := make(chan struct{})
	s, config := newH2(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			w.Write(make([]byte, 100_000))
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/cut":
			w.Write(make([]byte, 100_000))
			panic(http.ErrAbortHandler)
		default:
			w.(http.Flusher).Flush()
			<-hold
		}
	})
	defer close(hold)
	c := newClient(t, httpclient.Options{TLS: config, MaxBody: 10_000})
	for _, test := range []struct {
		path  string
		r     httpclient.Request
		phase httpclient.Phase
		err   error
	}{
		{"/large", httpclient.Request{}, httpclient.PhaseBody, httpclient.ErrBodyTooLarge},
		{"/abort", httpclient.Request{}, httpclient.PhaseHead, httpclient.ErrCut},
		{"/cut", httpclient.Request{MaxBody: -1}, httpclient.PhaseBody, httpclient.ErrCut},
		{"/hold", httpclient.Request{RequestTimeout: 50 * time.Millisecond}, httpclient.PhaseBody, httpclient.ErrTimeout},
		{"/hold", httpclient.Request{ReadTimeout: 50 * time.Millisecond}, httpclient.PhaseBody, httpclient.ErrTimeout},
	} {
		test.r.URL = s.URL + test.path
		_, err := c.Do(t.Context(), &test.r)
		if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != test.phase || !errors.Is(err, test.err) {
			t.Errorf("%s: %v", test.path, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Get(ctx, s.URL+"/hold"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
