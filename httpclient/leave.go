package httpclient

import (
	"context"
	"time"

	"eddy/loop"
)

// A response that nobody reads further may have its end here already, or nearly. So much and so long is read
// and dropped to keep the connection; more would cost what a new one does.
const (
	leaveBytes = 64 << 10
	leaveTime  = 200 * time.Millisecond
)

// abandon ends the exchange for who waits for it, if that has begun.
func (x *exchange) abandon(ctx context.Context, err error) {
	if x.peer != nil {
		x.peer.abandon(ctx, x, err)
	}
}

// abandon implements peer. The connection goes on to the next request only if err is errStreamClosed or errOver, which
// say that nothing is wrong, and the response's end is near.
func (c *conn) abandon(ctx context.Context, x *exchange, err error) {
	ctx = context.WithoutCancel(ctx)
	leave := func(context.Context) error {
		x.leave(err)
		return nil
	}
	for !x.ended() && c.Loop().Do(ctx, leave) != nil {
		x.awaitOver(ctx) // the loop is being closed, and with it the connection
	}
}

// awaitOver waits until the exchange is over. Others may do so, or wait to read, at the same time.
func (x *exchange) awaitOver(ctx context.Context) {
	var w leaver
	w.Init(ctx)
	x.mu.Lock()
	if x.err != nil {
		x.mu.Unlock()
		return
	}
	w.next, x.leavers = x.leavers, &w
	x.mu.Unlock()
	w.Wait(ctx)
}

// leaver is one who waits for the end of an exchange.
type leaver struct {
	loop.Waiter
	next *leaver
}

// ended reports whether the exchange is over.
func (x *exchange) ended() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err != nil
}

// drop is abandon for a caller that cannot wait. A loop that takes no post is being closed, and with it the connection.
func (x *exchange) drop(err error) {
	if x.conn != nil {
		x.conn.Loop().Post(func() { x.leave(err) })
		return
	}
	x.abandon(context.Background(), err)
}

// leave is abandon, on the loop.
func (x *exchange) leave(err error) {
	c := x.conn
	switch {
	case c.home.unreserve(c, x):
		c.CloseNow()
		x.over(err)
	case c.x != x:
	case (err == errStreamClosed || err == errOver) && c.nearEnd():
		c.skip()
	default:
		c.fail(err)
	}
}

// nearEnd reports whether what is left of the response may be little, and the connection of use after it.
func (c *conn) nearEnd() bool {
	x := c.x
	if x.resp == nil || x.tunnel || !c.sent || c.Pending() > 0 || !c.enc.KeepAlive() || !c.reader.KeepAlive() {
		return false
	}
	return x.resp.ContentLength-x.got <= leaveBytes
}

// skip reads what is left of the response and drops it.
func (c *conn) skip() {
	x, now := c.x, c.Loop().Now()
	x.mu.Lock()
	x.discard, x.stopped, x.body = true, false, inbox{}
	x.most = x.got + leaveBytes
	x.due = now.Add(leaveTime)
	x.leavePlace() // for the one who comes next, who may be the same
	x.mu.Unlock()
	c.watch()
	c.goOn()
}
