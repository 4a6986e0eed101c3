package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"eddy/http1"
	"eddy/httputil"
	"eddy/loop"
	"eddy/stream"
)

// conn is a connection to a server, or to a proxy on the way to one. It belongs to its loop: it is idle, in its
// home's pool, or has an exchange.
type conn struct {
	*stream.Stream
	home   *home
	key    key
	reader http1.ResponseReader
	enc    http1.RequestEncoder
	x      *exchange
	last   time.Time // when the server was last heard of, or the request made progress
	sent   bool      // the request, to its last byte
	uses   uint32    // exchanges that were begun

	secured *tls.ConnectionState // what TLS has agreed on; nil without

	next    *exchange // taken from the pool, and not begun yet; home.mu guards it
	resting time.Time // when it came into the pool; home.mu guards it
}

// onLoop runs f on the connection's loop: at once if the caller is a coroutine that has it.
func (c *conn) onLoop(ctx context.Context, f func()) {
	if co := loop.FromContext(ctx); co != nil && co.Loop() == c.Loop() && co.Hold() {
		f()
		co.Release()
		return
	}
	c.Loop().Post(f)
}

// start gives the connection, which is the caller's, an exchange.
func (c *conn) start(ctx context.Context, x *exchange) {
	x.conn = c
	if co := loop.FromContext(ctx); co != nil && co.Loop() == c.Loop() && co.Hold() {
		c.begin(x)
		co.Release()
		return
	}
	if !c.home.reserve(c, x) || !c.Loop().PostTask(x) {
		x.over(errStale)
	}
}

// RunTask begins with the exchange.
func (x *exchange) RunTask() {
	if x.conn.home.reserved(x.conn) == x {
		x.conn.begin(x)
	}
}

// redirectBody is how much of a redirect's body is read and dropped, so that the connection can be used
// again.
const redirectBody = 64 << 10

// bodyAlong is how long a body may be to be copied behind its head.
const bodyAlong = 16 << 10

func (c *conn) begin(x *exchange) {
	if c.Closed() || c.EOF() || len(c.Unread()) > 0 {
		c.CloseNow()
		x.over(errStale)
		return
	}
	c.enc = http1.RequestEncoder{}
	b := c.Loop().GetBuffer()
	p, err := c.enc.AppendHead(b.Tail(), x.out.method, x.out.target, x.out.host, &x.out.header, x.out.length)
	if err == nil {
		err = c.reader.Start(x.out.method)
	}
	if err != nil {
		c.Loop().PutBuffer(b)
		c.CloseNow()
		x.over(err)
		return
	}
	c.x, c.last, c.sent = x, c.Loop().Now(), false
	c.uses++
	if x.out.source == nil {
		c.sendWhole(b, p, x.out.body)
	} else {
		b.SetTail(p)
		c.Send(b)
	}
	c.watch()
	if x.trace != nil {
		c.traceHead(x)
	}
}

// sendWhole sends the request with a body that is there. One that is long is not copied: see close.
func (c *conn) sendWhole(b *loop.Buffer, p, body []byte) {
	c.sent = true
	if len(body) <= bodyAlong {
		p, _ = c.enc.AppendBody(p, body) // it has the length that was announced
		p, _ = c.enc.AppendEnd(p, nil)
		b.SetTail(p)
		c.Send(b)
		return
	}
	b.SetTail(p)
	c.Send(b)
	c.SendView(body)
	c.enc.TakeRaw(int64(len(body)))
	c.enc.AppendEnd(nil, nil)
}

// StreamReadable implements stream.Sink.
func (c *conn) StreamReadable() {
	if c.x == nil { // a server has nothing to say unasked, but that it goes
		c.CloseNow()
		return
	}
	if err := c.receive(); err != nil {
		c.fail(err)
	}
}

// receive takes what has come. The response's end takes the exchange away.
func (c *conn) receive() error {
	x := c.x
	c.last = c.Loop().Now()
	x.mu.Lock()
	first := !x.touched && len(c.Unread()) > 0
	if first {
		x.touched, x.first = true, time.Now()
	}
	x.mu.Unlock()
	if first {
		x.trace.firstByte()
	}
	for x.resp == nil {
		n, err := c.reader.FindHead(c.Unread(), &c.home.client.options.Limits)
		if err != nil {
			return err
		}
		if n == 0 {
			if c.EOF() {
				return c.cut()
			}
			return nil
		}
		if err := c.receiveHead(n); err != nil {
			return err
		}
		if x.resp == nil && x.held() { // goOn comes back
			return nil
		}
	}
	if x.tunnel {
		return nil
	}
	return c.receiveBody()
}

// receiveHead takes a head of n bytes. It is copied once, into one string that all strings of the
// response are parts of.
func (c *conn) receiveHead(n int) error {
	x := c.x
	resp := new(Response)
	head := http1.ResponseHead{Header: httputil.HeaderOver(resp.fields[:0])}
	err := c.reader.ParseHead(string(c.Unread()[:n]), &c.home.client.options.Limits, &head)
	c.Discard(n)
	if err != nil {
		return err
	}
	resp.Status, resp.Reason, resp.Version = head.Status, head.Reason, head.Version
	resp.Header, resp.ContentLength = head.Header, head.ContentLength
	switch {
	case head.Interim():
		c.interim(&head)
		return nil
	case c.reader.Tunnel() && (x.whole || !x.out.switches()): // of a whole response there would be no end
		return errSwitch
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.resp = resp
	x.answered()
	switch {
	case c.reader.Tunnel():
		x.tunnel = true
		c.Pause()
	case x.follow && isRedirect(resp):
		x.discard, x.most = true, redirectBody
	}
	if x.toHead {
		x.due = time.Time{}
	}
	x.tell()
	return nil
}

// held reports whether nothing more is taken before the caller has taken what there is.
func (x *exchange) held() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stopped
}

// interim takes a head that the final one follows.
func (c *conn) interim(head *http1.ResponseHead) {
	x := c.x
	wanted := x.trace.interim(head, x.out.expect)
	x.mu.Lock()
	defer x.mu.Unlock()
	if head.Status == http.StatusContinue {
		x.asked = true
		x.answered()
	}
	if wanted {
		x.early, x.stopped = head, true
		c.Pause()
		x.tell()
	}
}

// receiveBody takes what has come of the body.
func (c *conn) receiveBody() error {
	x := c.x
	x.mu.Lock()
	for !c.reader.BodyDone() && !x.stopped {
		data, n, _, err := c.reader.ReadBody(c.Unread(), bodyMost, &c.home.client.options.Limits, &x.resp.Trailer)
		if err != nil {
			x.mu.Unlock()
			return err
		}
		if n == 0 {
			break
		}
		if x.got += int64(len(data)); x.most >= 0 && x.got > x.most {
			x.mu.Unlock()
			return ErrBodyTooLarge
		}
		if x.discard {
			c.Discard(n)
			continue
		}
		if x.body == nil && x.whole {
			x.body = make([]byte, 0, min(max(x.resp.ContentLength, 0), bodyMost))
		}
		x.body = append(x.body, data...)
		c.Discard(n)
		if !x.whole && len(x.body) >= bodyMost && !c.reader.BodyDone() {
			x.stopped = true
			c.Pause()
		}
	}
	x.tell()
	stopped := x.stopped
	x.mu.Unlock()
	switch {
	case stopped:
		return nil
	case c.reader.BodyDone():
		c.finish()
	case c.EOF():
		return c.cut()
	}
	return nil
}

// cut deals with the end of what the server sends: of a body that has no other end, or too early.
func (c *conn) cut() error {
	if err := c.reader.EOF(); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return ErrCut
		}
		return err
	}
	if c.Truncated() { // somebody between may have cut it
		return fmt.Errorf("%w: TLS was not closed in order", ErrCut)
	}
	c.finish()
	return nil
}

// goOn reads on when the reader has made room.
func (c *conn) goOn() {
	if c.x == nil || c.Closed() {
		return
	}
	c.last = c.Loop().Now()
	c.Resume()
	if len(c.Unread()) > 0 || c.EOF() {
		c.StreamReadable()
	}
}

// finish ends an exchange that has gone well. What the exchange has given to be sent and was not is the
// caller's memory: so it is dropped, with the connection, before the caller is told.
func (c *conn) finish() {
	x := c.x
	c.x = nil
	switch {
	case c.Closed():
	case c.sent && c.enc.KeepAlive() && c.reader.KeepAlive() && !c.EOF() && len(c.Unread()) == 0 && c.Pending() == 0:
		x.trace.idle(c.rest())
	case c.Pending() > 0:
		c.CloseNow()
	default:
		c.Close()
	}
	x.over(io.EOF)
}

// fail ends an exchange that has not.
func (c *conn) fail(err error) {
	x := c.x
	c.x = nil
	c.CloseNow()
	if x != nil {
		x.trace.sent(err)
		x.over(err)
	}
}

// rest keeps the connection for the next request, and reports whether it does.
func (c *conn) rest() bool {
	if o := &c.home.client.options; o.IdleTimeout > 0 && c.home.put(c) {
		c.SetDeadline(o.IdleTimeout)
		return true
	}
	c.Close()
	return false
}

// StreamHangup implements stream.Sink: what is left is read when there is room for it.
func (c *conn) StreamHangup() {}

// StreamBlocked implements stream.Sink.
func (c *conn) StreamBlocked() {}

// StreamFlushed implements stream.Sink.
func (c *conn) StreamFlushed() {
	c.last = c.Loop().Now()
	c.traceSent()
}

// StreamClosed implements stream.Sink.
func (c *conn) StreamClosed(err error) {
	next := c.home.gone(c)
	if next != nil {
		next.over(errStale)
	}
	x := c.x
	c.x = nil
	if x == nil {
		return
	}
	if err == nil {
		err = ErrCut
	} else {
		err = fmt.Errorf("%w: %w", ErrCut, err)
	}
	x.trace.sent(err)
	x.over(err)
}
