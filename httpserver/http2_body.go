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
	length  int64 // as announced, -1 if it was not
	watch   http2Watch
	closed  atomic.Bool
	err     error // what every further Read returns
	got     int64 // bytes that were read

	mu      sync.Mutex
	most    int64         // bytes that may be read, negative for any number
	credit  time.Duration // how long the client may still be waited for at its rate
	until   time.Time     // in the place of that, if it is not zero
	endless bool          // the client may be waited for without end
}

func newHTTP2Body(o *Options, w *http2Writer, r *http.Request) *http2Body {
	b := &http2Body{ReadCloser: r.Body, options: o, length: r.ContentLength, most: o.Limits.Body, credit: o.BodyTimeout}
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
	most, limit, err := b.bounds()
	if err != nil {
		b.err = err
		return 0, err
	}
	if most >= 0 && int64(len(p)) > most-b.got {
		p = p[:most-b.got+1] // the one beyond tells that there is more
	}
	begin := time.Now()
	b.watch.begin(limit)
	n, err = b.ReadCloser.Read(p)
	b.watch.pause()
	b.account(n, time.Since(begin))
	b.got += int64(n)
	if most >= 0 && b.got > most {
		b.err = tooLarge(most)
		return n - 1, b.err
	}
	if err != nil {
		b.err = b.translate(err)
	}
	return n, b.err
}

func tooLarge(most int64) error {
	return fmt.Errorf("%w: %w", httputil.ErrBodyTooLarge, &http.MaxBytesError{Limit: most})
}

// bounds returns how many bytes the body may have and how long the next read may take, zero for no
// limit. It fails if the read need not be tried.
func (b *http2Body) bounds() (most int64, limit time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	most, limit = b.most, b.credit
	if most >= 0 && (b.length > most || b.got > most) {
		return most, 0, tooLarge(most)
	}
	switch {
	case !b.until.IsZero():
		limit = time.Until(b.until)
	case b.endless || b.options.BodyTimeout <= 0:
		return most, 0, nil
	}
	if limit <= 0 {
		return most, 0, fmt.Errorf("%w: %w", httputil.ErrBodyTimeout, os.ErrDeadlineExceeded)
	}
	return most, limit, nil
}

// account takes what a read has waited from the client's credit and adds what its bytes are worth at
// the least rate; see body.earn.
func (b *http2Body) account(n int, waited time.Duration) {
	o := b.options
	if o.MinBodyRate <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.credit = max(b.credit-waited, 0) + time.Duration(n)*time.Second/time.Duration(o.MinBodyRate)
	b.credit = min(b.credit, o.BodyTimeout)
}

// Fault returns what was wrong with the body, nil if nothing was.
func (b *http2Body) Fault() error { return b.err }

// SetMaxBody is what httputil.Request.SetMaxBody calls.
func (b *http2Body) SetMaxBody(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.most = n
	return nil
}

// SetBodyTimeout is what httputil.Request.SetBodyTimeout calls. It does not move the end of a read
// that is under way.
func (b *http2Body) SetBodyTimeout(d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until, b.endless = time.Time{}, d < 0
	if d > 0 {
		b.until = time.Now().Add(d)
	}
	return nil
}

// Close makes further reads fail, and one that is under way.
func (b *http2Body) Close() error {
	b.closed.Store(true)
	return b.ReadCloser.Close()
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
