package httpserver

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"eddy/httputil"
)

// http2ResponseWriter is what the engine gives a handler. All of it stays within reach of an
// http.Handler that asks for more than net/http's interface.
type http2ResponseWriter interface {
	http.ResponseWriter
	http.Flusher
	http.Pusher
	io.StringWriter
	FlushError() error
	CloseNotify() <-chan bool
	EnableFullDuplex() error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// http2Writer bounds how long a client may take nothing of a response, and keeps a handler's
// goroutine that writes when the handler has returned from what the engine has recycled.
type http2Writer struct {
	http2ResponseWriter
	limit time.Duration
	head  bool        // the request is one: no body is expected
	last  bool        // no request shall come after it
	own   atomic.Bool // the handler has set a deadline in the place of limit
	body  *http2Body  // of the request; nil without one
	watch http2Watch

	life sync.RWMutex // held for reading by every call to the engine's writer
	over bool

	mu      sync.Mutex // one write at a time
	status  int        // 0 until the final head
	length  int64      // which that announced, or -1
	written int64
}

func (w *http2Writer) init(rw http2ResponseWriter, method string, limit time.Duration) {
	w.http2ResponseWriter, w.limit, w.head, w.length = rw, limit, method == http.MethodHead, -1
	w.watch.expired = func() { rw.SetWriteDeadline(past) }
}

// use calls f unless the handler has returned.
func (w *http2Writer) use(f func() error) error {
	w.life.RLock()
	defer w.life.RUnlock()
	if w.over {
		return httputil.ErrFinished
	}
	return f()
}

// send is use for what the client may have to make room for.
func (w *http2Writer) send(status int, f func() error) error {
	return w.use(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.last && w.status == 0 && status >= 200 {
			w.http2ResponseWriter.Header().Set("Connection", "close") // the engine sends a GOAWAY instead
		}
		if !w.own.Load() {
			w.watch.begin(w.limit)
		}
		defer w.watch.pause()
		err := f()
		w.note(status)
		return err
	})
}

// note keeps what the response's head has said. One that the engine has panicked at is none.
func (w *http2Writer) note(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status = status
	n, err := strconv.ParseUint(w.http2ResponseWriter.Header().Get("Content-Length"), 10, 63)
	if err == nil && !w.head && status != http.StatusNoContent && status != http.StatusNotModified {
		w.length = int64(n)
	}
}

// Header implements http.ResponseWriter.
func (w *http2Writer) Header() (h http.Header) {
	if w.use(func() error { h = w.http2ResponseWriter.Header(); return nil }) != nil {
		return make(http.Header)
	}
	return h
}

// WriteHeader implements http.ResponseWriter.
func (w *http2Writer) WriteHeader(status int) {
	w.send(status, func() error { w.http2ResponseWriter.WriteHeader(status); return nil })
}

// Write implements http.ResponseWriter.
func (w *http2Writer) Write(p []byte) (int, error) {
	return writePieces(w, p, w.http2ResponseWriter.Write)
}

// WriteString implements io.StringWriter.
func (w *http2Writer) WriteString(s string) (int, error) {
	return writePieces(w, s, w.http2ResponseWriter.WriteString)
}

// writePieces writes p by pieces of a frame, each of which the client has to take in time.
func writePieces[T string | []byte](w *http2Writer, p T, write func(T) (int, error)) (n int, err error) {
	for {
		err := w.send(http.StatusOK, func() error {
			wrote, err := write(p[n:min(len(p), n+http2FrameSize)])
			n += wrote
			w.written += int64(wrote)
			return err
		})
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// Flush implements http.Flusher.
func (w *http2Writer) Flush() { w.FlushError() }

// FlushError is what http.ResponseController.Flush calls.
func (w *http2Writer) FlushError() error {
	return w.send(http.StatusOK, w.http2ResponseWriter.FlushError)
}

// Push implements http.Pusher.
func (w *http2Writer) Push(target string, o *http.PushOptions) error {
	return w.use(func() error { return w.http2ResponseWriter.Push(target, o) })
}

// SetReadDeadline is what http.ResponseController.SetReadDeadline calls: see exchange.SetReadDeadline.
func (w *http2Writer) SetReadDeadline(t time.Time) error {
	return w.use(func() error {
		if w.body != nil {
			w.body.bound(t, false)
		}
		return nil
	})
}

// SetWriteDeadline is what http.ResponseController.SetWriteDeadline calls. The deadline takes the place of WriteTimeout.
func (w *http2Writer) SetWriteDeadline(t time.Time) error {
	return w.use(func() error {
		if w.own.Store(!t.IsZero()); !t.IsZero() {
			w.watch.pause() // of a write under way
		}
		return w.http2ResponseWriter.SetWriteDeadline(t)
	})
}

// CloseNotify implements http.CloseNotifier.
func (w *http2Writer) CloseNotify() (gone <-chan bool) {
	if w.use(func() error { gone = w.http2ResponseWriter.CloseNotify(); return nil }) != nil {
		over := make(chan bool, 1)
		over <- true
		return over
	}
	return gone
}

// begun reports whether the response's head was written.
func (w *http2Writer) begun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status != 0
}

// short reports whether the response lacks some of what its head has announced.
func (w *http2Writer) short() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.length > w.written
}

// end takes the engine's writer away. A call that is under way comes to its end.
func (w *http2Writer) end() {
	w.life.Lock()
	w.over = true
	w.life.Unlock()
	w.watch.end()
}
