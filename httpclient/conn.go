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
	pool   *pool
	reader http1.ResponseReader
	enc    http1.RequestEncoder
	x      *exchange
	last   time.Time // when the server was last heard of, or the request made progress
	sent   bool      // the request, to its last byte
	broken error     // why no more of it can be sent
	uses   uint32    // exchanges that were begun

	secured *tls.ConnectionState // what TLS has agreed on; nil without

	keep         time.Duration // how long it may rest behind the present response
	next         *exchange     // taken from the pool, and not begun yet; home.mu guards it
	older, newer *conn         // its neighbours there
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
	x.conn, x.peer, x.secured = c, c, c.secured
	if co := loop.FromContext(ctx); co != nil && co.Loop() == c.Loop() && co.Hold() {
		c.begin(x)
		co.Release()
		return
	}
	if !c.home.reserve(c, x) || !c.Loop().PostTask(x) {
		x.over(errStale) // or never used: see do
	}
}

// RunTask begins with the exchange.
func (x *exchange) RunTask() {
	if x.conn.home.unreserve(x.conn, x) {
		x.conn.begin(x)
	}
}

// bodyAlong is how long a body may be to be copied behind its head.
const bodyAlong = 16 << 10

// probeAfter is how long a connection may have rested before it is used without a look. The loop, which polls
// in every turn, has heard of what the server did before. One look costs half a microsecond: a twentieth of a small
// request.
const probeAfter = 100 * time.Millisecond

// usable reports whether nothing is known against using the connection. Of a close that is on its way
// nobody can know.
func (c *conn) usable() bool {
	if c.Closed() || c.EOF() || c.HungUp() || len(c.Unread()) > 0 {
		return false
	}
	return c.uses > 0 && c.Loop().Now().Sub(c.last) < probeAfter || c.Probe()
}

// lost is why an exchange cannot begin on a connection that has gone, or that the server has spoken on unasked.
func (c *conn) lost() error {
	switch {
	case c.home.client.closed.Load():
		return ErrClosed
	case c.uses > 0:
		return errStale
	case !c.Closed() && len(c.Unread()) > 0:
		return errUnasked
	}
	return ErrCut
}

func (c *conn) begin(x *exchange) {
	if !c.usable() {
		err := c.lost()
		c.CloseNow()
		x.over(err)
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
		x.overIn(PhaseRequest, err)
		return
	}
	c.x, c.last, c.sent = x, c.Loop().Now(), false
	c.uses++
	if x.out.source != nil || len(x.out.body) > bodyAlong {
		c.TakeProgress() // begins to count
	}
	if x.out.source == nil {
		c.sendWhole(b, p, x.out.body)
	} else {
		b.SetTail(p)
		c.Send(b)
		x.work.launch()
	}
	c.watch()
	if x.trace != nil {
		c.traceHead(x)
	}
}

// sendWhole sends the request with a body that is there. One that is long is not copied: see finish.
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
	if c.x == nil { // a server has nothing to say unasked, but that it goes (RFC 9112 §9.2)
		if next := c.home.gone(c); next != nil {
			next.over(c.lost())
		}
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
	if !x.touched && len(c.Unread()) > 0 { // which nobody else changes
		x.mu.Lock()
		x.touched, x.first = true, c.last
		x.mu.Unlock()
		x.trace.firstByte()
	}
	for x.resp == nil {
		n, err := c.reader.FindHead(c.Unread(), &c.home.client.options.Limits)
		if err != nil {
			return err
		}
		if n == 0 {
			if c.EOF() {
				return c.ended()
			}
			return nil
		}
		if err := c.receiveHead(n); err != nil {
			return err
		}
		if x.resp == nil {
			if x.held() { // goOn comes back
				return nil
			}
			c.Resume() // the caller was quicker than this
		}
	}
	switch {
	case x.tunnel:
		return nil
	case c.reader.Tunnel(): // nobody has asked for what follows, or wants it
		c.finish()
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
	if err := c.judge(&head, n); err != nil {
		return err
	}
	resp.Status, resp.Reason, resp.Version = head.Status, head.Reason, head.Version
	resp.Header, resp.ContentLength = head.Header, head.ContentLength
	c.keep = restTime(c.home.client.options.IdleTimeout, &resp.Header)
	switch {
	case head.Interim():
		early := head // so that only such heads are on the heap
		c.interim(&early)
		return nil
	case c.reader.Tunnel() && !x.whole && x.out.switches():
		x.tunnel = true
		c.Pause()
	case c.unwanted(resp):
		x.ceased, c.sent = true, false
		c.Mute()
	}
	x.answer(resp)
	return nil
}

// What a server can do wrong beyond what http1 knows of.
var (
	errInterim = &http1.Error{Status: 502, Reason: "interim responses larger than the limit of a head", Section: "RFC 9110 §15.2"}
	errUnasked = &http1.Error{Status: 502, Reason: "spoken before asked", Section: "RFC 9112 §9.2"}
)

// judge returns what is wrong with a head of n bytes that is well-formed.
func (c *conn) judge(head *http1.ResponseHead, n int) error {
	x := c.x
	switch {
	case head.Interim():
		if x.heads += int32(n); int(x.heads) > c.home.client.options.Limits.HeaderBytes {
			return errInterim
		}
	case x.most >= 0 && head.ContentLength > x.most && !c.reader.BodyDone() && !(x.follow && redirects(head.Status)):
		return ErrBodyTooLarge
	}
	return nil
}

// unwanted reports whether the server has answered and closes without reading what is still to be sent. To send
// it all the same would make a reset of its close, which can cost the response (RFC 9112 §9.5).
func (c *conn) unwanted(resp *Response) bool {
	return resp.Status >= 300 && !c.reader.KeepAlive() && (!c.sent || c.Pending() > 0)
}

// redirects reports whether a status can redirect.
func redirects(status int) bool { return status/100 == 3 && status != http.StatusNotModified }

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
		x.trace.early, x.stopped = head, true
		c.Pause()
		x.tell()
	}
}

// receiveBody takes what has come of the body.
func (c *conn) receiveBody() error {
	x := c.x
	x.mu.Lock()
	for !c.reader.BodyDone() && !x.stopped {
		data, n, _, err := c.reader.ReadBody(c.Unread(), bodyMost, &c.home.client.options.Limits, &x.trailer)
		if err != nil {
			x.mu.Unlock()
			return err
		}
		if n == 0 {
			break
		}
		full, err := x.put(data)
		if err != nil {
			x.mu.Unlock()
			return err
		}
		c.Discard(n)
		if full && c.reader.BodyDone() { // nothing would come to go on with
			x.stopped = false
		} else if full {
			c.Pause()
		}
	}
	if !c.reader.BodyDone() { // else finish tells, when the connection is free again
		x.tell()
	}
	stopped := x.stopped
	x.mu.Unlock()
	switch {
	case stopped:
		return nil
	case c.reader.BodyDone():
		c.finish()
	case c.EOF():
		return c.ended()
	}
	return nil
}

// ended deals with the end of what the server sends: of a body that has no other end, or too early.
func (c *conn) ended() error {
	if err := c.reader.EOF(); err != nil {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		switch {
		case c.broken != nil:
			return cut(c.broken)
		case !c.x.touched:
			return cut(io.EOF)
		}
		return ErrCut
	}
	if c.Truncated() { // somebody between may have cut it
		return cut(errTruncated)
	}
	c.finish()
	return nil
}

// resume implements peer.
func (c *conn) resume(ctx context.Context) { c.onLoop(ctx, c.goOn) }

// goOn reads on when the reader has made room.
func (c *conn) goOn() {
	if c.x == nil || c.Closed() || c.x.tunnel || c.x.held() { // it may be the next exchange already
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
	defer x.over(io.EOF) // also if a trace panics
	switch {
	case c.Closed():
	case c.sent && c.enc.KeepAlive() && c.reader.KeepAlive() && !c.EOF() && len(c.Unread()) == 0 && c.Pending() == 0:
		x.trace.idle(c.rest())
	case c.Pending() > 0:
		c.CloseNow()
	default:
		c.Close()
	}
}

// fail ends an exchange that has not.
func (c *conn) fail(err error) {
	x := c.x
	c.x = nil
	if x == nil {
		c.CloseNow()
		return
	}
	defer x.overIn(c.phase(x, err), err)
	c.CloseNow()
	x.trace.sent(err)
}

// phase returns where x was when err ended it.
func (c *conn) phase(x *exchange, err error) Phase {
	_, source := errors.AsType[*sourceError](err)
	_, wrong := errors.AsType[*http1.Error](err)
	switch {
	case x.resp != nil:
		return PhaseBody
	case wrong || err == ErrBodyTooLarge: // also if not all was sent
		return PhaseHead
	case source || !c.sent || c.Pending() > 0:
		return PhaseSend
	}
	return PhaseHead
}

// rest keeps the connection for the next request, and reports whether it does.
func (c *conn) rest() bool {
	if c.keep > 0 && c.home.put(c) {
		c.SetDeadline(c.keep)
		return true
	}
	c.Close()
	return false
}

// StreamHangup implements stream.Sink: what is left is read when there is room for it.
func (c *conn) StreamHangup() {}

// StreamBroken implements stream.LastReader: the server may have answered before it went.
func (c *conn) StreamBroken(err error) {
	if c.x == nil || !stream.Quiet(err) {
		c.fail(fmt.Errorf("%w: %w", ErrCut, err))
		return
	}
	c.broken, c.sent = err, false
	c.x.mu.Lock()
	c.x.ceased = true
	c.x.mu.Unlock()
}

// StreamBlocked implements stream.Sink.
func (c *conn) StreamBlocked() {}

// StreamFlushed implements stream.Sink.
func (c *conn) StreamFlushed() {
	c.last = c.Loop().Now()
	c.traceSent()
}

// StreamClosed implements stream.Sink.
func (c *conn) StreamClosed(err error) {
	if next := c.home.gone(c); next != nil {
		next.over(c.lost())
	}
	x := c.x
	c.x = nil
	if x == nil {
		return
	}
	if err = cut(err); c.home.client.closed.Load() {
		err = ErrClosed
	}
	defer x.overIn(c.phase(x, err), err)
	x.trace.sent(err)
}
