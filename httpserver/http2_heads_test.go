package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"eddy/httpserver"
	"eddy/httputil"
)

// status returns the status that answers the stream, "reset" for none, and "closed" for the end of the connection.
func (r *rawClient) status(id uint32) string {
	f := r.await(func(f http2.Frame) bool { return isHeaders(id)(f) || isReset(id)(f) })
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		return f.PseudoValue("status")
	case *http2.RSTStreamFrame:
		return "reset"
	}
	return "closed"
}

// What HTTP/1 takes for malformed, HTTP/2 does, too: no handler sees it.
func TestHTTP2_HeadsThatAreMalformed(t *testing.T) {
	t.Parallel()
	s := serveHTTP2(t, echo, httpserver.Options{})
	for _, tc := range []struct {
		method, path string
		fields       []string
		want         string
	}{
		{"GET", "/", nil, "200"},
		{"GET", "/?a=\"{|}", nil, "200"},
		{"GET", "//elsewhere/", nil, "200"},
		{"OPTIONS", "*", nil, "200"},
		{"GET", "*", nil, "400"},
		{"GET", "/a b", nil, "400"},
		{"GET", "/?a b", nil, "400"},
		{"GET", "/?a\tb", nil, "reset"},
		{"GET", "/\xff", nil, "400"},
		{"GET", "/a#b", nil, "400"},
		{"GET", "http://elsewhere/", nil, "reset"},
		{"GET", "mailto:x", nil, "reset"},
		{"GET", "", nil, "reset"},
		{"GET", "/%zz", nil, "reset"},
		{"GE T", "/", nil, "400"},
		{"GET,POST", "/", nil, "400"},
		{"GET /x HTTP/1.1", "/", nil, "400"},
		{"", "/", nil, "reset"},
		{"GET", "/", []string{"host", "h"}, "200"},
		{"GET", "/", []string{"host", "elsewhere"}, "reset"},
		{"GET", "/", []string{"host", "h", "host", "h"}, "reset"},
		{"GET", "/", []string{"Upper", "x"}, "reset"},
		{"GET", "/", []string{"with space", "x"}, "reset"},
		{"GET", "/", []string{"x", "a\r\nb: c"}, "reset"},
		{"GET", "/", []string{"x", "a\x00b"}, "reset"},
		{"GET", "/", []string{":path", "/twice"}, "reset"},
		{"GET", "/", []string{":protocol", "websocket"}, "reset"},
		{"GET", "/", []string{":unknown", "x"}, "reset"},
		{"GET", "/", []string{"x", "y", ":late", "x"}, "reset"},
		{"GET", "/", []string{"transfer-encoding", "chunked"}, "400"},
		{"GET", "/", []string{"upgrade", "websocket"}, "400"},
		{"CONNECT", "/", nil, "reset"},
		{"GET", "/", []string{"content-length", "0"}, "200"},
		{"GET", "/", []string{"content-length", "5"}, "400"},
		{"GET", "/", []string{"content-length", "x"}, "400"},
		{"GET", "/", []string{"content-length", "-0"}, "400"},
		{"GET", "/", []string{"content-length", "0", "content-length", "0"}, "400"},
	} {
		r := s.raw(t)
		r.must(r.request(1, true, tc.method, tc.path, tc.fields...))
		if got := r.status(1); got != tc.want {
			t.Errorf("%q %q %q: %s, want %s", tc.method, tc.path, tc.fields, got, tc.want)
		}
		if tc.want == "closed" {
			continue
		}
		if r.must(r.request(3, true, "GET", "/")); r.status(3) != "200" {
			t.Errorf("%q %q %q: the next request is not served", tc.method, tc.path, tc.fields)
		}
		r.conn.Close()
	}
	for _, length := range []string{"x", "5x", "-1", "99999999999999999999", ""} {
		r := s.raw(t)
		r.must(r.request(1, false, "POST", "/", "content-length", length))
		if got := r.status(1); got != "400" {
			t.Errorf("a body with Content-Length %q: %s", length, got)
		}
		r.conn.Close()
	}
}

// A connection of HTTP/2 outlives a refusal: many of them do not fill the log.
func TestHTTP2_RefusalsDoNotFillTheLog(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	r := s.raw(t)
	for id := uint32(1); id < 200; id += 2 {
		if r.must(r.request(id, true, "GET", "*")); r.status(id) != "400" {
			t.Fatal("not refused")
		}
	}
	log := s.logs.Take()
	if n := strings.Count(log, "malformed request"); n == 0 || n > 20 {
		t.Errorf("%d lines: %s", n, log)
	}
}

// Cookies that come in several fields, as they do to be compressed (RFC 9113 §8.2.3), are one.
func TestHTTP2_CookiesInSeveralFields(t *testing.T) {
	s := serveHTTP2(t, handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		got := strings.Join(r.Header.Values("Cookie"), "|")
		for name, value := range r.Cookies() {
			got += fmt.Sprintf(" %s=%s", name, value)
		}
		respond(w, 200, got)
	}), httpserver.Options{})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/", "cookie", "a=1", "cookie", "b=\"2;", "cookie", "c=3"))
	f := r.await(func(f http2.Frame) bool { _, ok := f.(*http2.DataFrame); return ok })
	if f == nil || string(f.(*http2.DataFrame).Data()) != `a=1; b="2;; c=3 a=1 b="2 c=3` {
		t.Errorf("%s", f.(*http2.DataFrame).Data())
	}
}

// A scheme does not take TLS off.
func TestHTTP2_TheSchemeIsNotBelieved(t *testing.T) {
	s := serveHTTP2(t, handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, r.Protocol)
	}), httpserver.Options{})
	hosted := serveHTTP2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, map[bool]string{true: "https", false: "http"}[r.TLS != nil && r.TLS.HandshakeComplete])
	}), httpserver.Options{})
	for _, tc := range []struct {
		r    *rawClient
		want string
	}{
		{s.rawTLS(t), "https"}, {s.raw(t), "http"}, {hosted.rawTLS(t), "https"}, {hosted.raw(t), "http"},
	} {
		for i, scheme := range []string{"http", "https"} {
			id := uint32(2*i + 1)
			tc.r.scheme = scheme
			tc.r.must(tc.r.request(id, true, "GET", "/"))
			f := tc.r.await(func(f http2.Frame) bool { d, ok := f.(*http2.DataFrame); return ok && d.StreamID == id })
			if f == nil || string(f.(*http2.DataFrame).Data()) != tc.want {
				t.Errorf("%s over %s: %v", scheme, tc.want, f)
			}
		}
	}
}

// A body of no bytes whose end does not come is a body that does not come.
func TestHTTP2_AnEmptyBodyHasItsTime(t *testing.T) {
	errs := make(chan error, 1)
	for _, h := range []any{bodyOf(errs), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		errs <- err
	})} {
		s := serveHTTP2(t, h, httpserver.Options{BodyTimeout: 20 * time.Millisecond})
		r := s.raw(t)
		r.must(r.request(1, false, "POST", "/", "content-length", "0"))
		select {
		case err := <-errs:
			if !errors.Is(err, httputil.ErrBodyTimeout) {
				t.Errorf("%T: %v", h, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%T: the handler waits", h)
			r.conn.Close()
			<-errs
		}
	}
}

// The last response of a connection tells so, whatever the handler does.
func TestHTTP2_TheLastResponseSaysGoAway(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]any{
		"respond": echo,
		"nothing": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		"panic":   http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }),
		"clear":   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { clear(w.Header()); w.WriteHeader(204) }),
		"other": handlerFunc(func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
			var h httputil.Header
			h.Append("Connection", "keep-alive")
			w.WriteHead(200, "", &h, 0)
		}),
	} {
		for _, o := range []httpserver.Options{{NoKeepAlive: true}, {MaxRequestsPerConnection: 1}} {
			s := serveHTTP2(t, h, o)
			r := s.raw(t)
			r.must(r.request(1, true, "GET", "/"))
			if r.await(func(f http2.Frame) bool { _, ok := f.(*http2.GoAwayFrame); return ok }) == nil {
				t.Errorf("%s: no GOAWAY", name)
			}
			r.conn.Close()
		}
	}
}

// A deadline of the handler's own takes the place of WriteTimeout.
func TestHTTP2_AWriteDeadlineMayBeLonger(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 1)
	s := serveHTTP2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
		_, err := w.Write(make([]byte, 1<<17))
		errs <- err
	}), httpserver.Options{WriteTimeout: 50 * time.Millisecond})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/"))
	select {
	case err := <-errs:
		t.Errorf("the write is over: %v", err)
	case <-time.After(300 * time.Millisecond):
		r.must(r.WriteWindowUpdate(0, 1<<18))
		r.must(r.WriteWindowUpdate(1, 1<<18))
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// Two who read a body at once, one of them left behind, are in nobody's way.
func TestHTTP2_AReaderLeftBehind(t *testing.T) {
	errs := make(chan error, 1)
	s := serveHTTP2(t, handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		begun := make(chan struct{})
		go func() {
			close(begun)
			_, err := r.Body.Read(make([]byte, 1))
			errs <- err
		}()
		<-begun // and no answer: the engine asks the body why
	}), httpserver.Options{})
	r := s.raw(t)
	for id := uint32(1); id < 40; id += 2 {
		r.must(r.request(id, false, "POST", "/"))
		if got := r.status(id); got != "500" {
			t.Errorf("answered with %s", got)
		}
		if err := <-errs; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	}
}
