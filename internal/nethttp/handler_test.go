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

func TestHandler_Calls(t *testing.T) {
	text := " text/plain; charset=utf-8"
	for _, tc := range []struct {
		name, method string
		handler      http.HandlerFunc
		want         []string
	}{
		{"nothing", "GET", func(http.ResponseWriter, *http.Request) {},
			[]string{"head 200 length 0"}},
		{"small", "GET", write("hello"),
			[]string{"head 200 length 5" + text, "write 5"}},
		{"the largest small", "GET", write(large[:2048]),
			[]string{"head 200 length 2048" + text, "write 2048"}},
		{"the smallest large", "GET", write(large[:2049]),
			[]string{"head 200 length -1" + text, "write 2049"}},
		{"small writes are joined", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("ab"))
			io.WriteString(w, "cd")
		}, []string{"head 200 length 4" + text, "write 4"}},
		{"growing beyond the buffer", "GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, large[:2000])
			io.WriteString(w, large[:100])
			io.WriteString(w, "z")
		}, []string{"head 200 length -1" + text, "write 2000", "write 100", "write 1"}},
		{"announced", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "3")
			io.WriteString(w, "abc")
		}, []string{"head 200 length 3" + text, "write 3"}},
		{"broken announcement", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "-3")
			io.WriteString(w, "abc")
		}, []string{"head 200 length 3" + text, "write 3"}},
		{"flush", "GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "ab")
			w.(http.Flusher).Flush()
			io.WriteString(w, "c")
		}, []string{"head 200 length -1" + text, "write 2", "flush", "write 1"}},
		{"HEAD without a body says nothing of its length", "HEAD", func(http.ResponseWriter, *http.Request) {},
			[]string{"head 200 length -1"}},
		{"HEAD with a body", "HEAD", write("hello"),
			[]string{"head 200 length 5" + text, "write 5"}},
		{"interim", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(204)
		}, []string{"head 103 length 0", "head 204 length 0"}},
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
