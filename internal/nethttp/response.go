package nethttp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"

	"eddy/httputil"
)

// bufferSize is how much of a body is held back, so that a small one gets a
// Content-Length and its type can be sniffed. net/http holds back as much.
const bufferSize = 2048

// responseWriter is the http.ResponseWriter over an engine's.
type responseWriter struct {
	w      httputil.ResponseWriter
	ctx    context.Context // the request's
	method string
	header http.Header
	status int             // 0 until WriteHeader
	head   httputil.Header // header as it was at WriteHeader

	buf       []byte
	written   int64    // body bytes that the handler wrote
	length    int64    // the Content-Length that the handler announced, -1 without
	trailers  []string // the names that the handler announced
	unsized   bool     // the body gets no length that was not announced: it has a trailer, or is to be chunked
	sniff     bool     // head has no type
	committed bool     // the head went to the engine
	hijacked  bool     // the connection is the handler's
	fields    [4]httputil.Field
}

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	switch {
	case w.hijacked:
		logMisuse("nethttp: WriteHeader on a hijacked connection")
		return
	case w.status != 0:
		logMisuse("nethttp: superfluous WriteHeader")
		return
	case status < 100 || status > 999:
		panic(fmt.Sprintf("nethttp: invalid status code %d", status))
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.interim(status)
		return
	}
	w.status = status
	w.head = w.fieldsOf(w.header)
	w.length = announcedLength(w.header)
	w.announceTrailers()
	coding := w.header.Get("Transfer-Encoding")
	if coding == "chunked" {
		w.unsized, w.length = true, -1
	}
	// A type that is there but empty was suppressed by the handler.
	_, typed := w.header["Content-Type"]
	w.sniff = !typed && coding == "" && w.header.Get("Content-Encoding") == ""
	if status == http.StatusNotModified {
		w.head.Del("Content-Type")
		w.length = 0
	}
}

// interim sends a head of 1xx at once. An error is told by the next write.
func (w *responseWriter) interim(status int) {
	fields := w.fieldsOf(w.header)
	if w.w.WriteHead(status, "", &fields, 0) == nil {
		_ = w.w.Flush()
	}
}

// announcedLength reads a handler's own Content-Length; a broken one is ignored.
func announcedLength(h http.Header) int64 {
	values := h["Content-Length"]
	if len(values) == 0 {
		return -1
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return -1
	}
	return int64(n)
}

func (w *responseWriter) Write(p []byte) (int, error) {
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	if !w.committed && len(w.buf)+len(p) <= bufferSize {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	if err := w.drain(p); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

func (w *responseWriter) WriteString(s string) (int, error) {
	if w.committed || len(w.buf)+len(s) > bufferSize {
		return w.Write([]byte(s))
	}
	if err := w.admit(len(s)); err != nil {
		return 0, err
	}
	w.buf = append(w.buf, s...)
	return len(s), nil
}

// admit decides whether n more body bytes may follow.
func (w *responseWriter) admit(n int) error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if n == 0 {
		return nil
	}
	if !bodyAllowed(w.status) {
		return http.ErrBodyNotAllowed
	}
	w.written += int64(n)
	if w.length >= 0 && w.written > w.length {
		return http.ErrContentLength
	}
	return nil
}

// drain sends the head and what was held back. next is what the handler writes after
// it: it counts for the sniffing.
func (w *responseWriter) drain(next []byte) error {
	if !w.committed {
		if err := w.commit(next); err != nil {
			return err
		}
	}
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.w.Write(w.buf)
	w.buf = nil
	return err
}

// sniffLength is how many bytes http.DetectContentType looks at.
const sniffLength = 512

func (w *responseWriter) commit(next []byte) error {
	w.committed = true
	w.sniffType(next)
	return w.w.WriteHead(w.status, "", &w.head, w.length)
}

// sniffType finds the type of a body that has none.
func (w *responseWriter) sniffType(next []byte) {
	if w.sniff {
		sample := w.buf
		if more := min(sniffLength-len(sample), len(next)); more > 0 {
			sample = append(sample[:len(sample):len(sample)], next[:more]...)
		}
		if len(sample) > 0 {
			w.head.Append("Content-Type", http.DetectContentType(sample))
		}
	}
}

// Flush implements http.Flusher.
func (w *responseWriter) Flush() { w.FlushError() }

// FlushError is what http.ResponseController.Flush calls.
func (w *responseWriter) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if err := w.drain(nil); err != nil {
		return err
	}
	return w.w.Flush()
}

// end sends what the handler left behind. A body that ended within the buffer gets its
// length; for HEAD only one that was written, as its absence tells nothing.
func (w *responseWriter) end() {
	if w.hijacked {
		return
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.committed {
		if w.length < 0 && !w.unsized && (w.method != http.MethodHead || len(w.buf) > 0) {
			w.length = int64(len(w.buf))
		}
		// Errors tell that nobody is there any more.
		if w.length == int64(len(w.buf)) {
			w.sniffType(nil)
			_ = httputil.Respond(w.w, w.status, "", &w.head, w.buf)
			return
		}
		_ = w.drain(nil)
	}
	if w.length < 0 {
		w.sendTrailer()
	}
}

// bodyAllowed reports whether a response of this status has a body (RFC 9110 §6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// logMisuse names the caller of a method of the writer, beyond this package.
func logMisuse(message string) {
	_, file, line, _ := runtime.Caller(2)
	slog.Warn(message, "file", file, "line", line)
}
