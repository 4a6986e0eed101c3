package httpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"eddy/http1"
	"eddy/httputil"
)

// body is the request's body as the handler reads it. There is no buffer of its own: it
// takes from the connection's, and the connection reads only when it asks.
type body struct {
	x        *exchange
	err      error         // what every further Read returns
	got      int64         // bytes that were read
	credit   time.Duration // how long the client may still be waited for at its rate; less than none: it is in debt
	status   int           // that answers what is wrong with the body; 0: nothing
	until    time.Time     // when the wait under way ends; zero: no deadline
	withheld error         // the fault that was found in what nobody had read, and for which the response was withheld
	waiting  bool
	whole    atomic.Bool // it was read to its end; any goroutine may ask
}

func newBody(x *exchange) *body {
	return &body{x: x, credit: x.conn.server.options.BodyTimeout}
}

// bodyRoom is how many bytes a read of a body asks the kernel for.
const bodyRoom = 16 << 10

// Read implements io.Reader.
func (b *body) Read(p []byte) (n int, err error) {
	if len(p) == 0 || b.err != nil {
		return 0, b.err
	}
	err = b.x.conn.Loop().Do(b.x, func(ctx context.Context) error {
		n, err = b.read(ctx, p)
		return err
	})
	if err != nil {
		b.err = err
	}
	return n, err
}

// Close makes further reads fail. What is unread is dealt with after the response: see
// conn.ended.
func (b *body) Close() error {
	if b.err == nil {
		b.err = errBodyClosed
	}
	return nil
}

var errBodyClosed = errors.New("httpserver: read of a closed body")

// read runs on the loop.
func (b *body) read(ctx context.Context, p []byte) (int, error) {
	x, c := b.x, b.x.conn
	if x.over() {
		return 0, x.overErr()
	}
	if err := b.admit(); err != nil {
		return 0, err
	}
	for {
		n, err := b.take(p)
		if n > 0 || err != nil {
			return n, err
		}
		if c.reader.BodyDone() {
			return 0, b.end()
		}
		if x.expect && !x.sent {
			x.expect = false
			c.SendBytes([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
		}
		if err := b.wait(ctx); err != nil {
			return 0, b.waitError(err)
		}
	}
}

// admit refuses a body that is longer than its limit before a byte of it is read, and one whose
// deadline, set by the handler, has passed.
func (b *body) admit() error {
	x, c := b.x, b.x.conn
	if most := x.limits().Body; most >= 0 && c.reader.BodyLeft() > most-b.got {
		c.last, b.status = true, http.StatusRequestEntityTooLarge
		return httputil.ErrBodyTooLarge
	}
	if own := x.bounds; own != nil && passed(own.read, time.Now()) {
		return b.waitError(httputil.ErrBodyTimeout)
	}
	return nil
}

// wait waits for more bytes: for a while each time, and for so long in all as a client
// takes that sends at the least rate.
func (b *body) wait(ctx context.Context) error {
	c := b.x.conn
	begin := time.Now()
	b.until = b.due()
	if passed(b.until, c.Loop().Now()) { // the deadline is coarse: the next byte might come before it
		b.until = time.Time{}
		return httputil.ErrBodyTimeout
	}
	b.waiting = true
	b.x.arm()
	err := c.WaitReadable(ctx, bodyRoom)
	b.until, b.waiting = time.Time{}, false
	if b.x.over() {
		return b.x.overErr()
	}
	b.x.arm()
	if own := b.x.bounds; c.server.options.MinBodyRate > 0 && (own == nil || own.read.IsZero() && !own.endless) {
		b.credit -= time.Since(begin)
	}
	return err
}

// due returns when a wait that begins now ends: by the handler's own deadline, or else by
// BodyTimeout and by what the client has in credit.
func (b *body) due() time.Time {
	now := b.x.conn.Loop().Now()
	switch own := b.x.bounds; {
	case own != nil && !own.read.IsZero():
		return own.read
	case own != nil && own.endless || b.x.conn.server.options.BodyTimeout <= 0:
		return time.Time{}
	}
	return now.Add(b.credit)
}

// earn adds to the credit what n bytes are worth at the least rate. Beyond BodyTimeout there is
// none: a client that has sent much at once must not rest for hours on it.
func (b *body) earn(n int) {
	o := &b.x.conn.server.options
	if o.MinBodyRate > 0 {
		b.credit = min(b.credit+time.Duration(n)*time.Second/time.Duration(o.MinBodyRate), o.BodyTimeout)
	}
}

// end tells the handler of a hang-up that came while the body was still unread.
func (b *body) end() error {
	if b.x.conn.HungUp() {
		b.x.Cancel(httputil.ErrClosed)
	}
	return io.EOF
}

// take moves body bytes that are here into p.
func (b *body) take(p []byte) (int, error) {
	c := b.x.conn
	for len(c.Unread()) > 0 && !c.reader.BodyDone() {
		data, n, _, err := c.reader.ReadBody(c.Unread(), len(p), b.x.limits(), &b.x.req.Trailer)
		if err != nil {
			return 0, b.fail(err)
		}
		copied := copy(p, data)
		b.got += int64(copied)
		b.earn(copied)
		c.Discard(n)
		if c.reader.BodyDone() {
			b.whole.Store(true)
		}
		if copied > 0 || n == 0 {
			return copied, nil
		}
	}
	return 0, nil
}

// fail notes that the body is broken: whatever the handler answers, the connection
// cannot be used again.
func (b *body) fail(err error) error {
	b.x.conn.last, b.status = true, http.StatusBadRequest
	var fault *http1.Error
	if errors.As(err, &fault) {
		b.status = fault.Status
	}
	if b.status == http.StatusRequestEntityTooLarge {
		return httputil.ErrBodyTooLarge
	}
	return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, err)
}

func (b *body) waitError(err error) error {
	if b.x.over() { // the connection may be another request's
		return err
	}
	b.x.conn.last = true
	switch {
	case errors.Is(err, httputil.ErrBodyTimeout):
		b.status = http.StatusRequestTimeout
		if own := b.x.bounds; own != nil && passed(own.read, time.Now()) {
			return fmt.Errorf("%w: %w", httputil.ErrBodyTimeout, os.ErrDeadlineExceeded)
		}
		return httputil.ErrBodyTimeout
	case err == io.EOF:
		b.status = http.StatusBadRequest
		return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, io.ErrUnexpectedEOF)
	case b.x.conn.Closed():
		return httputil.ErrClosed
	}
	return err
}

// SetMaxBody is what httputil.Request.SetMaxBody calls.
func (b *body) SetMaxBody(n int64) error {
	return b.x.bound(func(own *bounds) {
		limits := b.x.conn.server.options.Limits
		limits.Body = n
		own.limits = &limits
	})
}

// SetBodyTimeout is what httputil.Request.SetBodyTimeout calls.
func (b *body) SetBodyTimeout(d time.Duration) error {
	return b.x.bound(func(own *bounds) {
		own.read, own.endless = time.Time{}, d < 0
		if d > 0 {
			own.read = time.Now().Add(d)
		}
	})
}
