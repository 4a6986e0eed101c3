package httpserver

import (
	"math"
	"time"

	"eddy/httputil"
	"eddy/stream"
)

// This file is about output that waits for its client. A stream has one deadline, so each phase has
// one thing that it is for: see StreamDeadline. While a request is served there may be several;
// exchange.arm finds the first.

// watchOutput bounds how long the client may leave the output where it is.
func (c *conn) watchOutput() {
	if !c.firm {
		c.setDeadlineAt(c.outputDue())
	}
}

// outputDue returns when the output that waits is looked at next, zero for never. It stays what it is until
// the output is gone, whatever the client sends: a request shall not buy it more time.
func (c *conn) outputDue() time.Time {
	due := c.OutputDue()
	if d := c.server.options.WriteTimeout; due.IsZero() && d > 0 {
		c.TakeProgress()
		due = c.Loop().Now().Add(d)
		c.SetOutputDue(due)
	}
	return due
}

// setDeadlineAt sets the connection's deadline to a time, of which zero is none.
func (c *conn) setDeadlineAt(t time.Time) {
	if t.IsZero() {
		c.SetDeadline(0)
	} else {
		c.SetDeadline(max(t.Sub(c.Loop().Now()), 1))
	}
}

// keepsUp reports whether the client has taken enough of the output in the WriteTimeout that has
// passed since it was looked at last. If so, it has another.
func (c *conn) keepsUp() bool {
	o := &c.server.options
	taken := c.TakeProgress()
	c.SetOutputDue(c.Loop().Now().Add(o.WriteTimeout))
	return taken > 0 && float64(taken) >= float64(o.MinWriteRate)*o.WriteTimeout.Seconds()
}

// timed reports whether the deadline is what the client has for a head, or for a body that nobody
// wants. Its output need not be watched then: the phase has its end, and no response is added.
func (c *conn) timed() bool {
	o := &c.server.options
	head := c.phase == reading || c.phase == greeting
	return head && (o.HeaderTimeout > 0 || c.server.spreader.Stopped()) ||
		c.phase == skipping && (o.BodyTimeout > 0 || c.server.spreader.Stopped())
}

// allow gives the client d for what the phase, which has just begun, waits for.
func (c *conn) allow(d time.Duration) {
	c.firm = false
	if c.timed() || !c.Blocked() {
		c.SetDeadline(d)
	} else {
		c.watchOutput()
	}
}

// StreamBlocked implements stream.Sink.
func (c *conn) StreamBlocked() {
	switch {
	case c.phase == busy:
		c.x.watchOutput()
	case c.phase != fresh && !c.timed(): // a fresh connection has no output but its handshake's
		c.watchOutput()
	}
}

// StreamFlushed implements stream.Sink: the client has caught up.
func (c *conn) StreamFlushed() {
	c.firm = false
	switch {
	case c.phase == busy:
		c.x.unwatchOutput()
	case c.phase == handing:
		c.handOver()
	case c.phase == idle:
		c.rest()
	case (c.phase == reading || c.phase == skipping) && !c.timed():
		c.SetDeadline(0)
	}
}

// StreamDeadline implements stream.Sink.
func (c *conn) StreamDeadline() {
	switch {
	case c.phase == busy:
		c.x.overdue()
	case (c.phase == reading || c.phase == greeting) && c.timed():
		c.answer(&httputil.Request{}, 408, "the request's head did not arrive in time")
	case c.phase == skipping && c.timed():
		c.leave((*stream.Stream).Drain)
	case c.phase != fresh && c.Pending() > 0 && !c.firm && c.keepsUp():
		c.watchOutput()
	default:
		c.CloseNow()
	}
}

// skippable reports whether what is left of the present request's body is here, or so short that
// it is worth to be waited for. Of a client that has been told nothing else, and so may send its
// body or not (expect), nothing can be waited for.
func (c *conn) skippable(expect bool) bool {
	left, here := c.reader.BodyLeft(), c.Unread()
	if left >= 0 {
		return left <= int64(len(here)) || left <= skipMost && !expect
	}
	trial := c.reader // a copy: the handler may yet read
	for len(here) > 0 && !trial.BodyDone() {
		_, n, _, err := trial.ReadBody(here, math.MaxInt, &c.server.heads, nil)
		if err != nil || n == 0 {
			return false
		}
		here = here[n:]
	}
	return trial.BodyDone()
}

// keepWriteDeadline lets the deadline that the handler has set for its output hold for what is left
// of it, until it is gone or another request begins.
func (x *exchange) keepWriteDeadline() {
	if x.bounds == nil || x.bounds.write.IsZero() {
		return
	}
	c := x.conn
	c.FlushNow()
	if c.Blocked() {
		c.firm = true
		c.setDeadlineAt(x.bounds.write)
	}
}
