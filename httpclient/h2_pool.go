package httpclient

//lint:file-ignore SA1019 net/http's own, which is to take the place of these, accepts no connection but a *tls.Conn of its
// making.

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"eddy/stream"
)

// h2Pool has a client's connections that speak HTTP/2. Each serves many requests, of all loops, in
// goroutines of its own: as many as the server allows, and for more there is another connection.
type h2Pool struct {
	client    *Client
	transport *http2.Transport
	closed    chan struct{} // with the client

	mu      sync.Mutex
	servers map[key]*h2Server
	conns   map[*h2Conn]key // all, also those that take no more requests
}

// h2Conn is a connection that speaks HTTP/2.
type h2Conn = http2.ClientConn

// h2Server is what is known of the servers of a key.
type h2Server struct {
	conns  []*h2Conn
	flight *h2Flight // a connection is being made
	plain  bool      // the server has chosen HTTP/1.1, the last time that it was asked
}

const (
	// h2Silence is how long a connection may be silent before it is asked for a sign of life, and h2Sign how long
	// that may take.
	h2Silence = 30 * time.Second
	h2Sign    = 15 * time.Second
	// h2Window is how much of a body is taken from a server before who reads it does.
	h2Window = 1 << 20
	// h2Servers bounds what is known of servers without connections.
	h2Servers = 10_000
)

func newH2Pool(c *Client) *h2Pool {
	o := &c.options
	p := &h2Pool{client: c, closed: make(chan struct{}), servers: make(map[key]*h2Server), conns: make(map[*h2Conn]key)}
	settings := &http.Transport{
		DisableCompression:    true, // decoded here, as all others
		IdleConnTimeout:       o.IdleTimeout,
		ExpectContinueTimeout: o.ExpectTimeout,
		HTTP2:                 &http.HTTP2Config{MaxReceiveBufferPerStream: h2Window, SendPingTimeout: h2Silence, PingTimeout: h2Sign},
	}
	if o.ExpectTimeout == 0 {
		settings.ExpectContinueTimeout = math.MaxInt64
	}
	p.transport, _ = http2.ConfigureTransports(settings) // fails only for one that was configured before
	p.transport.ConnPool = p
	p.transport.MaxHeaderListSize = uint32(min(int64(o.Limits.HeaderBytes), math.MaxUint32-1))
	return p
}

// offersH2 reports whether HTTP/2 is offered to the server. It has no way to change the protocol, as HTTP/1.1 has
// (RFC 9113 §8.6).
func (h *hop) offersH2() bool {
	return h.url.Scheme == "https" && !h.client.options.NoHTTP2 && h.method != http.MethodConnect && !h.upgrade
}

// server returns what is known of the servers of k. The caller holds mu.
func (p *h2Pool) server(k *key) *h2Server {
	s := p.servers[*k]
	if s != nil {
		return s
	}
	if len(p.servers) >= h2Servers {
		for k, s := range p.servers {
			if len(s.conns) == 0 && s.flight == nil {
				delete(p.servers, k)
			}
		}
	}
	s = new(h2Server)
	p.servers[*k] = s
	return s
}

// take returns a connection that has room for a request, which is reserved there; nil if there is none.
func (p *h2Pool) take(k *key) *h2Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.servers[*k]; s != nil {
		return s.take()
	}
	return nil
}

func (s *h2Server) take() *h2Conn {
	for _, cc := range s.conns {
		if cc.ReserveNewRequest() {
			return cc
		}
	}
	return nil
}

// adopt takes a connection whose server has chosen HTTP/2 from its loop, and reserves a place there. Others get to know
// it by admit.
func (p *h2Pool) adopt(ctx context.Context, k *key, s *stream.Stream) (*h2Conn, error) {
	conn, err := s.Detach(ctx)
	if err != nil {
		s.Loop().Do(context.WithoutCancel(ctx), func(context.Context) error { s.CloseNow(); return nil })
		return nil, err
	}
	cc, err := p.transport.NewClientConn(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	p.mu.Lock()
	closed := p.client.closed.Load()
	if !closed {
		p.conns[cc] = *k
	}
	crowded := p.client.options.MaxIdle > 0 && len(p.conns) > p.client.options.MaxIdle
	p.mu.Unlock()
	if closed {
		cc.Close()
		return nil, ErrClosed
	}
	if !cc.ReserveNewRequest() {
		return nil, ErrCut
	}
	if crowded {
		go p.closeIdle()
	}
	return cc, nil
}

// admit lets others use a connection.
func (p *h2Pool) admit(cc *h2Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, ok := p.conns[cc]; ok {
		s := p.server(&k)
		s.conns, s.plain = append(s.conns, cc), false
	}
}

// exchangeKey is under which a request's context has its exchange.
type exchangeKey struct{}

// errNotH2 is what a request for HTTP/2 meets if the server has changed its mind.
var errNotH2 = errors.New("httpclient: the server does not speak HTTP/2")

// GetClientConn implements http2.ClientConnPool. The first time there is a connection already; it is called again for
// a request that the server says it has not looked at.
func (p *h2Pool) GetClientConn(r *http.Request, _ string) (*h2Conn, error) {
	e := r.Context().Value(exchangeKey{}).(*h2Exchange)
	h := e.hop
	if e.tries++; e.tries == 2 { // x/net waits before it tries again, and knows nothing of the client
		go e.endWithClient(r.Context())
	}
	if h.h2 == nil {
		h.h2 = p.take(&h.key)
	}
	if h.h2 == nil {
		g, err := p.client.loops()
		if err != nil {
			return nil, err
		}
		c, err := h.open(r.Context(), p.client.home(g.Pick()))
		if err != nil {
			return nil, err
		}
		if c != nil {
			c.onLoop(r.Context(), func() { c.rest() })
			return nil, errNotH2
		}
	}
	e.conn, h.h2 = h.h2, nil
	return e.conn, nil
}

// MarkDead implements http2.ClientConnPool.
func (p *h2Pool) MarkDead(dead *h2Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(dead)
	delete(p.conns, dead)
}

// forget takes a connection from those that take requests, and reports whether it was one. The caller holds mu.
func (p *h2Pool) forget(cc *h2Conn) bool {
	s := p.servers[p.conns[cc]]
	if s == nil {
		return false
	}
	i := slices.Index(s.conns, cc)
	if i >= 0 {
		s.conns = slices.Delete(s.conns, i, i+1)
	}
	return i >= 0
}

// close closes all connections of a client that was closed.
func (p *h2Pool) close() {
	close(p.closed)
	p.mu.Lock()
	all := p.conns
	p.conns = make(map[*h2Conn]key)
	clear(p.servers)
	p.mu.Unlock()
	for cc := range all {
		cc.Close()
	}
}

// closeIdle closes the connections that nobody uses. None is asked while mu is held, because one whose server reads
// nothing may not answer for a while; so they take no requests meanwhile.
func (p *h2Pool) closeIdle() {
	p.mu.Lock()
	var asked []*h2Conn
	for cc := range p.conns {
		if p.forget(cc) {
			asked = append(asked, cc)
		}
	}
	p.mu.Unlock()
	for _, cc := range asked {
		if st := cc.State(); st.StreamsActive+st.StreamsReserved+st.StreamsPending == 0 {
			cc.Close()
		} else {
			p.admit(cc)
		}
	}
}
