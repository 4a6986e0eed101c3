package httpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"eddy/http1"
	"eddy/httputil"
)

// body is the request's body as the handler reads it. There is no buffer of its own: it
// takes from the connection's, and the connection reads only when it asks.
type body struct {
	x      *exchange
	err    error         // what every further Read returns
	got    int64         // bytes that were read
	waited time.Duration // for them
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
	if c.x != x || x.settled {
		return 0, x.overErr()
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

// wait waits for more bytes: for a while each time, and for so long in all as a client
// takes that sends at the least rate.
func (b *body) wait(ctx context.Context) error {
	c := b.x.conn
	o := &c.server.options
	limit := o.BodyTimeout
	if limit > 0 && o.MinBodyRate > 0 {
		left := o.BodyTimeout + time.Duration(b.got)*time.Second/time.Duration(o.MinBodyRate) - b.waited
		if left <= 0 {
			return httputil.ErrBodyTimeout
		}
		limit = min(limit, left)
	}
	begin := time.Now()
	c.SetDeadline(limit)
	err := c.WaitReadable(ctx, bodyRoom)
	c.SetDeadline(0)
	b.waited += time.Since(begin)
	return err
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
		data, n, _, err := c.reader.ReadBody(c.Unread(), len(p), &c.server.options.Limits, &b.x.req.Trailer)
		if err != nil {
			return 0, b.fail(err)
		}
		copied := copy(p, data)
		b.got += int64(copied)
		c.Discard(n)
		if copied > 0 || n == 0 {
			return copied, nil
		}
	}
	return 0, nil
}

// fail notes that the body is broken: whatever the handler answers, the connection
// cannot be used again.
func (b *body) fail(err error) error {
	b.x.conn.last = true
	var fault *http1.Error
	if errors.As(err, &fault) && fault.Status == http.StatusRequestEntityTooLarge {
		return httputil.ErrBodyTooLarge
	}
	return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, err)
}

func (b *body) waitError(err error) error {
	b.x.conn.last = true
	switch {
	case errors.Is(err, httputil.ErrBodyTimeout):
		return httputil.ErrBodyTimeout
	case err == io.EOF:
		return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, io.ErrUnexpectedEOF)
	case b.x.conn.Closed():
		return httputil.ErrClosed
	}
	return err
}
