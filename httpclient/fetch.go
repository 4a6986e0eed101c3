package httpclient

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"eddy/loop"
)

// fetch is a call of Do or Stream on its way from hop to hop.
type fetch struct {
	client *Client
	req    *Request
	whole  bool // the body is wanted as a whole

	began time.Time // the call
	turn  time.Time // when the first request had its turn: limits and times count from here
	due   time.Time // when it has to be over
	left  int       // redirects that may be followed
	past  []*Response
	time  TimeInfo
	last  *hop // the present one

	reading chan struct{} // full while a goroutine reads the body
}

// hop is one request of a fetch.
type hop struct {
	*fetch
	method string
	url    *url.URL
	key    key

	connectTimeout time.Duration
}

// run fetches to the head, or for a whole response to its end.
func (f *fetch) run(ctx context.Context) (*Response, *exchange, error) {
	f.began = time.Now()
	h, err := f.first()
	f.last = h
	if err != nil {
		return nil, nil, f.failed(&phaseError{PhaseRequest, err})
	}
	resp, x, err := h.do(ctx)
	if err != nil {
		return nil, nil, f.failed(err)
	}
	f.describe(resp, h)
	return resp, x, nil
}

// first returns the hop that the request asks for.
func (f *fetch) first() (*hop, error) {
	h := &hop{fetch: f, method: f.req.Method}
	if h.method == "" {
		h.method = "GET"
	}
	if err := f.req.check(h.method); err != nil {
		return h, err
	}
	u, err := url.Parse(f.req.URL)
	if err != nil {
		return h, err.(*url.Error).Err // the rest is in Error
	}
	h.url = u
	o := &f.client.options
	f.left = either(f.req.MaxRedirects, o.MaxRedirects)
	h.connectTimeout = either(f.req.ConnectTimeout, o.ConnectTimeout)
	return h, h.aim()
}

// either returns a request's own limit, or the client's if it has none. Less than zero means none.
func either[T int | int64 | time.Duration](own, client T) T {
	if own == 0 {
		return client
	}
	return max(own, 0)
}

// aim finds out which connections the hop can use.
func (h *hop) aim() error {
	u := h.url
	if u.Scheme != "http" && u.Scheme != "https" {
		return errScheme
	}
	if u.Hostname() == "" {
		return errHost
	}
	h.key = key{scheme: u.Scheme, addr: u.Host, tls: h.req.TLS, family: h.req.Family, local: h.req.LocalAddr, iface: h.req.Interface}
	h.key.fill(u, h.req, &h.client.options)
	if u.Port() == "" {
		h.key.addr = withPort(u)
	}
	if h.req.UnixSocket != "" {
		h.key.addr = "unix:" + h.req.UnixSocket
	}
	return nil
}

// withPort returns the host of u with the port of its scheme.
func withPort(u *url.URL) string {
	host := u.Host
	if n := len(host); host[n-1] == ':' {
		host = host[:n-1]
	}
	if u.Scheme == "https" {
		return host + ":443"
	}
	return host + ":80"
}

// do sends the request, again if the connection turns out to have been closed while it was idle.
func (h *hop) do(ctx context.Context) (*Response, *exchange, error) {
	expect := true
	for fresh := false; ; fresh = true {
		if err := ctx.Err(); err != nil {
			return nil, nil, &phaseError{PhaseQueue, err}
		}
		waited, err := h.client.limiter.acquire(ctx, h.key.addr, h.client.options.QueueTimeout)
		if err != nil {
			return nil, nil, &phaseError{PhaseQueue, err}
		}
		h.time.Queue += waited
		h.begin()
		x := h.exchange()
		if err = h.write(&x.out); err == nil {
			h.expectation(&x.out, expect)
			err = x.out.check()
		}
		if err != nil {
			x.over(err)
			return nil, nil, &phaseError{PhaseRequest, err}
		}
		var c *conn
		if c, fresh, err = h.connection(ctx, fresh, x); err != nil {
			return nil, nil, h.client.ended(err)
		}
		resp, err := h.try(ctx, c, x)
		if expect && x.refused(resp) {
			expect = false
			x.abandon(ctx, errOver)
			continue
		}
		if fresh && errors.Is(err, errStale) {
			err = ErrCut
		}
		if err == nil || fresh || !x.repeatable() {
			return resp, x, h.client.ended(err)
		}
	}
}

// begin notes when the first request had its turn.
func (f *fetch) begin() {
	if !f.turn.IsZero() {
		return
	}
	f.turn = f.began
	if f.time.Queue > 0 {
		f.turn = time.Now()
	}
	if limit := f.requestTimeout(); limit > 0 {
		f.due = f.turn.Add(limit)
	}
}

func (f *fetch) requestTimeout() time.Duration {
	return either(f.req.RequestTimeout, f.client.options.RequestTimeout)
}

// connection returns one from the pool, or a fresh one.
func (h *hop) connection(ctx context.Context, fresh bool, x *exchange) (c *conn, isFresh bool, err error) {
	defer func() {
		if c == nil { // also by runtime.Goexit
			x.over(context.Canceled)
		}
	}()
	h.time.NameLookup, h.time.Connect, h.time.AppConnect = 0, 0, 0
	at := h.client.ownHome(ctx)
	if !fresh {
		if c := h.client.idle(at, &h.key); c != nil {
			return c, false, nil
		}
	}
	if at == nil {
		g, err := h.client.loops()
		if err != nil {
			return nil, true, err
		}
		at = h.client.home(g.Pick())
	}
	c, err = h.open(ctx, at)
	return c, true, err
}

// idle returns an idle connection of the caller's loop, or of any of the client's for callers that have none.
func (c *Client) idle(at *home, k *key) *conn {
	if at != nil {
		return at.take(k)
	}
	g, err := c.loops()
	if err != nil {
		return nil
	}
	for _, l := range g.Loops() {
		if found := c.home(l).take(k); found != nil {
			return found
		}
	}
	return nil
}

// exchange returns what is to be sent.
func (h *hop) exchange() *exchange {
	o := &h.client.options
	x := &exchange{whole: h.whole, toHead: !h.whole, due: h.due, total: h.requestTimeout(), idle: either(h.req.ReadTimeout, o.ReadTimeout), most: h.bodyLimit()}
	addr, limiter := h.key.addr, &h.client.limiter
	x.free = func() { limiter.release(addr) }
	return x
}

// bodyLimit returns how long the response's body may be, -1 for no limit.
func (f *fetch) bodyLimit() int64 {
	switch {
	case f.req.MaxBody != 0:
		return max(f.req.MaxBody, -1)
	case !f.whole:
		return -1
	}
	return f.client.options.MaxBody
}

// try sends the request on c, and waits for the head, or for a whole response to its end.
func (h *hop) try(ctx context.Context, c *conn, x *exchange) (*Response, error) {
	h.time.PreTransfer = time.Since(h.turn)
	settled := false
	defer func() {
		if !settled { // the coroutine was ended
			x.drop()
		}
	}()
	if x.out.source != nil {
		h.readySource(ctx, x)
	}
	c.start(ctx, x)
	want := wantHead
	if x.whole {
		want = wantEnd
	}
	if err := x.await(ctx, want); err != nil {
		x.abandon(ctx, err)
	}
	settled = true
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil && (x.whole && x.err != io.EOF || x.resp == nil) {
		return nil, &phaseError{x.phase, x.err}
	}
	if x.whole {
		x.resp.Trailer = x.trailer
	}
	h.time.StartTransfer = x.first.Sub(h.turn)
	return x.resp, nil
}

// readySource settles where the body of a request is produced.
func (h *hop) readySource(ctx context.Context, x *exchange) {
	work, stop := context.WithCancel(ctx)
	x.stop = stop
	co := loop.FromContext(ctx)
	inLoop := h.req.BodyProducer != nil && co != nil && co.Current() && !co.Apart()
	if h.reading == nil {
		h.reading = make(chan struct{}, 1)
	}
	x.launch = func() {
		if !inLoop || !co.Loop().Spawn(work, x.sendFrom) {
			go x.sendAfter(work, h.reading)
		}
	}
}

// repeatable reports whether a request that has failed on a connection that was idle before can be sent
// again: not a byte of a response has come, the body is still there, and if the server has got the
// request, to get it twice does no harm (RFC 9110 §9.2.2).
func (x *exchange) repeatable() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.err == errStale:
		return true
	case x.touched || x.begun || !errors.Is(x.err, ErrCut):
		return false
	}
	switch x.out.method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return x.out.header.Has("Idempotency-Key") || x.out.header.Has("X-Idempotency-Key")
}

// complete reads what is left of the response.
func (f *fetch) complete(ctx context.Context, resp *Response, x *exchange) (*Response, error) {
	resp.Body = x.body
	resp.Time.Total = time.Since(f.turn)
	return resp, nil
}

// describe adds to a response what only the fetch knows.
func (f *fetch) describe(resp *Response, h *hop) {
	resp.Request, resp.History, resp.Start, resp.Time = f.req, f.past, f.began, f.time
	u := *h.url
	u.User = nil
	resp.URL = u.String()
}

// failed returns the error that the caller sees.
func (f *fetch) failed(err error) error {
	h := f.last
	e := &Error{Phase: phaseOf(err), Method: h.method, Err: err}
	if p, ok := err.(*phaseError); ok {
		e.Err = p.err
	}
	if h.url != nil {
		u := url.URL{Scheme: h.url.Scheme, Host: h.url.Host, Path: h.url.Path, RawPath: h.url.RawPath}
		e.URL = u.String()
	}
	return e
}

func isRedirect(r *Response) bool {
	switch r.Status {
	case 301, 302, 303, 307, 308:
		return r.Header.Has("Location")
	}
	return false
}
