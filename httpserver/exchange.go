package httpserver

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"eddy/http1"
	"eddy/httputil"
	"eddy/loop"
)

// exchange is one request with its response: the job of a coroutine, the handler's
// context, its ResponseWriter and its request in one piece of memory. The garbage collector
// frees it, so what a handler keeps of it stays valid.
//
// The handler's side (out, enc) is its own until it flushes; only then the connection's
// loop is needed. mu keeps a goroutine that writes after the handler has returned from
// touching a buffer that belongs to another request by then.
type exchange struct {
	loop.Context
	conn *conn
	req  httputil.Request

	mu        sync.Mutex
	enc       http1.ResponseEncoder
	out       *loop.Buffer // written, not handed to the connection
	rare      *rarities    // nil until something of it is needed
	late      bool         // the handler's deadline for writes has passed
	detached  bool         // the handler has taken the connection, or is about to
	continued bool         // the handler has written a 100 by itself
	finished  bool         // no more may be written
	keepAlive bool         // and another request may follow
	closed    bool         // the connection is gone
	failed    bool         // the response cannot be completed: close instead
	muted     bool         // and without an answer, by http.ErrAbortHandler
	short     bool         // because it has fewer bytes than announced
	long      bool         // the handler had more bytes than announced

	// These are the loop's.
	expect   bool  // the client waits for a 100 before it sends the body
	sent     bool  // some of the final response was handed over
	settled  bool  // all of it was, or it was withheld
	bodyRead bool  // the request was read to its end
	body     *body // nil without one; set before the handler runs, and not changed
	bounds   *bounds
}

// rarities are what few exchanges have, and what mu guards.
type rarities struct {
	addrs   addrs
	trailer *httputil.Header // what SetTrailer has set
	writeBy time.Time        // the handler's deadline for writes, zero for none
	owed    int64            // bytes of files: counted for the body, and not sent yet
}

// uncommon returns the rarities. The caller holds mu.
func (x *exchange) uncommon() *rarities {
	if x.rare == nil {
		x.rare = new(rarities)
	}
	return x.rare
}

// Exchanges with the fields of their requests: 416 bytes for those of few words, and 512 for most programs'.
// Browsers send more fields, and get an array of the right size.
type (
	brief struct {
		exchange
		fields [2]httputil.Field
	}
	usual struct {
		exchange
		fields [5]httputil.Field
	}
)

// newExchange returns an exchange and room for n header fields.
func newExchange(n int) (*exchange, []httputil.Field) {
	if n <= len(brief{}.fields) {
		b := new(brief)
		return &b.exchange, b.fields[:]
	}
	if n <= len(usual{}.fields) {
		u := new(usual)
		return &u.exchange, u.fields[:]
	}
	return new(exchange), make([]httputil.Field, 0, n)
}

// flushSize is how much a response collects before it is handed over by itself.
const flushSize = 32 << 10

func (x *exchange) begin() {
	c := x.conn
	o := &c.server.options
	x.req.Protocol = "http"
	if c.secure {
		x.req.Protocol = "https"
	}
	if o.Protocol != "" {
		x.req.Protocol = o.Protocol
	}
	x.req.Conn = x
	x.req.Start = c.Loop().Now()
	x.req.Body = httputil.NoBody
	if !c.reader.BodyDone() {
		x.body = newBody(x)
		x.req.Body = x.body
		x.expect = c.reader.ExpectContinue()
	}
	x.enc.Init(&x.req, c.reader.KeepAlive() && !o.NoKeepAlive && !c.last)
	x.Init(o.Context)
	x.beginTimes()
	c.Loop().Start(&x.Context, x)
}

// RunJob implements loop.Job.
func (x *exchange) RunJob(context.Context) {
	defer x.recover()
	x.conn.server.handler.ServeRequest(x, x, &x.req)
}

func (x *exchange) recover() {
	p := recover()
	if p == nil {
		return
	}
	x.abort()
	if p == http.ErrAbortHandler {
		x.mute()
	} else {
		x.conn.server.options.Logger.Error("panic in a handler", slog.Any("panic", p),
			slog.String("method", x.req.Method), slog.String("path", x.req.Path),
			slog.String("stack", string(debug.Stack())))
	}
}

// abort makes the response end in a 500, or in a closed connection if it has begun.
func (x *exchange) abort() {
	x.mu.Lock()
	x.failed = true
	x.mu.Unlock()
}

// mute keeps abort from answering by a 500: the handler wants its client to see no end at all.
func (x *exchange) mute() {
	x.mu.Lock()
	x.muted = true
	x.mu.Unlock()
}

// JobDone implements loop.Job: the handler is through.
func (x *exchange) JobDone(o loop.Outcome) {
	if x.conn.x != x {
		return // the connection is the handler's now: see detach
	}
	if o != loop.Returned {
		x.abort()
	}
	x.settle()
	if b := x.body; b != nil && b.withheld != nil && !x.conn.Closed() {
		x.conn.x = nil
		x.conn.refuse(&x.req, b.withheld)
		return
	}
	x.conn.ended(x.keepAlive, x.bodyRead)
}

// settle ends the response and hands it over. It runs on the loop.
func (x *exchange) settle() {
	if x.settled {
		return
	}
	closing := x.closing(true)
	x.mu.Lock()
	x.complete(true, closing)
	b := x.out
	x.out = nil
	x.mu.Unlock()
	x.conclude(b)
}

// conclude hands over b, the end of a response that is complete: nil if it has none. It runs on the loop.
func (x *exchange) conclude(b *loop.Buffer) {
	x.settled = true
	c := x.conn
	c.InterruptRead(httputil.ErrFinished) // of a goroutine that the handler has left behind
	var fault error
	x.bodyRead, fault = c.skipBody()
	switch {
	case b == nil:
	case fault != nil && !x.sent:
		// The request turns out to be malformed, and not a byte of an answer to it has
		// left: nobody shall take it for a good one.
		x.body.withheld = fault
		c.Loop().PutBuffer(b)
	default:
		c.Send(b)
	}
}

// complete ends the response if that was not done before. held says whether the caller
// has the loop; it holds mu. closing is what the method of this name has returned.
func (x *exchange) complete(held, closing bool) {
	if !x.finished {
		if closing {
			x.enc.Last()
		}
		x.finished, x.keepAlive = true, x.end(held)
	}
}

// end ends the response, with an error if there is none yet, and reports whether another
// one may follow it.
func (x *exchange) end(held bool) bool {
	written := x.enc.HeadWritten()
	if x.closed || x.isLate() || !written && (x.muted || x.Err() == httputil.ErrClosed) {
		return false // nobody is there or shall be told, or the handler took a half-close for that
	}
	b := x.buffer(held)
	if !written {
		x.failed = false
		status, reason := x.failure(held)
		p, err := appendError(b.Tail(), &x.enc, status, reason, x.date(held))
		if err == nil {
			b.SetTail(p)
		}
		return x.enc.KeepAlive() && err == nil
	}
	var trailer *httputil.Header
	if x.rare != nil {
		trailer = x.rare.trailer
	}
	if x.failed || x.rare != nil && x.rare.owed > 0 {
		return false
	}
	p, err := x.enc.AppendEnd(b.Tail(), trailer)
	if err != nil {
		x.failed, x.short = true, true
		x.logLength("incomplete response")
		return false
	}
	b.SetTail(p)
	if x.long {
		x.logLength("a response has more bytes than announced")
	}
	return x.enc.KeepAlive() && !x.long
}

// appendError appends a whole response with a short text.
func appendError(dst []byte, enc *http1.ResponseEncoder, status int, reason string, date []byte) ([]byte, error) {
	text := fmt.Sprintf("%d %s\n", status, http.StatusText(status))
	if reason != "" {
		text = fmt.Sprintf("%d %s: %s\n", status, http.StatusText(status), reason)
	}
	var h httputil.Header
	h.Append("Content-Type", "text/plain; charset=utf-8")
	dst, err := enc.AppendHead(dst, status, "", &h, int64(len(text)), date)
	if err != nil {
		return dst, err
	}
	if dst, err = enc.AppendBody(dst, []byte(text)); err != nil {
		return dst, err
	}
	return enc.AppendEnd(dst, nil)
}
