package httpclient

import (
	"context"
	"errors"
	"net/http/httptrace"

	"eddy/async"
	"eddy/loop"
)

// pending is a fetch whose caller has a future. While the server is waited for it has no coroutine, and so no stack: of ten
// thousand that are under way at once, that would be most of the memory.
type pending struct {
	fetch
	promise *async.Promise[*Response]
	ctx     context.Context
	loop    *loop.Loop
	unwatch func() bool // ends the watch over ctx
}

// Fetch begins to fetch what r asks for and returns a future of the response (Tornado's fetch). The work is done on the
// loop of the calling coroutine, or on one of the client's. It ends with ctx, which a handler's does when the handler
// returns: see [context.WithoutCancel]. An error that nobody looks at is logged.
func (c *Client) Fetch(ctx context.Context, r *Request) *async.Future[*Response] {
	if r.busy(ctx) {
		return async.Go(ctx, func(ctx context.Context) (*Response, error) { return c.Do(ctx, r) })
	}
	p := &pending{fetch: fetch{client: c, req: r, whole: true}, ctx: ctx, promise: async.NewPromise[*Response](ctx)}
	p.unwatch = func() bool { return false }
	if err := p.first(ctx); err != nil {
		p.settle(nil, err)
	} else if p.loop, err = c.loopFor(ctx, &p.hop.key); err != nil {
		p.settle(nil, &phaseError{PhaseQueue, err})
	} else {
		p.spawn(p.begin)
	}
	return p.promise.Future()
}

// busy reports whether there is something to do while the server is waited for, which wants a coroutine: code of the
// caller to run, or a body to send when the server asks for it.
func (r *Request) busy(ctx context.Context) bool {
	trace := httptrace.ContextClientTrace(ctx)
	return r.BodyReader != nil || r.BodyProducer != nil || r.HeaderCallback != nil || r.StreamingCallback != nil ||
		r.ExpectContinue || r.Header.Has("Expect") || trace != nil && trace.Got1xxResponse != nil
}

// loopFor returns the loop that a fetch is made on: the caller's own, or one of the client's, best one that has a
// connection.
func (c *Client) loopFor(ctx context.Context, k *key) (*loop.Loop, error) {
	if co := loop.FromContext(ctx); co != nil && co.Current() && !co.Apart() {
		return co.Loop(), nil
	}
	g, err := c.loops()
	if err != nil {
		return nil, err
	}
	for _, l := range g.Loops() {
		if c.home(l).has(k) {
			return l, nil
		}
	}
	return g.Pick(), nil
}

// spawn runs a part of the fetch in a coroutine. However that ends, the future is settled or the server is waited for.
func (p *pending) spawn(part func(context.Context) (*Response, error)) {
	run := func(ctx context.Context) {
		err := async.ErrExited
		var resp *Response
		defer func() {
			if err == errLater {
				return
			}
			if x := p.hop.x; x != nil && err != nil {
				x.drop(context.Canceled)
			}
			p.settle(resp, err)
		}()
		err = guarded(func() (err error) {
			resp, err = part(ctx)
			return err
		})
	}
	if !p.loop.Spawn(p.ctx, run) {
		p.settle(nil, p.client.ended(loop.ErrClosed))
	}
}

// errLater is what a part returns that waits for the server.
var errLater = errors.New("httpclient: the response is to come")

// settle brings the result. An error that is not an [Error] yet becomes one.
func (p *pending) settle(resp *Response, err error) {
	p.unwatch()
	if err == nil {
		p.promise.Resolve(resp)
		return
	}
	if _, ok := err.(*Error); !ok {
		err = p.failed(err)
	}
	p.promise.Reject(err)
}

// begin sends the request of the present hop.
func (p *pending) begin(ctx context.Context) (*Response, error) {
	if err := p.hop.send(ctx); err != nil {
		return nil, err
	}
	x := p.hop.x
	if p.ctx.Done() != nil {
		p.unwatch = context.AfterFunc(p.ctx, func() { x.drop(p.ctx.Err()) })
	}
	x.notify(wantEnd, func() { p.spawn(p.goOn) })
	return nil, errLater
}

// goOn takes what has come, and begins again if that leads anywhere.
func (p *pending) goOn(ctx context.Context) (*Response, error) {
	p.unwatch()
	resp, again, err := p.hop.took(ctx)
	if err != nil {
		return nil, err
	}
	if again {
		return p.begin(ctx)
	}
	last, err := p.advance(ctx, resp)
	switch {
	case err != nil:
		return nil, err
	case last:
		return p.finish(resp)
	}
	return p.begin(ctx)
}
