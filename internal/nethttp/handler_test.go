package nethttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/nethttp"
)

// engine records what a handler asks of it. TestAlike cannot see that: below it,
// net/http would frame a response well by itself.
type engine struct{ calls []string }

func (e *engine) WriteHead(status int, _ string, header *httputil.Header, length int64) error {
	call := fmt.Sprintf("head %d length %d", status, length)
	if typ := header.Get("Content-Type"); typ != "" {
		call += " " + typ
	}
	e.calls = append(e.calls, call)
	return nil
}

func (e *engine) Write(p []byte) (int, error) {
	e.calls = append(e.calls, fmt.Sprintf("write %d", len(p)))
	return len(p), nil
}

func (e *engine) Flush() error  { e.calls = append(e.calls, "flush"); return nil }
func (e *engine) Finish() error { e.calls = append(e.calls, "finish"); return nil }

func (e *engine) SetTrailer(h *httputil.Header) error {
	for name, value := range h.All() {
		e.calls = append(e.calls, "trailer "+name+": "+value)
	}
	return nil
}

func TestHandler_Calls(t *testing.T) {
	text := " text/plain; charset=utf-8"
	for _, tc := range []struct {
		name, method string
		handler      http.HandlerFunc
		want         []string
	}{
		{"nothing", "GET", func(http.ResponseWriter, *http.Request) {},
			[]string{"head 200 length 0", "finish"}},
		{"small", "GET", write("hello"),
			[]string{"head 200 length 5" + text, "write 5", "finish"}},
		{"the largest small", "GET", write(large[:2048]),
			[]string{"head 200 length 2048" + text, "write 2048", "finish"}},
		{"the smallest large", "GET", write(large[:2049]),
			[]string{"head 200 length -1" + text, "write 2049"}},
		{"small writes are joined", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("ab"))
			io.WriteString(w, "cd")
		}, []string{"head 200 length 4" + text, "write 4", "finish"}},
		{"growing beyond the buffer", "GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, large[:2000])
			io.WriteString(w, large[:100])
			io.WriteString(w, "z")
		}, []string{"head 200 length -1" + text, "write 2000", "write 100", "write 1"}},
		{"announced", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "3")
			io.WriteString(w, "abc")
		}, []string{"head 200 length 3" + text, "write 3", "finish"}},
		{"broken announcement", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "-3")
			io.WriteString(w, "abc")
		}, []string{"head 200 length 3" + text, "write 3", "finish"}},
		{"flush", "GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "ab")
			w.(http.Flusher).Flush()
			io.WriteString(w, "c")
		}, []string{"head 200 length -1" + text, "write 2", "flush", "write 1"}},
		{"HEAD without a body says nothing of its length", "HEAD", func(http.ResponseWriter, *http.Request) {},
			[]string{"head 200 length -1"}},
		{"HEAD with a body", "HEAD", write("hello"),
			[]string{"head 200 length 5" + text, "write 5", "finish"}},
		{"304 describes no body", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(304)
		}, []string{"head 304 length 0", "finish"}},
		{"interim", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(204)
		}, []string{"head 103 length 0", "flush", "head 204 length 0", "finish"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var e engine
			r := &httputil.Request{Method: tc.method, URI: "/", Path: "/", Version: httputil.HTTP11, Body: http.NoBody}
			nethttp.Handler(tc.handler).ServeRequest(context.Background(), &e, r)
			if got := strings.Join(e.calls, "\n"); got != strings.Join(tc.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(tc.want, "\n"))
			}
		})
	}
}

// chunked is a request body as an engine gives it: the trailer appears at the end.
type chunked struct {
	io.Reader
	r      *httputil.Request
	closed bool
}

func (b *chunked) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		b.r.Trailer.Append("X-Sum", "42")
		b.r.Trailer.Append("X-Late", "1")
	}
	return n, err
}

func (b *chunked) Close() error { b.closed = true; return nil }

func TestHandler_RequestTrailer(t *testing.T) {
	r := &httputil.Request{Method: "POST", URI: "/?", Path: "/", Version: httputil.HTTP11, ContentLength: -1}
	r.Header.Append("Trailer", "x-sum, bad name")
	body := &chunked{Reader: strings.NewReader("body"), r: r}
	r.Body = body
	nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := r.Trailer["X-Sum"]; !ok || v != nil || len(r.Trailer) != 1 || r.Header.Get("Trailer") != "" {
			t.Errorf("announced: %v, field %q", r.Trailer, r.Header["Trailer"])
		}
		if !r.URL.ForceQuery || r.TransferEncoding[0] != "chunked" {
			t.Errorf("URL %q, coding %q", r.URL, r.TransferEncoding)
		}
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		if b, err := io.ReadAll(r.Body); string(b) != "body" || err != nil {
			t.Errorf("body %q, %v", b, err)
		}
		if r.Trailer.Get("X-Sum") != "42" || r.Trailer.Get("X-Late") != "1" {
			t.Errorf("trailer %v", r.Trailer)
		}
		r.Body.Close()
	})).ServeRequest(context.Background(), &engine{}, r)
	if !body.closed {
		t.Error("Close did not reach the engine's body")
	}
}

func TestHandler_Connect(t *testing.T) {
	r := &httputil.Request{Method: "CONNECT", URI: "x:443", Host: "x:443", Version: httputil.HTTP11, Body: http.NoBody}
	nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "x:443" || r.URL.Path != "" || r.RequestURI != "x:443" {
			t.Errorf("URL %+v, target %q", r.URL, r.RequestURI)
		}
	})).ServeRequest(context.Background(), &engine{}, r)
}

func BenchmarkHandler(b *testing.B) {
	h := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "Hello, World!")
	}))
	r := &httputil.Request{Method: "GET", URI: "/hello", Path: "/hello", Version: httputil.HTTP11, Body: http.NoBody}
	for _, f := range []string{"Host", "User-Agent", "Accept", "Accept-Encoding"} {
		r.Header.Append(f, "value")
	}
	ctx, w := context.Background(), discard{}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeRequest(ctx, w, r)
	}
}

// discard is an engine that costs nothing.
type discard struct{}

func (discard) WriteHead(int, string, *httputil.Header, int64) error { return nil }
func (discard) Write(p []byte) (int, error)                          { return len(p), nil }
func (discard) Flush() error                                         { return nil }
func (discard) Finish() error                                        { return nil }
func (discard) SetTrailer(*httputil.Header) error                    { return nil }
