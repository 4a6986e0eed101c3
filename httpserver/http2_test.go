package httpserver_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
)

func TestHTTP2_ServesBothKindsOfHandlers(t *testing.T) {
	native := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		b, err := io.ReadAll(r.Body)
		respond(w, 200, fmt.Sprint(r.Version, " ", r.Method, " ", r.URI, " ", r.Protocol, " ", r.RemoteAddr().Addr(), " ", r.Host != "", " ", string(b), " ", err))
	})
	standard := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		protocol := "http"
		if r.TLS != nil && r.TLS.NegotiatedProtocol == "h2" {
			protocol = "https"
		}
		host, _, _ := strings.Cut(r.RemoteAddr, ":")
		fmt.Fprint(w, r.Proto, " ", r.Method, " ", r.RequestURI, " ", protocol, " ", host, " ", r.Host != "", " ", string(b), " ", err)
	})
	for _, h := range []any{native, standard} {
		s := serveHTTP2(t, h, httpserver.Options{})
		s.both(func(t *testing.T, c *http.Client, url string) {
			resp, err := c.Post(url+"/a%20b?q", "text/plain", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			scheme, _, _ := strings.Cut(url, ":")
			if got := mustRead(t, resp); got != "HTTP/2.0 POST /a%20b?q "+scheme+" 127.0.0.1 true body <nil>" || resp.ProtoMajor != 2 {
				t.Errorf("got %q by %s", got, resp.Proto)
			}
		})
		s.wantConnections(0)
		if log := s.logs.Take(); log != "" {
			t.Error(log)
		}
	}
}

func TestHTTP2_BesideHTTP1OnOneListener(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for offer, want := range map[string]string{"http/1.1": "HTTP/1.1", "h2": "HTTP/2.0"} {
			config := testcert.Shared().Client()
			config.MinVersion, config.MaxVersion = version, version
			transport := &http.Transport{TLSClientConfig: config, Protocols: new(http.Protocols)}
			transport.Protocols.SetHTTP2(offer == "h2")
			transport.Protocols.SetHTTP1(offer != "h2")
			c := &http.Client{Transport: transport}
			if resp, got := mustGet(t, c, "https://"+s.secure+"/x"); got != "GET /x " || resp.Proto != want {
				t.Errorf("offer %q: %q by %s, want %s", offer, got, resp.Proto, want)
			}
			c.CloseIdleConnections()
		}
	}
}

// What ALPN offers is what the configuration lists, and both without a list.
func TestHTTP2_IsOfferedAsConfigured(t *testing.T) {
	for _, c := range []struct {
		listed []string
		no     bool
		want   string
	}{
		{nil, false, "h2"},
		{nil, true, "http/1.1"},
		{[]string{"http/1.1"}, false, "http/1.1"},
		{[]string{"http/1.1", "h2"}, false, "http/1.1"}, // the server's order counts
		{[]string{"h2"}, false, "h2"},
		{[]string{"h2", "http/1.1"}, true, "http/1.1"},
	} {
		config := testcert.Shared().Server(t)
		config.NextProtos = c.listed
		s := serveHTTP2(t, echo, httpserver.Options{TLS: config, NoHTTP2: c.no})
		client := testcert.Shared().Client()
		client.NextProtos = []string{"h2", "http/1.1"}
		conn, err := tls.Dial("tcp", s.secure, client)
		if err != nil {
			t.Fatal(err)
		}
		got := conn.ConnectionState().NegotiatedProtocol
		conn.Close()
		if got != c.want {
			t.Errorf("%v, NoHTTP2 %v: %q, want %q", c.listed, c.no, got, c.want)
		}
		if !slices.Equal(config.NextProtos, c.listed) {
			t.Errorf("the user's configuration was changed: %v", config.NextProtos)
		}
	}
}

// A configuration that HTTP/2 would not do with offers HTTP/1.1, as before HTTP/2 was there.
func TestHTTP2_IsNotOfferedWithWeakTLS(t *testing.T) {
	config := testcert.Shared().Server(t)
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}
	s := serveHTTP2(t, echo, httpserver.Options{TLS: config})
	client := testcert.Shared().Client()
	client.CipherSuites = config.CipherSuites
	transport := &http.Transport{TLSClientConfig: client, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	if resp, got := mustGet(t, &http.Client{Transport: transport}, "https://"+s.secure); got != "GET / " || resp.ProtoMajor != 1 {
		t.Errorf("%q by %s", got, resp.Proto)
	}
}

func TestHTTP2_TheContextHasItsValues(t *testing.T) {
	type key struct{}
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
		respond(w, 200, fmt.Sprint(ctx.Value(key{}), ctx.Err(), context.Cause(ctx)))
	})
	cancelled, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "told"))
	cancel()
	s := serveHTTP2(t, h, httpserver.Options{Context: cancelled})
	c, url := s.client(false)
	if _, got := mustGet(t, c, url); got != "told<nil> <nil>" {
		t.Error(got)
	}
}

func TestHTTP2_WhatNetHTTPOffersItsHandlers(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, flusher := w.(http.Flusher)
		_, pusher := w.(http.Pusher)
		_, hijacker := w.(http.Hijacker)
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprint(w, flusher, pusher, hijacker, r.Context().Value(http.LocalAddrContextKey) != nil)
		http.NewResponseController(w).Flush()
		io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, " ", r.Trailer.Get("X-In"))
		w.Header().Set("X-Sum", "out")
		w.Header().Set(http.TrailerPrefix+"X-Late", "later")
	})
	s := serveHTTP2(t, h, httpserver.Options{})
	s.both(func(t *testing.T, c *http.Client, url string) {
		req, _ := http.NewRequest("POST", url, io.MultiReader(strings.NewReader("body")))
		req.Trailer = http.Header{"X-In": {"in"}}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, resp); got != "true true false true in" {
			t.Errorf("got %q", got)
		}
		if resp.Trailer.Get("X-Sum") != "out" || resp.Trailer.Get("X-Late") != "later" {
			t.Errorf("trailer %v", resp.Trailer)
		}
	})
}

func TestHTTP2_HeadAndContinue(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	c, url := s.client(true)
	resp, err := c.Head(url)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, resp); got != "" || resp.ContentLength != int64(len("HEAD / ")) {
		t.Errorf("HEAD: %q, length %d", got, resp.ContentLength)
	}
	continued := false
	trace := &httptrace.ClientTrace{Got100Continue: func() { continued = true }}
	req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "POST", url, strings.NewReader("body"))
	req.Header.Set("Expect", "100-continue")
	c.Transport.(*http.Transport).ExpectContinueTimeout = 1 << 40
	if resp, err = c.Do(req); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, resp); got != "POST / body" || !continued {
		t.Errorf("%q, 100 came: %v", got, continued)
	}
}

func TestHTTP2_InterimResponses(t *testing.T) {
	h := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
		var hints httputil.Header
		hints.Append("Link", "</a.css>")
		w.WriteHead(103, "", &hints, 0)
		respond(w, 200, "final")
	})
	s := serveHTTP2(t, h, httpserver.Options{})
	c, url := s.client(true)
	var early string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		early = fmt.Sprint(code, h.Get("Link"))
		return nil
	}}
	req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", url, nil)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, resp); got != "final" || early != "103</a.css>" || resp.Header.Get("Link") != "" {
		t.Errorf("%q after %q, %v", got, early, resp.Header)
	}
}

// A body comes and goes while neither side has all of it.
func TestHTTP2_StreamsBothWays(t *testing.T) {
	h := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var none httputil.Header
		w.WriteHead(200, "", &none, -1)
		w.Flush()
		buf := make([]byte, 1000)
		for {
			n, err := r.Body.Read(buf)
			w.Write(buf[:n])
			w.Flush()
			if err != nil {
				return
			}
		}
	})
	s := serveHTTP2(t, h, httpserver.Options{})
	s.both(func(t *testing.T, c *http.Client, url string) {
		in, out := io.Pipe()
		resp, err := c.Post(url, "", in)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 5)
		for i := range 50 {
			fmt.Fprintf(out, "%05d", i)
			if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != fmt.Sprintf("%05d", i) {
				t.Fatalf("%d: %q, %v", i, buf, err)
			}
		}
		out.Close()
		if got := mustRead(t, resp); got != "" {
			t.Errorf("left: %q", got)
		}
	})
}

func TestHTTP2_ALargeBodyComesBackWhole(t *testing.T) {
	h := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var none httputil.Header
		w.WriteHead(200, "", &none, r.ContentLength)
		io.Copy(w, r.Body)
	})
	s := serveHTTP2(t, h, httpserver.Options{})
	body := strings.Repeat("0123456789abcdef", 500_000) // eight times a connection's window
	s.both(func(t *testing.T, c *http.Client, url string) {
		resp, err := c.Post(url, "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if mustRead(t, resp) != body {
			t.Error("other bytes came back")
		}
	})
}

func TestHTTP2_AThousandStreamsOfOneConnection(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	for _, connect := range []func(*testing.T, ...http2.Setting) *rawClient{s.raw, s.rawTLS} {
		r := connect(t)
		const requests, atOnce = 1000, httpserver.DefaultMaxStreams
		answers, body := map[uint32]string{}, map[uint32]string{}
		begun, ended := 0, 0
		for ended < requests {
			for ; begun < requests && begun < ended+atOnce; begun++ {
				r.must(r.request(uint32(2*begun+1), false, "POST", fmt.Sprint("/", begun)))
				r.must(r.WriteData(uint32(2*begun+1), true, []byte("body")))
			}
			f, err := r.ReadFrame()
			r.must(err)
			switch f := f.(type) {
			case *http2.MetaHeadersFrame:
				answers[f.StreamID] = f.PseudoValue("status")
			case *http2.DataFrame:
				body[f.StreamID] += string(f.Data())
				if f.StreamEnded() {
					ended++
				}
			case *http2.RSTStreamFrame, *http2.GoAwayFrame:
				t.Fatal(f)
			}
		}
		for i := range requests {
			if id := uint32(2*i + 1); answers[id] != "200" || body[id] != fmt.Sprint("POST /", i, " body") {
				t.Errorf("%d: %s %q", i, answers[id], body[id])
			}
		}
		s.wantConnections(1)
		r.conn.Close()
		s.wantConnections(0)
	}
}
