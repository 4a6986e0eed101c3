package httpserver_test

import (
	"context"
	"strings"
	"testing"

	"eddy/httpserver"
	"eddy/httputil"
)

// TestExpect_UnknownIsRefused: nobody knows whether the client sends the body that it
// announced, so the connection ends, and no handler sees the request.
func TestExpect_UnknownIsRefused(t *testing.T) {
	served := 0
	counting := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		served++
		echo(ctx, w, r)
	})
	bubble(t, counting, httpserver.Options{}, func(h *harness) {
		for _, value := range []string{"y 100-continue", "100-continue, x", "200-ok"} {
			p := h.connect()
			got := h.send(p, "POST /a HTTP/1.1\r\nHost: h\r\nExpect: "+value+"\r\nContent-Length: 1\r\n\r\nx"+
				"GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
			checkWire(t, value, got, failure(417, "Expectation Failed", "unknown expectation"))
			if _, ended := p.Closed(); !ended {
				t.Errorf("%s: the connection goes on", value)
			}
			p.CloseWrite()
			h.take(p)
		}
		p := h.connect()
		got := h.send(p, "HEAD /a HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 417 ") || !strings.HasSuffix(got, "\r\n\r\n") {
			t.Errorf("HEAD: %q", got)
		}
		p.CloseWrite()
		h.take(p)
		if served != 0 {
			t.Errorf("%d were served", served)
		}
		p = h.connect()
		checkWire(t, "HTTP/1.0", h.send(p, "GET /a HTTP/1.0\r\nExpect: x\r\n\r\n"), ok("GET /a "))
		p = h.connect()
		checkWire(t, "known", h.send(p, "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"), ok("POST /a x"))
		if served != 2 {
			t.Errorf("%d were served", served)
		}
	})
}
