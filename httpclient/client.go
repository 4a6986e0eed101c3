package httpclient

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"eddy/httputil"
	"eddy/internal/coding"
	"eddy/loop"
)

// Client fetches (Tornado's AsyncHTTPClient and HTTPClient in one). It keeps connections, counts requests and
// remembers challenges, so make one and use it for many requests. Create it with [New]. Any goroutine, and any
// number of loops.
type Client struct {
	options  Options
	accepted string // the codings that responses may have
	codings  coding.Pool
	urls     urls
	limiter  limiter
	sessions sessions
	h2       *h2Pool
	closed   atomic.Bool

	homes atomic.Pointer[map[*loop.Loop]*home] // replaced as a whole, under mu
	mu    sync.Mutex
	own   bool                       // group is the client's own
	group atomic.Pointer[loop.Group] // for callers without a loop; nil until one comes
}

// Default is the client of [Get], [Head], [Post], [PostForm] and [Do]. It has the default options: no cookies are
// kept. It is the whole program's, so that nobody should close it.
var Default = New(Options{})

// New returns a client. It costs nothing before it is used; whoever made it closes it by [Client.Close].
func New(o Options) *Client {
	c := &Client{options: o.withDefaults(), accepted: coding.Accepted(o.Decoders)}
	c.limiter = limiter{most: c.options.MaxClients, perHost: c.options.MaxPerHost, longest: c.options.MaxQueue, hosts: make(map[string]*hostLimit)}
	c.group.Store(o.Group)
	c.urls.seed = maphash.MakeSeed()
	c.homes.Store(new(map[*loop.Loop]*home))
	c.h2 = newH2Pool(c)
	return c
}

// Get fetches a URL by the [Default] client, see [Client.Get].
func Get(ctx context.Context, url string) (*Response, error) { return Default.Get(ctx, url) }

// Head fetches a URL's head by the [Default] client, see [Client.Head].
func Head(ctx context.Context, url string) (*Response, error) { return Default.Head(ctx, url) }

// Post sends body to a URL by the [Default] client, see [Client.Post].
func Post(ctx context.Context, url, contentType string, body []byte) (*Response, error) {
	return Default.Post(ctx, url, contentType, body)
}

// PostForm sends a form to a URL by the [Default] client, see [Client.PostForm].
func PostForm(ctx context.Context, url string, form url.Values) (*Response, error) {
	return Default.PostForm(ctx, url, form)
}

// Do fetches by the [Default] client, see [Client.Do].
func Do(ctx context.Context, r *Request) (*Response, error) { return Default.Do(ctx, r) }

// Get fetches a URL, as [Client.Do] does.
func (c *Client) Get(ctx context.Context, url string) (*Response, error) {
	return c.Do(ctx, &Request{URL: url})
}

// Head fetches a URL's head, as [Client.Do] does.
func (c *Client) Head(ctx context.Context, url string) (*Response, error) {
	return c.Do(ctx, &Request{Method: "HEAD", URL: url})
}

// Post sends body, which is of contentType, to a URL, as [Client.Do] does.
func (c *Client) Post(ctx context.Context, url, contentType string, body []byte) (*Response, error) {
	return c.Do(ctx, &Request{Method: "POST", URL: url, Header: Header("Content-Type", contentType), Body: body})
}

// PostForm sends a form to a URL as browsers do (application/x-www-form-urlencoded), as [Client.Do] does. For files
// see [eddy/httputil/formdata.Builder].
func (c *Client) PostForm(ctx context.Context, url string, form url.Values) (*Response, error) {
	return c.Post(ctx, url, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// Do fetches what r asks for and returns the whole response. It parks the calling coroutine, or blocks any other
// goroutine, until that is here, a limit of [Options] or r is passed, or ctx ends: then its connection is closed,
// and its place is free for others. A status of 400 or more is no error, see [Response.Rethrow]. Its errors are of
// type [*Error]. A 101 has no body here, and its connection is closed: see [Stream.TakeStream]. Any goroutine.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	f := &fetch{client: c, req: r, whole: r.HeaderCallback == nil && r.StreamingCallback == nil}
	resp, x, err := f.run(ctx)
	if err != nil {
		return nil, err
	}
	if !f.whole {
		return f.piecewise(ctx, resp, x)
	}
	return f.finish(resp)
}

// finish makes of a whole response what the caller gets.
func (f *fetch) finish(resp *Response) (_ *Response, err error) {
	if resp.Body, err = f.hop.decode(resp, f.hop.x.body.bytes()); err != nil {
		return nil, f.failed(&phaseError{PhaseBody, err})
	}
	resp.Time.Total = time.Since(f.turn())
	return resp, nil
}

// Close ends all fetches with [ErrClosed] and closes all connections. Those of the client's own loops are closed
// when it returns, those of others soon. Any goroutine but those loops' own.
//
// Those that wait for their turn end, too. Later fetches fail with ErrClosed, and later calls do nothing. What was
// taken by [Stream.TakeStream] is left alone, unless it is on one of the client's own loops.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed.Swap(true) {
		c.mu.Unlock()
		return nil
	}
	group, own := c.group.Load(), c.own
	c.mu.Unlock()
	c.limiter.close()
	for _, h := range *c.homes.Load() {
		h.close()
	}
	c.h2.close()
	if own {
		return group.Close()
	}
	return nil
}

// ended returns err, or that the client was closed if that may be its reason.
func (c *Client) ended(err error) error {
	if err != nil && c.closed.Load() {
		return &phaseError{phaseOf(err), ErrClosed}
	}
	return err
}

// CloseIdle closes the connections that nobody uses, and ends no fetch. Any goroutine.
func (c *Client) CloseIdle() {
	for _, h := range *c.homes.Load() {
		h.closeIdle()
	}
	c.h2.closeIdle()
}

// home returns the client's part on a loop.
func (c *Client) home(l *loop.Loop) *home {
	if h, ok := (*c.homes.Load())[l]; ok {
		return h
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old := *c.homes.Load()
	if h, ok := old[l]; ok {
		return h
	}
	homes := make(map[*loop.Loop]*home, len(old)+1)
	for l, h := range maps.All(old) {
		if !l.Closed() {
			homes[l] = h
		}
	}
	h := &home{client: c, loop: l, pools: make(map[key]*pool), conns: make(map[*conn]struct{}), dials: make(map[*dialling]struct{})}
	homes[l] = h
	c.homes.Store(&homes)
	return h
}

// ownHome returns the part on the loop of the calling coroutine, nil if the caller is none.
func (c *Client) ownHome(ctx context.Context) *home {
	if co := loop.FromContext(ctx); co != nil && co.Current() && !co.Apart() {
		return c.home(co.Loop())
	}
	return nil
}

// loops returns the loops for callers that have none.
func (c *Client) loops() (*loop.Group, error) {
	if g := c.group.Load(); g != nil && !c.closed.Load() {
		return g, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return nil, ErrClosed
	}
	if g := c.group.Load(); g != nil {
		return g, nil
	}
	g, err := loop.NewGroup(0, loop.Options{Logger: c.options.Logger})
	if err != nil {
		return nil, err
	}
	c.group.Store(g)
	c.own = true
	return g, nil
}

// What is wrong with a request before it is sent. Nothing of its URL is in it, which may hold a password.
var (
	errScheme = errors.New("the URL must begin with http:// or https://")
	errHost   = errors.New("the URL has no host")
	errURL    = errors.New("the URL is malformed")
	errMethod = errors.New("unknown method: see AllowNonstandardMethods")
	errBody   = errors.New("the method has no body: see AllowNonstandardMethods")
	errBodies = errors.New("only one of Body, BodyReader and BodyProducer can be set")
)

// check returns what is wrong with a request that is about to be sent.
func (r *Request) check(method string) error {
	bodies := 0
	for _, has := range [...]bool{len(r.Body) > 0, r.BodyReader != nil, r.BodyProducer != nil} {
		if has {
			bodies++
		}
	}
	if bodies > 1 {
		return errBodies
	}
	if r.AllowNonstandardMethods {
		if !httputil.IsToken(method) {
			return errMethod
		}
		return nil
	}
	switch method {
	case "GET", "HEAD", "TRACE":
		if bodies > 0 {
			return errBody
		}
	case "POST", "PUT", "DELETE", "PATCH", "OPTIONS":
	default:
		return errMethod
	}
	return nil
}
