package httpclient

//lint:file-ignore SA1019 net/http's own, which is to take the place of these, accepts no connection but a *tls.Conn of its
// making.

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"eddy/stream"
)

// h2Pool has a client's connections that speak HTTP/2. Each serves any number of requests, of all loops, in
// goroutines of its own.
type h2Pool struct {
	client    *Client
	transport http2.Transport

	mu    sync.Mutex
	conns map[key][]*http2.ClientConn
	known map[key]bool // whose servers have chosen HTTP/2
}

const (
	// h2Silence is how long a connection with requests may be silent before it is asked for a sign of life, and
	// h2Sign how long that may take.
	h2Silence = 30 * time.Second
	h2Sign    = 15 * time.Second
	// maxKnown bounds the servers that are known to speak HTTP/2.
	maxKnown = 10_000
)

func newH2Pool(c *Client) *h2Pool {
	p := &h2Pool{client: c, conns: make(map[key][]*http2.ClientConn), known: make(map[key]bool)}
	p.transport = http2.Transport{
		ConnPool:           p,
		DisableCompression: true, // decoded here, as all others
		MaxHeaderListSize:  uint32(c.options.Limits.HeaderBytes),
		IdleConnTimeout:    c.options.IdleTimeout,
		ReadIdleTimeout:    h2Silence,
		PingTimeout:        h2Sign,
	}
	return p
}

// offers reports whether HTTP/2 is offered to servers.
func (h *hop) offersH2() bool { return h.url.Scheme == "https" && !h.client.options.NoHTTP2 }

// speaks reports whether the server has chosen HTTP/2 before.
func (p *h2Pool) speaks(k *key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[*k]
}

// adopt takes a connection whose server has chosen HTTP/2 from its loop. If there is another one by now, that is
// used.
func (p *h2Pool) adopt(ctx context.Context, k *key, s *stream.Stream) error {
	if cc := p.take(k); cc != nil {
		release(cc)
		return s.Loop().Do(ctx, func(context.Context) error { s.Close(); return nil })
	}
	conn, err := s.Detach(ctx)
	if err != nil {
		return err
	}
	cc, err := p.transport.NewClientConn(conn)
	if err != nil {
		conn.Close()
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client.closed.Load() {
		cc.Close()
		return ErrClosed
	}
	p.conns[*k] = append(p.conns[*k], cc)
	if len(p.known) < maxKnown {
		p.known[*k] = true
	}
	return nil
}

// take returns a connection that has room for a request, which is reserved there; nil if there is none.
func (p *h2Pool) take(k *key) *http2.ClientConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.DeleteFunc(p.conns[*k], func(cc *http2.ClientConn) bool { st := cc.State(); return st.Closed || st.Closing })
	if p.conns[*k] = list; len(list) == 0 {
		delete(p.conns, *k)
	}
	for _, cc := range list {
		if cc.ReserveNewRequest() {
			return cc
		}
	}
	return nil
}

// release gives back what take has reserved.
func release(cc *http2.ClientConn) { cc.RoundTrip(new(http.Request)) }

// hopKey is under which a request's context has its hop.
type hopKey struct{}

// errNotH2 is what a request for HTTP/2 meets if the server has changed its mind.
var errNotH2 = errors.New("httpclient: the server does not speak HTTP/2")

// GetClientConn implements http2.ClientConnPool.
func (p *h2Pool) GetClientConn(r *http.Request, _ string) (*http2.ClientConn, error) {
	h := r.Context().Value(hopKey{}).(*hop)
	if cc := p.take(&h.key); cc != nil {
		return cc, nil
	}
	g, err := p.client.loops()
	if err != nil {
		return nil, err
	}
	c, err := h.open(r.Context(), p.client.home(g.Pick()))
	if err != nil {
		return nil, err
	}
	if c != nil {
		p.forget(&h.key)
		c.onLoop(r.Context(), func() { c.rest() })
		return nil, errNotH2
	}
	if cc := p.take(&h.key); cc != nil {
		return cc, nil
	}
	return nil, ErrCut
}

// forget is called when a server has not chosen HTTP/2 any more.
func (p *h2Pool) forget(k *key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, *k)
}

// MarkDead implements http2.ClientConnPool.
func (p *h2Pool) MarkDead(dead *http2.ClientConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, list := range p.conns {
		if i := slices.Index(list, dead); i >= 0 {
			p.conns[k] = slices.Delete(list, i, i+1)
		}
	}
}

// close closes the connections: all, or those that nobody uses.
func (p *h2Pool) close(all bool) {
	p.mu.Lock()
	var dead []*http2.ClientConn
	for k, list := range p.conns {
		p.conns[k] = slices.DeleteFunc(list, func(cc *http2.ClientConn) bool {
			idle := all || cc.State().StreamsActive+cc.State().StreamsReserved == 0
			if idle {
				dead = append(dead, cc)
			}
			return idle
		})
	}
	p.mu.Unlock()
	for _, cc := range dead {
		cc.Close()
	}
}
