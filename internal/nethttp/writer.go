package nethttp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"eddy/httputil"
)

// serveWriter is an engine's response over net/http's. mu keeps a goroutine that writes after the
// handler has returned from what net/http has recycled.
type serveWriter struct {
	rw   http.ResponseWriter
	req  *http.Request
	body *serverBody

	mu       sync.Mutex
	status   int   // 0 until the final head
	length   int64 // what WriteHead announced
	written  int64
	finished bool
	detached bool // the connection is the handler's
}

// WriteHead drops reason, for which net/http has no place.
func (w *serveWriter) WriteHead(status int, reason string, header *httputil.Header, length int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.finished:
		return w.overErr()
	case w.status != 0:
		return httputil.ErrHeadWritten
	case status < 100 || status > 999:
		return fmt.Errorf("nethttp: %d is no status", status) // net/http panics
	case status == http.StatusSwitchingProtocols && w.req.ProtoMajor > 1:
		return errNoSwitch
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.interim(status, header)
		return nil
	}
	w.status, w.length = status, length
	m := w.rw.Header()
	copyFields(m, header)
	if _, ok := m["Content-Type"]; !ok {
		m["Content-Type"] = nil // no sniffing: an engine sends what it was given
	}
	if length >= 0 && bodyAllowed(status) {
		m["Content-Length"] = []string{strconv.FormatInt(length, 10)}
	}
	w.rw.WriteHeader(status)
	return nil
}

// errNoSwitch is RFC 9113 §8.6.
var errNoSwitch = errors.New("nethttp: HTTP/2 has no status 101")

// interim sends a head of 1xx, whose fields must not linger in the final one.
func (w *serveWriter) interim(status int, header *httputil.Header) {
	m := w.rw.Header()
	before := m.Clone()
	copyFields(m, header)
	w.rw.WriteHeader(status)
	clear(m)
	for name, values := range before {
		m[name] = values
	}
}

// copyFields replaces fields that an outer middleware set by those of the same name.
func copyFields(m http.Header, header *httputil.Header) {
	for name := range header.All() {
		delete(m, name)
	}
	for name, value := range header.All() {
		if name != "Content-Length" && name != "Transfer-Encoding" {
			m[name] = append(m[name], value)
		}
	}
}

func (w *serveWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.finished:
		return 0, w.overErr()
	case w.status == 0:
		return 0, httputil.ErrNoHead
	case w.length >= 0 && bodyAllowed(w.status) && w.written+int64(len(p)) > w.length:
		return 0, httputil.ErrBodyLength
	}
	w.written += int64(len(p))
	if !bodyAllowed(w.status) {
		return len(p), nil
	}
	n, err := w.rw.Write(p)
	if err != nil {
		err = fmt.Errorf("%w: %w", httputil.ErrClosed, err)
	}
	return n, err
}

func (w *serveWriter) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		return w.overErr()
	}
	if w.status == 0 {
		return httputil.ErrNoHead
	}
	return w.flush()
}

func (w *serveWriter) flush() error {
	err := http.NewResponseController(w.rw).Flush()
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		err = fmt.Errorf("%w: %w", httputil.ErrClosed, err)
	}
	return err
}

// Finish hands over a response of known length at once, so that the client need not
// wait for the handler's clean-up. One of unknown length ends when the handler returns:
// net/http has no earlier end for it.
func (w *serveWriter) Finish() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.finished:
		return w.overErr()
	case w.status == 0:
		return httputil.ErrNoHead
	}
	w.finished = true
	if w.short() {
		return httputil.ErrBodyLength
	}
	if w.length < 0 {
		return nil
	}
	if err := w.flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// SetTrailer lets net/http send trailers behind a body of unknown length.
func (w *serveWriter) SetTrailer(h *httputil.Header) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		return w.overErr()
	}
	m := w.rw.Header()
	for name := range m {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(m, name)
		}
	}
	for name, value := range h.All() {
		if httpguts.ValidTrailerHeader(name) {
			name = http.TrailerPrefix + name
			m[name] = append(m[name], value)
		}
	}
	if w.status != 0 && w.length < 0 {
		// Or net/http gives a short body a length, and has no place for a trailer.
		if err := w.flush(); !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
	return nil
}

// short reports whether the body is shorter than announced. HEAD's is not sent.
func (w *serveWriter) short() bool {
	return bodyAllowed(w.status) && w.req.Method != http.MethodHead && w.written < w.length
}

// end keeps the promise about a handler that wrote no head, and takes net/http's writer away. A
// short body needs nothing here: net/http sees it and closes the connection.
func (w *serveWriter) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	if w.status != 0 || w.detached {
		return
	}
	status := w.failure()
	http.Error(w.rw, http.StatusText(status), status)
}

// failure returns the status of the answer to a request whose handler made none: what ended its
// context or its body, or else 500.
func (w *serveWriter) failure() int {
	if context.Cause(w.req.Context()) == httputil.ErrRequestTimeout {
		return http.StatusServiceUnavailable
	}
	return cmp.Or(int(w.body.fault.Load()), http.StatusInternalServerError)
}
