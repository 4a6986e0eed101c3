package nethttp

import (
	"bufio"
	"net"
	"net/http"
	"time"

	"eddy/httputil"
)

// What an engine's writer may have beyond httputil.ResponseWriter, as far as net/http's own has it.

// Hijack implements http.Hijacker.
func (w *serveWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		return nil, nil, w.overErr()
	}
	conn, rw, err := http.NewResponseController(w.rw).Hijack()
	w.detached = err == nil
	w.finished = w.finished || w.detached
	return conn, rw, err
}

// overErr is what the methods fail with when the response is over.
func (w *serveWriter) overErr() error {
	if w.detached {
		return httputil.ErrDetached
	}
	return httputil.ErrFinished
}

// SetReadDeadline bounds reads of the request's body.
func (w *serveWriter) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(w.rw).SetReadDeadline(t)
}

// SetWriteDeadline bounds writes of the response.
func (w *serveWriter) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(w.rw).SetWriteDeadline(t)
}
