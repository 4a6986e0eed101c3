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

	mu      sync.Mutex
	err     error         // what every further Read returns
	got     int64         // bytes that were read
	most    int64         // bytes that may be read, negative for any number
	credit  time.Duration // how long the client may still be waited for at its rate
	until   time.Time     // in the place of that, if it is not zero
	endless bool          // the client may be waited for without end
	waiting bool          // a read is under way
}

func newHTTP2Body(o *Options, w *http2Writer, r *http.Request) *http2Body {
	b := &http2Body{ReadCloser: r.Body, options: o, length: r.ContentLength, most: o.Limits.Body, credit: o.BodyTimeout}
	b.watch.expired = func() { w.http2ResponseWriter.SetReadDeadline(past) }
	return b
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Read implements io.Reader.
func (b *http2Body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	p, err := b.begin(p)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	n, err := b.ReadCloser.Read(p)
	return b.done(n, time.Since(begin), err)
}

// begin begins a read, and returns as much of p as it may fill. It fails if the read need not be tried.
func (b *http2Body) begin(p []byte) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	if b.most >= 0 && (b.length > b.most || b.got > b.most) {
		b.err = tooLarge(b.most)
		return nil, b.err
	}
	limit, bounded := b.limit()
	if bounded && limit <= 0 {
		b.err = fmt.Errorf("%w: %w", httputil.ErrBodyTimeout, os.ErrDeadlineExceeded)
		return nil, b.err
	}
	if b.most >= 0 && int64(len(p)) > b.most-b.got {
		p = p[:b.most-b.got+1] // the one beyond tells that there is more
	}
	b.waiting = true
	b.wait(limit, bounded)
	return p, nil
}

// done ends a read of n bytes.
func (b *http2Body) done(n int, waited time.Duration, err error) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = false
	b.watch.pause()
	b.account(n, waited)
	b.got += int64(n)
	switch beyond := b.got - b.most; {
	case b.most >= 0 && beyond > 0:
		b.err = tooLarge(b.most)
		n -= int(min(beyond, int64(n)))
	case err != nil:
		b.err = b.translate(err)
	}
	return n, b.err
}

func tooLarge(most int64) error {
	return fmt.Errorf("%w: %w", httputil.ErrBodyTooLarge, &http.MaxBytesError{Limit: most})
}

// limit returns how long a read may wait from now on, if it is bounded. The caller holds mu, here and below.
func (b *http2Body) limit() (limit time.Duration, bounded bool) {
	switch {
	case !b.until.IsZero():
		return time.Until(b.until), true
	case b.endless || b.options.BodyTimeout <= 0:
		return 0, false
	}
	return b.credit, true
}

// wait bounds the read under way.
func (b *http2Body) wait(limit time.Duration, bounded bool) {
	if bounded {
		b.watch.begin(max(limit, 1))
	} else {
		b.watch.pause()
	}
}

// account takes what a read has waited from the client's credit and adds what its bytes are worth at
// the least rate; see body.earn.
func (b *http2Body) account(n int, waited time.Duration) {
	o := b.options
	if o.MinBodyRate <= 0 {
		return
	}
	if b.endless || !b.until.IsZero() {
		waited = 0
	}
	b.credit = max(b.credit-waited, 0) + time.Duration(n)*time.Second/time.Duration(o.MinBodyRate)
	b.credit = min(b.credit, o.BodyTimeout)
}

// bound sets when the body must have come, for a read that is under way, too. A zero time means the
// server's limits, or none at all.
func (b *http2Body) bound(until time.Time, endless bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until, b.endless = until, endless
	if b.waiting {
		b.wait(b.limit())
	}
}

// SetMaxBody is what httputil.Request.SetMaxBody calls.
func (b *http2Body) SetMaxBody(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.most = n
	return nil
}

// SetBodyTimeout is what httputil.Request.SetBodyTimeout calls.
func (b *http2Body) SetBodyTimeout(d time.Duration) error {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	b.bound(until, d < 0)
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
