package httpserver

import (
	"fmt"
	"os"
	"time"

	"eddy/http1"
	"eddy/httputil"
)

// bounds are what few exchanges have: the times at which waits of theirs end, and what the handler
// has set for its request alone. They are the loop's.
type bounds struct {
	request time.Time // when the handler has had its time
	output  time.Time // when output that waits is looked at; zero: none waits
	read    time.Time // the handler's deadline for the body
	write   time.Time // and for its output
	armed   int64     // what the connection's deadline is set to, in nanoseconds of Unix; 0: none
	endless bool      // the body may take for ever
	limits  *http1.Limits
}

func (x *exchange) own() *bounds {
	if x.bounds == nil {
		x.bounds = new(bounds)
	}
	return x.bounds
}

// limits bounds the request's body.
func (x *exchange) limits() *http1.Limits {
	if x.bounds != nil && x.bounds.limits != nil {
		return x.bounds.limits
	}
	return &x.conn.server.options.Limits
}

// beginTimes sets the deadline anew when the exchange begins.
func (x *exchange) beginTimes() {
	c := x.conn
	c.SetDeadline(0)
	if d := c.server.options.RequestTimeout; d > 0 {
		x.own().request = c.Loop().Now().Add(d)
	}
	if c.Blocked() { // by responses to earlier requests
		x.watchOutput()
	} else if x.bounds != nil {
		x.arm()
	}
}

// watchOutput is conn.watchOutput while the request is served.
func (x *exchange) watchOutput() {
	c, b := x.conn, x.own()
	if b.output = b.write; b.write.IsZero() {
		b.output = c.outputDue()
	}
	x.arm()
}

func (x *exchange) unwatchOutput() {
	if x.bounds != nil {
		x.bounds.output = time.Time{}
	}
	x.arm()
}

// arm sets the connection's one deadline to the first of the exchange's.
func (x *exchange) arm() {
	var first time.Time
	if x.body != nil {
		first = x.body.until
	}
	if b := x.bounds; b != nil {
		first = earlier(earlier(first, b.request), b.output)
	}
	var at int64
	if !first.IsZero() {
		at = first.UnixNano()
	}
	if at == 0 && x.bounds == nil {
		return // nor was there any
	}
	if b := x.own(); at != b.armed { // to set it again would put it off by a tick, again and again
		x.conn.setDeadlineAt(first)
		b.armed = at
	}
}

// earlier returns the first of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// passed reports whether t has come, at now.
func passed(t, now time.Time) bool { return !t.IsZero() && !t.After(now) }

// overdue is called when the first of the deadlines has come.
func (x *exchange) overdue() {
	c, b, now := x.conn, x.own(), x.conn.Loop().Now()
	b.armed = 0
	if x.body != nil && passed(x.body.until, now) {
		x.body.until = time.Time{}
		c.InterruptRead(httputil.ErrBodyTimeout)
	}
	if passed(b.request, now) {
		b.request = time.Time{}
		x.Cancel(httputil.ErrRequestTimeout)
	}
	if passed(b.output, now) {
		if !b.write.IsZero() {
			x.tooLate()
		}
		if !b.write.IsZero() || !c.keepsUp() {
			c.CloseNow()
			return
		}
		b.output = c.outputDue()
	}
	x.arm()
}

// isLate reports whether the handler's deadline for writes has passed, once and for all. The caller
// holds mu.
func (x *exchange) isLate() bool {
	x.late = x.late || x.rare != nil && passed(x.rare.writeBy, time.Now())
	return x.late
}

// tooLate makes all further writes fail.
func (x *exchange) tooLate() {
	x.mu.Lock()
	x.late = true
	x.mu.Unlock()
}

// SetReadDeadline sets when reads of the request's body fail with an error that is
// httputil.ErrBodyTimeout and os.ErrDeadlineExceeded, in place of BodyTimeout and MinBodyRate; those
// hold again after the zero time. A time that has passed makes reads fail at once, also one that
// waits. After a deadline has passed, another one does not make reads work again. It holds for
// this request only. Any goroutine; http.ResponseController calls it.
func (x *exchange) SetReadDeadline(t time.Time) error {
	return x.bound(func(b *bounds) { b.read, b.endless = t, false })
}

// bound changes the exchange's bounds, and what waits goes by them.
func (x *exchange) bound(change func(b *bounds)) error {
	over := false
	err := x.onLoop(func() {
		if over = x.over(); over {
			return
		}
		change(x.own())
		if b := x.body; b != nil && b.waiting {
			b.until = b.due()
		}
		if x.conn.Blocked() {
			x.watchOutput()
		} else {
			x.arm()
		}
	})
	if err == nil && over {
		err = x.overErr()
	}
	return err
}

// SetWriteDeadline sets when the response must have been taken by the client, in place of
// WriteTimeout and MinWriteRate; those hold again after the zero time. When it has passed, the
// response's methods fail with os.ErrDeadlineExceeded and the connection is closed: at once if
// output waits, or else after the handler. After it has passed, another one does not help.
// It holds for this request only, and for what is left of its output until the next one. Any
// goroutine; http.ResponseController calls it.
func (x *exchange) SetWriteDeadline(t time.Time) error {
	err := x.bound(func(b *bounds) {
		b.write = t
		if x.conn.Blocked() {
			x.conn.SetOutputDue(time.Time{}) // WriteTimeout begins anew if it holds again
		}
	})
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.uncommon().writeBy = t
	return nil
}

// lost returns what a write fails with that was under way when the connection was closed.
func (x *exchange) lost(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.late {
		return os.ErrDeadlineExceeded
	}
	return fmt.Errorf("%w: %w", httputil.ErrClosed, err)
}
