package httpserver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"eddy/httputil"
)

// http2Body is a request's body with the limits and the errors of HTTP/1's.
type http2Body struct {
	io.ReadCloser
	options *Options
	watch   http2Watch
	closed  atomic.Bool
	err     error         // what every further Read returns
	got     int64         // bytes that were read
	waited  time.Duration // for them
}

func newHTTP2Body(o *Options, w *http2Writer, r *http.Request) *http2Body {
	b := &http2Body{ReadCloser: r.Body, options: o}
	b.watch.expired = func() { w.http2ResponseWriter.SetReadDeadline(past) }
	return b
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Read implements io.Reader.
func (b *http2Body) Read(p []byte) (n int, err error) {
	if len(p) == 0 || b.err != nil {
		return 0, b.err
	}
	if most := b.options.Limits.Body; most >= 0 && int64(len(p)) > most-b.got {
		p = p[:most-b.got+1] // the one beyond tells that there is more
	}
	limit, ok := b.limit()
	if !ok {
		b.err = httputil.ErrBodyTimeout
		return 0, b.err
	}
	begin := time.Now()
	b.watch.begin(limit)
	n, err = b.ReadCloser.Read(p)
	b.watch.pause()
	b.waited += time.Since(begin)
	b.got += int64(n)
	if most := b.options.Limits.Body; most >= 0 && b.got > most {
		b.err = fmt.Errorf("%w: %w", httputil.ErrBodyTooLarge, &http.MaxBytesError{Limit: most})
		return n - 1, b.err
	}
	if err != nil {
		b.err = b.translate(err)
	}
	return n, b.err
}

// Close makes further reads fail, and one that is under way.
func (b *http2Body) Close() error {
	b.closed.Store(true)
	return b.ReadCloser.Close()
}

// limit returns how long the next read may take, zero for no limit, and whether there is time left:
// a pause has its bound, and so has the whole body by the least rate.
func (b *http2Body) limit() (time.Duration, bool) {
	o := b.options
	if o.BodyTimeout == 0 || o.MinBodyRate <= 0 {
		return o.BodyTimeout, true
	}
	left := o.BodyTimeout + time.Duration(b.got/int64(o.MinBodyRate))*time.Second - b.waited
	return min(o.BodyTimeout, left), left > 0
}

// translate translates the engine's errors, of which most have no name.
func (b *http2Body) translate(err error) error {
	switch {
	case err == io.EOF:
		return err
	case b.closed.Load():
		return errBodyClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", httputil.ErrBodyTimeout, err)
	case strings.Contains(err.Error(), "Content-Length"): // it is not the body's
		return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, err)
	}
	return fmt.Errorf("%w: %w", httputil.ErrClosed, err)
}

// http2Watch bounds waits that the engine has no bound for, one at a time. Its timer may be
// late: it must not end the wait after, nor touch what a handler had that has returned.
type http2Watch struct {
	expired func()

	mu      sync.Mutex
	timer   *time.Timer
	due     time.Time // zero: nothing waits
	stopped bool
}

// begin begins a wait of limit at most, zero for no limit.
func (w *http2Watch) begin(limit time.Duration) {
	if limit <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	w.due = time.Now().Add(limit)
	if w.timer == nil {
		w.timer = time.AfterFunc(limit, w.expire)
	} else {
		w.timer.Reset(limit)
	}
}

// pause ends a wait.
func (w *http2Watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = time.Time{}
	if w.timer != nil {
		w.timer.Stop()
	}
}

// end ends the watch.
func (w *http2Watch) end() {
	w.pause()
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
}

func (w *http2Watch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped && !w.due.IsZero() && !time.Now().Before(w.due) {
		w.expired()
	}
}
