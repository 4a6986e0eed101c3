package httpserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/httpserver"
	eddyutil "eddy/httputil"
	"eddy/internal/testcert"
)

// an early answer by a backend, through ReverseProxy on eddy, with clients that still upload; keep-alive client
func TestTmpProxyEarly(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/early" {
			w.WriteHeader(413)
			return
		}
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Log(err)
		}
		w.Write([]byte(r.URL.Path + string(b)))
	}))
	defer backend.Close()
	u, _ := url.Parse(backend.URL)
	rp := httputil.NewSingleHostReverseProxy(u)
	for _, secure := range []bool{false, true} {
		o := httpserver.Options{}
		a := testcert.Shared()
		scheme := "http"
		tr := &http.Transport{MaxIdleConnsPerHost: 10}
		if secure {
			o.TLS = a.Server(t)
			o.NoHTTP2 = true
			scheme = "https"
			tr.TLSClientConfig = a.Client()
		}
		_, l := served(t, httpserver.Handler(rp), "127.0.0.1:0", o)
		c := &http.Client{Transport: tr, Timeout: 20 * time.Second}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for j := range 60 {
					path := "/ok"
					if (i+j)%2 == 0 {
						path = "/early"
					}
					pr, pw := io.Pipe()
					go func() {
						for range 5 {
							io.WriteString(pw, strings.Repeat("x", 3000))
							time.Sleep(time.Millisecond)
						}
						pw.Close()
					}()
					req, _ := http.NewRequest("POST", scheme+"://"+l.Addr().String()+path, pr)
					if j%3 == 0 {
						req.ContentLength = 15000
					}
					resp, err := c.Do(req)
					if err != nil {
						t.Errorf("%v %s %d: %v", secure, path, j, err)
						continue
					}
					b, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || path == "/ok" && len(b) != 15003 || path == "/early" && resp.StatusCode != 413 {
						t.Errorf("%v %s %d: %v %d %v", secure, path, j, resp.Status, len(b), err)
					}
				}
			}()
		}
		wg.Wait()
		tr.CloseIdleConnections()
	}
}

func TestTmpTLSHijackPipelined(t *testing.T) {
	a := testcert.Shared()
	h := handlerFunc(func(ctx context.Context, w eddyutil.ResponseWriter, r *eddyutil.Request) {
		if r.Path == "/body" {
			r.Body.Read(make([]byte, 3))
		}
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() {
			defer c.Close()
			b, err := io.ReadAll(rw)
			if err != nil && !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			c.Write(b)
		}()
	})
	for _, o := range []httpserver.Options{{}, {TLS: a.Server(t), NoHTTP2: true}, {TLS: a.Server(t), NoHTTP2: true, MaxConnections: 5}, {MaxConnections: 5, RequestTimeout: time.Second, DecompressRequests: true}} {
		_, l := served(t, h, "127.0.0.1:0", o)
		for _, req := range []string{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc"} {
			raw, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c := raw
			if o.TLS != nil {
				c = tls.Client(raw, a.Client())
			}
			c.SetDeadline(time.Now().Add(10 * time.Second))
			big := strings.Repeat("0123456789", 50_000)
			io.WriteString(c, req+big)
			c.(interface{ CloseWrite() error }).CloseWrite()
			b, err := io.ReadAll(c)
			if string(b) != big {
				t.Errorf("tls %v %q: %d bytes of %d, %v", o.TLS != nil, req[:5], len(b), len(big), err)
			}
			c.Close()
		}
	}
}
