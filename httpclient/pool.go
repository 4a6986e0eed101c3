package httpclient

import (
	"crypto/tls"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"unique"

	"eddy/loop"
	"eddy/tcp"
)

// key is everything that a connection depends on: a request uses those of the same key only. It is kept small: every
// fetch has one, and looks for its connection by it.
type key struct {
	addr   string // "host:port" as the URL has it, or "unix:" and a path; "" for all servers behind a proxy
	secure bool   // https
	way    unique.Handle[way]
}

// way is what the connections of most requests have nothing of.
type way struct {
	name   string // whom the certificate is for, if the address does not tell
	proxy  string // its URL with credentials; "" for none
	tls    *tls.Config
	bare   bool // tls without what identifies the user, and without the name of its server
	family tcp.Family
	local  netip.Addr
	iface  string
}

// straight is the way of most.
var straight = unique.Make(way{})

// handle returns what stands for w in a key.
func (w *way) handle() unique.Handle[way] {
	if *w == (way{}) {
		return straight
	}
	return unique.Make(*w)
}

// wayOf returns what a request and the client's options say.
func wayOf(u *url.URL, r *Request, o *Options) way {
	w := way{tls: r.TLS, family: r.Family, local: r.LocalAddr, iface: r.Interface}
	if w.family == tcp.AnyFamily {
		w.family = o.Family
	}
	if !w.local.IsValid() {
		w.local = o.LocalAddr
	}
	if w.iface == "" {
		w.iface = o.Interface
	}
	if r.UnixSocket != "" && u.Scheme == "https" {
		w.name = u.Hostname()
	}
	return w
}

// home is a client's part on one loop: its connections there.
type home struct {
	client *Client
	loop   *loop.Loop

	mu    sync.Mutex
	pools map[key]*pool // of those that have connections
	rests int           // idle connections
	first *conn         // of those, the one that was used longest ago
	last  *conn
	conns map[*conn]struct{}
	dials map[*dialling]struct{} // connections that are being made
}

// pool is the connections of one key. home.mu guards it.
type pool struct {
	key  key
	all  int
	idle []*conn // in the order of their coming
}

// has reports whether take would return one.
func (h *home) has(k *key) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.pools[*k]
	return p != nil && len(p.idle) > 0
}

// take returns the idle connection for k that was used last, nil if there is none.
func (h *home) take(k *key) *conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.pools[*k]
	if p == nil || len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	h.unlink(c)
	return c
}

// put keeps c, and reports whether it may. The oldest connection goes if there are too many. On the
// loop.
func (h *home) put(c *conn) bool {
	h.mu.Lock()
	if h.client.closed.Load() {
		h.mu.Unlock()
		return false
	}
	var oldest *conn
	if most := h.client.options.MaxIdle; most > 0 && h.rests >= most {
		oldest = h.first
		h.remove(oldest)
	}
	c.pool.idle = append(c.pool.idle, c)
	h.link(c)
	h.mu.Unlock()
	if oldest != nil {
		oldest.Close()
	}
	return true
}

// link makes c the one that was used last. The caller holds mu.
func (h *home) link(c *conn) {
	h.rests++
	if c.older = h.last; c.older != nil {
		c.older.newer = c
	} else {
		h.first = c
	}
	h.last = c
}

// unlink takes c out of the order. The caller holds mu.
func (h *home) unlink(c *conn) {
	h.rests--
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		h.first = c.newer
	}
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		h.last = c.older
	}
	c.older, c.newer = nil, nil
}

// remove takes c out of those that are idle if it is one. The caller holds mu.
func (h *home) remove(c *conn) {
	if i := slices.Index(c.pool.idle, c); i >= 0 {
		h.unlink(c)
		c.pool.idle = slices.Delete(c.pool.idle, i, i+1)
	}
}

// add counts a connection for k in. It reports false when the client has been closed.
func (h *home) add(c *conn, k *key) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client.closed.Load() {
		return false
	}
	h.conns[c] = struct{}{}
	h.loop.AddLoad(1)
	if c.pool = h.pools[*k]; c.pool == nil {
		c.pool = &pool{key: *k}
		h.pools[*k] = c.pool
	}
	c.pool.all++
	return true
}

// gone forgets a connection that was closed, and returns the exchange that was to begin on it.
func (h *home) gone(c *conn) *exchange {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.conns[c]; ok {
		delete(h.conns, c)
		h.loop.AddLoad(-1)
		h.remove(c)
		if c.pool.all--; c.pool.all == 0 {
			delete(h.pools, c.pool.key)
		}
	}
	next := c.next
	c.next = nil
	return next
}

// reserve notes that x is to begin on c, so that it is told if c is closed before. It reports
// false if it has been.
func (h *home) reserve(c *conn, x *exchange) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.conns[c]
	c.next = x
	return ok
}

// unreserve ends what reserve has begun. It reports false if that has ended already.
func (h *home) unreserve(c *conn, x *exchange) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.next != x {
		return false
	}
	c.next = nil
	return true
}

// close closes all connections of a client that was closed.
func (h *home) close() {
	h.stopDials()
	h.loop.Post(func() {
		h.mu.Lock()
		conns := slices.Collect(maps.Keys(h.conns))
		h.mu.Unlock()
		for _, c := range conns {
			c.fail(ErrClosed)
		}
	})
}

// closeIdle closes the connections that nobody uses.
func (h *home) closeIdle() {
	h.loop.Post(func() {
		h.mu.Lock()
		var conns []*conn
		for h.first != nil {
			conns = append(conns, h.first)
			h.remove(h.first)
		}
		h.mu.Unlock()
		for _, c := range conns {
			c.Close()
		}
	})
}
