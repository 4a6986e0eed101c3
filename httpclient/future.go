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
// loop of the calling coroutine, or on one of the client's. An error that nobody looks at is logged.
func (c *Client) Fetch(ctx context.Context, r *Request) *async.Future[*Response] {
	trace := httptrace.ContextClientTrace(ctx)
	if r.BodyReader != nil || r.BodyProducer != nil || r.HeaderCallback != nil || r.StreamingCallback != nil ||
		trace != nil && trace.Got1xxResponse != nil {
		// While the server is waited for, code of the caller runs, which wants a coroutine.
		return async.Go(ctx, func(ctx context.Context) (*Response, error) { return c.Do(ctx, r) })
	}
	p := &pending{fetch: fetch{client: c, req: r, whole: true}, ctx: ctx, promise: async.NewPromise[*Response](ctx)}
	p.unwatch = func() bool { return false }
	err := guarded(func() error { return p.first(ctx) })
	if err == nil {
		p.loop, err = c.loopFor(ctx, &p.hop.key)
	}
	if err != nil {
		p.promise.Reject(err)
	} else {
		p.spawn(p.begin)
	}
	return p.promise.Future()
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
			if err != errLater {
				p.settle(resp, err)
			}
		}()
		err = guarded(func() (err error) {
			resp, err = part(ctx)
			return err
		})
	}
	if !p.loop.Spawn(p.ctx, run) {
		p.settle(nil, p.failed(p.client.ended(loop.ErrClosed)))
	}
}

// errLater is what a part returns that waits for the server.
var errLater = errors.New("httpclient: the response is to come")

func (p *pending) settle(resp *Response, err error) {
	p.unwatch()
	if err != nil {
		if p.hop.x != nil {
			p.hop.x.drop()
		}
		p.promise.Reject(err)
		return
	}
	p.promise.Resolve(resp)
}

// begin sends the request of the present hop.
func (p *pending) begin(ctx context.Context) (*Response, error) {
	if err := p.hop.send(ctx); err != nil {
		return nil, p.failed(err)
	}
	x := p.hop.x
	if p.ctx.Done() != nil {
		p.unwatch = context.AfterFunc(p.ctx, func() { x.abandon(context.Background(), p.ctx.Err()) })
	}
	x.then(wantEnd, func() { p.spawn(p.goOn) })
	return nil, errLater
}

// goOn takes what has come, and begins again if that leads anywhere.
func (p *pending) goOn(ctx context.Context) (*Response, error) {
	p.unwatch()
	resp, again, err := p.hop.took(ctx)
	if err != nil {
		return nil, p.failed(err)
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

// then calls f, which must not block, when there is what is wanted.
func (x *exchange) then(w want, f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.there(w) {
		f()
		return
	}
	x.want, x.waiting, x.later = w, true, f
}
