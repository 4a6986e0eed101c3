package httpclient

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"eddy/async"
	"eddy/loop"
	"eddy/stream"
)

// errOver is what a source's write returns when the exchange needs no more of it.
var errOver = errors.New("httpclient: the response has ended")

// launcher runs a source: in a coroutine if the request has a producer and its caller a loop, else in a goroutine.
type launcher func(ctx context.Context, run func(context.Context))

func (h *hop) launcher(ctx context.Context) launcher {
	co := loop.FromContext(ctx)
	inLoop := h.req.BodyProducer != nil && co != nil && co.Current() && !co.Apart()
	return func(ctx context.Context, run func(context.Context)) {
		if !inLoop || !co.Loop().Spawn(ctx, run) {
			go run(ctx)
		}
	}
}

// sendFrom sends the body that the source gives.
func (x *exchange) sendFrom(ctx context.Context) {
	err := errExited
	defer func() { x.sentAll(ctx, err) }()
	err = x.produce(ctx)
}

// errExited is what a body is ended with when its source has called runtime.Goexit.
var errExited = errors.New("its source has ended without returning")

// sentAll is called when the source has ended.
func (x *exchange) sentAll(ctx context.Context, err error) {
	if err == errOver {
		return
	}
	x.conn.onLoop(ctx, func() {
		c := x.conn
		switch {
		case c.x != x || x.ceased:
			if p, ok := errors.AsType[*async.PanicError](err); ok { // which nobody else is told
				c.home.client.options.Logger.Error("panic in the source of a request's body", slog.Any("panic", p.Value), slog.String("stack", string(p.Stack)))
			}
		case err != nil && ctx.Err() != nil: // the source may have met it in another form
			c.fail(ctx.Err())
		case err != nil:
			c.fail(&sourceError{err})
		default:
			c.endBody()
		}
	})
}

// sourceError is what went wrong with the request's body, and not with the connection.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "the request's body: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// produce runs the source when the server wants its bytes.
func (x *exchange) produce(ctx context.Context) (err error) {
	if x.out.expect && !x.wanted(ctx) {
		return errOver
	}
	x.mu.Lock()
	over := x.err != nil
	x.begun = x.begun || !over
	x.mu.Unlock()
	if over {
		return errOver
	}
	return x.out.source.run(ctx, &bodyWriter{ctx: ctx, x: x})
}

// run calls the source. A panic of it is an error.
func (s source) run(ctx context.Context, w io.Writer) error {
	return guarded(func() error { return s(ctx, w) })
}

// bodyWriter sends what is written to it, and waits while the server does not read.
type bodyWriter struct {
	ctx context.Context
	x   *exchange
}

// Write implements io.Writer.
func (w *bodyWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		piece := p[:min(len(p), stream.HighWater)]
		if err = w.x.conn.Loop().Do(w.ctx, func(ctx context.Context) error { return w.x.conn.sendBody(ctx, w.x, piece) }); err == nil {
			n += len(piece)
			p = p[len(piece):]
		}
	}
	return n, err
}

// sendBody sends a piece of the body of x. The caller is on the loop.
func (c *conn) sendBody(ctx context.Context, x *exchange, piece []byte) error {
	if c.x != x || x.ceased {
		return errOver
	}
	b := c.Loop().GetBuffer()
	p, err := c.enc.AppendBody(b.Tail(), piece)
	if err != nil {
		c.Loop().PutBuffer(b)
		return err
	}
	b.SetTail(p)
	c.Send(b)
	c.last = c.Loop().Now()
	if x.work.given += int64(len(piece)); x.work.given == x.out.length {
		c.endBody() // the server may answer before the source has noticed that there is no more
	}
	return c.WaitWritten(ctx, stream.HighWater)
}

// endBody is called when the source has given all, and when it has ended.
func (c *conn) endBody() {
	if c.sent {
		return
	}
	b := c.Loop().GetBuffer()
	p, err := c.enc.AppendEnd(b.Tail(), c.x.out.trip.sentTrailer())
	if err != nil {
		c.Loop().PutBuffer(b)
		c.fail(&sourceError{err})
		return
	}
	b.SetTail(p)
	c.Send(b)
	c.sent, c.last = true, c.Loop().Now()
	if c.x.trace != nil {
		c.FlushNow()
		c.traceSent()
	}
}

// wanted waits until the server asks for the body, or has had the time to. It reports false if it has
// answered without.
func (x *exchange) wanted(ctx context.Context) bool {
	var w loop.Waiter
	w.Init(ctx)
	x.mu.Lock()
	x.work.waits = &w
	settled := x.asked || x.resp != nil || x.err != nil
	x.mu.Unlock()
	if !settled {
		if d := x.conn.home.client.options.ExpectTimeout; d > 0 {
			defer w.WakeAfter(d)()
		}
		w.Wait(ctx) // an end of ctx is met by the first write
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.work.waits = nil
	return x.asked || x.resp == nil && x.err == nil
}

// answered wakes a sender that waits to be asked. The caller holds mu.
func (x *exchange) answered() {
	if x.work != nil && x.work.waits != nil {
		x.work.waits.Wake()
	}
}
