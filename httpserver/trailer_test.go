package httpserver_test

import (
	"context"
	"io"
	"testing"

	"eddy/httpserver"
	"eddy/httputil"
)

func TestSetTrailer_GoesBehindChunks(t *testing.T) {
	trailed := func(length int64) handlerFunc {
		return func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			var first, second httputil.Header
			first.Append("X-First", "1")
			if err := w.SetTrailer(&first); err != nil { // before the head, too
				t.Error(err)
			}
			if err := w.WriteHead(200, "", &httputil.Header{}, length); err != nil {
				t.Error(err)
			}
			io.WriteString(w, "body")
			second.Append("X-Sum", "42")
			second.Append("X-Sum", "43")
			second.Append("Content-Length", "9") // has no place there
			if err := w.SetTrailer(&second); err != nil {
				t.Error(err)
			}
			second.Reset() // it is the caller's
			if r.Path == "/finished" {
				w.Finish()
				if err := w.SetTrailer(&first); err != httputil.ErrFinished {
					t.Errorf("after Finish: %v", err)
				}
			}
		}
	}
	for _, tt := range []struct {
		name, send string
		length     int64
		want       string
	}{
		{"RFC9112 §7.1.2 behind chunks", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", -1,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 42\r\nX-Sum: 43\r\n\r\n"},
		{"finished by the handler", "GET /finished HTTP/1.1\r\nHost: h\r\n\r\n", -1,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 42\r\nX-Sum: 43\r\n\r\n"},
		{"dropped behind a length", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 4, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"},
		{"dropped for HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", -1, "HTTP/1.1 200 OK\r\n\r\nbody"},
		{"dropped for HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", -1, "HTTP/1.1 200 OK\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inEveryPlace(t, trailed(tt.length), func(h *harness) {
				if got := h.sendSlowly(h.connect(), tt.send); got != tt.want {
					h.t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// An error page that the engine makes has no trailer of the handler's.
func TestSetTrailer_WithoutAHead(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var trailer httputil.Header
		trailer.Append("X-Sum", "42")
		w.SetTrailer(&trailer)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		checkWire(t, "response", h.send(h.connect(), get), "HTTP/1.1 500 Internal Server Error\r\n…")
	})
}

// A 103 is no answer: the client that waits for a 100 still gets one, but not a second one.
func TestContinue_BesidesOtherInterimHeads(t *testing.T) {
	for _, tt := range []struct {
		status int
		want   string
	}{
		{103, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"},
		{100, "HTTP/1.1 100 Continue\r\n\r\n"},
	} {
		h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			w.WriteHead(tt.status, "", &httputil.Header{}, 0)
			w.Flush()
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			respond(w, 200, string(b))
		})
		bubble(t, h, httpserver.Options{}, func(h *harness) {
			p := h.connect()
			if got := h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"); got != tt.want {
				t.Errorf("%d: got %q, want %q", tt.status, got, tt.want)
			}
			if got := h.send(p, "ab"); got != ok("ab") {
				t.Errorf("%d: answer %q", tt.status, got)
			}
		})
	}
}
