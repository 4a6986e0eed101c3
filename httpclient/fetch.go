package httpclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	"eddy/async"
	"eddy/httputil"
	"eddy/internal/digest"
	"eddy/internal/redirect"
)

// fetch is a call of Do or Stream on its way from hop to hop.
type fetch struct {
	client *Client
	req    *Request
	whole  bool // the body is wanted as a whole
	toHead bool // RequestTimeout is for the head only
	follow bool // redirects are followed, so many as are left
	turned bool // the first request has had its turn

	began   time.Time     // the call
	waited  time.Duration // for that turn
	due     time.Time     // when it has to be over
	maxBody int64         // negative: no limit
	left    int
	chain   *redirect.Chain // nil before the first one
	rounds  int             // challenges that were answered
	offset  int64           // where BodyReader began
	past    []*Response
	time    TimeInfo
	hop     *hop  // the present one
	entry   hop   // the first one
	trip    *trip // what Transport makes of a request, in place of what stands in req; nil: a call of Do or Stream
	trace   *httptrace.ClientTrace

	producing *async.Lock // held while a source gives the request's body; nil: there is none
}

// hop is one request of a fetch.
type hop struct {
	*fetch
	method  string
	url     *url.URL         // which others may have, too: it is not changed
	header  *httputil.Header // of the request; behind a redirect to another origin without what is not for it
	who     *credentials     // nil: nobody, as behind a redirect to another origin
	body    bool             // the request's body is sent
	upgrade bool             // another protocol is asked for, which HTTP/2 cannot give
	asked   bool             // for codings
	foreign bool             // the origin is not that of the request
	origin  string           // "host:port" of the URL, or of what stands for it
	proxy   *url.URL
	key     key
	h2      *h2Conn // where a place is reserved for it

	attempt

	answer, proxyAnswer *digest.Answer // to the server, and to a proxy that forwards
	tunnelAnswer        *digest.Answer // to a proxy that was asked for a tunnel
	connectTimeout      time.Duration
}

// run fetches to the head, or for a whole response to its end.
func (f *fetch) run(ctx context.Context) (*Response, *exchange, error) {
	if err := f.first(ctx); err != nil {
		return nil, nil, err
	}
	for {
		resp, err := f.hop.do(ctx)
		if err != nil {
			return nil, nil, f.failed(err)
		}
		last, err := f.advance(ctx, resp)
		if err != nil {
			return nil, nil, err
		}
		if last {
			return resp, f.hop.x, nil
		}
	}
}

// advance goes on to the hop that a response leads to, and reports whether there is none.
func (f *fetch) advance(ctx context.Context, resp *Response) (last bool, err error) {
	f.describe(resp)
	x := f.hop.x
	next, err := f.hop.next(resp, x)
	if err != nil {
		x.abandon(ctx, err)
		return false, f.failed(err)
	}
	if next == nil {
		return true, nil
	}
	x.abandon(ctx, errOver) // what is left of the response, and of the request's body
	x.giveBack()
	next.attempt = attempt{}
	f.hop = next
	return false, nil
}

// next returns the hop that a response leads to, nil if it is the last one.
func (h *hop) next(resp *Response, x *exchange) (*hop, error) {
	if err := h.keepCookies(resp); err != nil {
		return nil, &phaseError{PhaseHead, err}
	}
	if next := h.challenged(resp, &x.out); next != nil {
		return next, nil
	}
	if err := h.proved(resp, x); err != nil {
		return nil, &phaseError{PhaseHead, err}
	}
	if !h.follows() || !isRedirect(resp) {
		return nil, nil
	}
	next, err := h.redirected(resp)
	if err != nil {
		return nil, &phaseError{PhaseRedirect, err}
	}
	return next, nil
}

// follows reports whether redirects are followed. That of a CONNECT is the proxy's own (RFC 9110 §9.3.6).
func (h *hop) follows() bool { return h.follow && h.method != http.MethodConnect }

// first makes the hop that the request asks for.
func (f *fetch) first(ctx context.Context) error {
	f.began = time.Now()
	f.trace = httptrace.ContextClientTrace(ctx)
	if err := f.enter(); err != nil {
		return f.failed(&phaseError{PhaseRequest, err})
	}
	return nil
}

func (f *fetch) enter() error {
	r, o := f.req, &f.client.options
	h := &f.entry
	*h = hop{fetch: f, method: r.Method, header: &r.Header, body: true}
	f.hop = h
	if h.method == "" {
		h.method = "GET"
	}
	if err := r.check(h.method); err != nil {
		return err
	}
	u, origin, err := f.client.urls.parse(r.URL)
	switch {
	case err == redirect.ErrScheme:
		return errScheme
	case err == redirect.ErrHost:
		return errHost
	case err != nil:
		return errURL
	}
	h.url, h.origin, h.who = u, origin, r.credentials(u)
	f.left = either(r.MaxRedirects, o.MaxRedirects)
	f.follow = f.left > 0
	f.maxBody = f.bodyLimit()
	h.connectTimeout = either(r.ConnectTimeout, o.ConnectTimeout)
	if s, ok := r.BodyReader.(io.Seeker); ok {
		if f.offset, err = s.Seek(0, io.SeekCurrent); err != nil {
			return &sourceError{err}
		}
	}
	return h.aim()
}

func (f *fetch) bodyLimit() int64 {
	switch {
	case f.req.MaxBody != 0:
		return max(f.req.MaxBody, -1)
	case f.toHead:
		return -1
	}
	return f.client.options.MaxBody
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
	if h.origin == "" {
		h.origin = withPort(u)
	}
	w := wayOf(u, h.req, &h.client.options)
	w.bare = h.foreign && w.tls != nil
	h.key = key{addr: h.origin, secure: u.Scheme == "https"}
	err := h.route(&w)
	h.key.way = w.handle()
	return err
}

// withPort returns the host of u, which has no case, with a port: its own, or that of the scheme.
func withPort(u *url.URL) string {
	host := u.Host
	if !strings.Contains(host, "%") { // a zone has
		host = strings.ToLower(host)
	}
	if u.Port() != "" {
		return host
	}
	host = strings.TrimSuffix(host, ":")
	if u.Scheme == "https" {
		return host + ":443"
	}
	return host + ":80"
}

// attempt is what a hop knows of its tries.
type attempt struct {
	x     *exchange // the present one
	fresh bool      // its connection was made for it
	again bool      // it is not the first one
	plain bool      // the server wants no expectation
}

// do sends the request and waits, again if the connection turns out to have been closed while it was idle.
func (h *hop) do(ctx context.Context) (*Response, error) {
	for {
		if err := h.send(ctx); err != nil {
			return nil, err
		}
		h.await(ctx)
		if resp, again, err := h.took(ctx); !again {
			return resp, err
		}
	}
}

// send sends the request when its turn has come.
func (h *hop) send(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &phaseError{PhaseQueue, err}
	}
	traceGetConn(h.trace, h.origin)
	waited, err := h.client.limiter.acquire(ctx, h.origin, h.client.options.QueueTimeout)
	if err != nil {
		return &phaseError{PhaseQueue, err}
	}
	h.time.Queue += waited
	h.begin()
	x := h.exchange()
	begun := false
	defer func() {
		if !begun { // also by runtime.Goexit
			x.giveBack()
		}
	}()
	if h.again {
		h.answer, h.proxyAnswer = nil, nil // an answer serves once
	}
	if err = h.write(&x.out); err == nil {
		h.expectation(&x.out, !h.plain)
		h.upgrade = x.out.header.Has("Upgrade")
		err = x.out.check()
	}
	if err != nil {
		return &phaseError{PhaseRequest, err}
	}
	c, fresh, err := h.connection(ctx, h.again)
	if err != nil {
		return h.client.ended(err)
	}
	begun = true
	h.x, h.fresh = x, fresh
	traceGotConn(ctx, h.trace, c, fresh)
	h.start(ctx, c, x)
	return nil
}

// took returns what came of the exchange, which has what the fetch wants, or whether the request is to be sent again.
func (h *hop) took(ctx context.Context) (resp *Response, again bool, err error) {
	x, first := h.x, !h.plain
	resp, err = h.result(x)
	h.again = true
	switch {
	case first && x.refused(resp):
		h.plain = true
		x.abandon(ctx, errOver)
		return nil, true, nil
	case errors.Is(err, errNotH2):
		return nil, true, nil
	case h.fresh && errors.Is(err, errStale):
		err = ErrCut
	}
	if err != nil && !h.fresh && x.repeatable() {
		return nil, true, nil
	}
	return resp, false, h.client.ended(err)
}

// begin notes when the first request had its turn.
func (f *fetch) begin() {
	if f.turned {
		return
	}
	if f.turned = true; f.time.Queue > 0 {
		f.waited = time.Since(f.began)
	}
	if limit := f.requestTimeout(); limit > 0 {
		f.due = f.turn().Add(limit)
	}
}

// turn returns when the first request had its turn: limits and times count from then.
func (f *fetch) turn() time.Time { return f.began.Add(f.waited) }

func (f *fetch) requestTimeout() time.Duration {
	return either(f.req.RequestTimeout, f.client.options.RequestTimeout)
}

// connection returns one from the pool, or a fresh one. There is none if the server speaks HTTP/2, but h.h2.
func (h *hop) connection(ctx context.Context, fresh bool) (c *conn, isFresh bool, err error) {
	h.time.NameLookup, h.time.Connect, h.time.AppConnect = 0, 0, 0
	if h.h2 = nil; h.offersH2() {
		if h.h2 = h.client.h2.take(&h.key); h.h2 != nil {
			return nil, fresh, nil
		}
	}
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
	x := &exchange{
		whole:  h.whole,
		toHead: h.toHead,
		follow: h.follows(),
		due:    h.due,
		total:  h.requestTimeout(),
		idle:   either(h.req.ReadTimeout, o.ReadTimeout),
		most:   h.maxBody,
		places: &h.client.limiter,
		origin: h.origin,
		trace:  newTracer(h.trace),
	}
	return x
}

// start sends the request on c, or by HTTP/2 if there is none.
func (h *hop) start(ctx context.Context, c *conn, x *exchange) {
	h.time.PreTransfer = time.Since(h.turn())
	switch {
	case c == nil:
		h.client.h2.start(ctx, h, x)
	case x.out.source != nil:
		h.readySource(ctx, x)
		c.start(ctx, x)
	default:
		c.start(ctx, x)
	}
}

// wanted is what the fetch waits for: the head, or for a whole response its end.
func (f *fetch) wanted() want {
	if f.whole {
		return wantEnd
	}
	return wantHead
}

// await waits for what is wanted, or for the end of ctx, which ends the exchange.
func (h *hop) await(ctx context.Context) {
	settled := false
	defer func() {
		if !settled { // the coroutine was ended
			h.x.drop(context.Canceled)
		}
	}()
	if err := h.x.awaitHeads(ctx, h.wanted()); err != nil {
		h.x.abandon(ctx, err)
	}
	settled = true
}

// result returns what has come.
func (h *hop) result(x *exchange) (*Response, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil && (x.whole && !x.discard && x.err != io.EOF || x.resp == nil) {
		return nil, &phaseError{x.phase, x.err}
	}
	if x.whole {
		x.resp.Trailer = x.trailer
	}
	h.time.StartTransfer = x.first.Sub(h.turn())
	return x.resp, nil
}

// readySource settles where the body of a request is produced.
func (h *hop) readySource(ctx context.Context, x *exchange) {
	ctx, stop := context.WithCancel(ctx)
	launch := h.launcher(ctx)
	x.work = &work{launch: func() { launch(ctx, x.sendFrom) }, stop: stop}
}

// repeatable reports whether a request that has failed on a connection that was idle before can be sent
// again: not a byte of a response has come, the body is still there, and if the server has got the
// request, to get it twice does no harm (RFC 9110 §9.2.2).
func (x *exchange) repeatable() bool {
	if x.out.trip != nil && !x.out.trip.again() {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.err == errStale:
		return true
	case x.touched || x.begun && x.out.trip == nil || !errors.Is(x.err, ErrCut):
		return false
	}
	switch x.out.method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return x.out.header.Has("Idempotency-Key") || x.out.header.Has("X-Idempotency-Key")
}

// describe adds to a response what only the fetch knows.
func (f *fetch) describe(resp *Response) {
	resp.Request, resp.History, resp.Start, resp.Time = f.req, slices.Clip(f.past), f.began, f.time
	if resp.URL = f.req.URL; f.chain != nil || f.hop.url.User != nil {
		u := *f.hop.url
		u.User = nil
		resp.URL = u.String()
	}
}

// failed returns the error that the caller sees.
func (f *fetch) failed(err error) error {
	h := f.hop
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
