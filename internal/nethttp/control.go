package nethttp

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"eddy/httputil"
)

// What http.ResponseController and older code look for in a ResponseWriter, handed on to those
// engines that have it.

// Hijack implements http.Hijacker. What the handler has written is sent before.
func (w *responseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijacked {
		return nil, nil, http.ErrHijacked
	}
	engine, ok := w.w.(http.Hijacker)
	if !ok {
		return nil, nil, http.ErrNotSupported
	}
	if w.status != 0 {
		if err := w.drain(nil); err != nil {
			return nil, nil, err
		}
	}
	conn, rw, err := engine.Hijack()
	w.hijacked = err == nil || errors.Is(err, httputil.ErrDetached)
	return conn, rw, err
}

// EnableFullDuplex does nothing: an engine always lets a handler read the request while it
// writes the response.
func (w *responseWriter) EnableFullDuplex() error { return nil }

// SetReadDeadline bounds reads of the request's body.
func (w *responseWriter) SetReadDeadline(t time.Time) error {
	if engine, ok := w.w.(interface{ SetReadDeadline(time.Time) error }); ok {
		return engine.SetReadDeadline(t)
	}
	return http.ErrNotSupported
}

// SetWriteDeadline bounds writes of the response.
func (w *responseWriter) SetWriteDeadline(t time.Time) error {
	if engine, ok := w.w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		return engine.SetWriteDeadline(t)
	}
	return http.ErrNotSupported
}

// CloseNotify implements http.CloseNotifier, which is deprecated: but some libraries call it without
// asking whether it is there.
func (w *responseWriter) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	context.AfterFunc(w.ctx, func() {
		if errors.Is(w.ctx.Err(), httputil.ErrClosed) {
			gone <- true
		}
	})
	return gone
}
