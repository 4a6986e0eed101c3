package httpserver_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpserver"
	"eddy/internal/testcert"
)

func tlsOptions(t *testing.T) httpserver.Options {
	return httpserver.Options{TLS: testcert.Shared().Server(t), IdleTimeout: -1, HeaderTimeout: -1}
}

func TestTLS_HandshakeDeadline(t *testing.T) {
	bubble(t, echo, tlsOptions(t), func(h *harness) {
		silent, stalled := h.connectTLS(), h.connectTLS()
		stalled.Send("\x16\x03\x01\x02")
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if closed(silent) || closed(stalled) {
			t.Error("cut before the deadline")
		}
		stalled.Send("\x00\x01") // bytes do not renew it
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !closed(silent) || !closed(stalled) {
			t.Error("open after the deadline")
		}
		if log := h.logs.Take(); strings.Contains(log, "level=ERROR") {
			t.Error(log)
		}
	})
}

func TestTLS_RequestInClear(t *testing.T) {
	bubble(t, echo, tlsOptions(t), func(h *harness) {
		p := h.connectTLS()
		got := h.send(p, get)
		if !strings.HasPrefix(got, "HTTP/1.0 400 Bad Request\r\n\r\n") || !strings.Contains(got, "HTTPS") {
			t.Errorf("got %q", got)
		}
		if log := h.logs.Take(); !strings.Contains(log, "TLS handshake failed") {
			t.Error(log)
		}
		p.CloseWrite()
		synctest.Wait()
		if !closed(p) {
			t.Error("still open")
		}
	})
}

func TestTLS_PortScansAreQuiet(t *testing.T) {
	bubble(t, echo, tlsOptions(t), func(h *harness) {
		for _, sent := range []string{"", "\x16", "\x16\x03\x01\x02\x00"} {
			p := h.connectTLS()
			p.Send(sent)
			p.CloseWrite()
			synctest.Wait()
			if got := p.Take(); got != "" || !closed(p) {
				t.Errorf("%q: got %q, closed %v", sent, got, closed(p))
			}
		}
		if log := h.logs.Take(); log != "" {
			t.Error(log)
		}
	})
}
