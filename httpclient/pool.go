package httpclient

import (
	"crypto/tls"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"eddy/loop"
	"eddy/tcp"
)

// key is everything that a connection depends on: a request uses those of the same key only.
type key struct {
	scheme string
	addr   string // "host:port" as the URL has it, or "unix:" and a path
	proxy  string // its URL with credentials; "" for none
	tls    *tls.Config
	bare   bool // tls without what identifies the user, and without the name of its server
	family tcp.Family
	local  netip.Addr
	iface  string
}

// home is a client's part on one loop: its connections there.
type home struct {
	client *Client
	loop   *loop.Loop

	mu    sync.Mutex
	idle  map[key][]*conn // each list in the order of their coming
	rests int             // idle connections
	conns map[*conn]struct{}
}

// take returns the idle connection for k that was used last, nil if there is none.
func (h *home) take(k *key) *conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.idle[*k]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	list[len(list)-1] = nil
	h.idle[*k] = list[:len(list)-1]
	h.rests--
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
	if h.rests >= h.client.options.MaxIdle {
		oldest = h.oldest()
		h.remove(oldest)
	}
	c.resting = h.loop.Now()
	h.idle[c.key] = append(h.idle[c.key], c)
	h.rests++
	h.mu.Unlock()
	if oldest != nil {
		oldest.Close()
	}
	return true
}

func (h *home) oldest() (oldest *conn) {
	for _, list := range h.idle {
		if len(list) > 0 && (oldest == nil || list[0].resting.Before(oldest.resting)) {
			oldest = list[0]
		}
	}
	return oldest
}

// remove takes c out of the pool if it is there. The caller holds mu.
func (h *home) remove(c *conn) {
	list := h.idle[c.key]
	i := slices.Index(list, c)
	if i < 0 {
		return
	}
	h.rests--
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(h.idle, c.key)
	} else {
		h.idle[c.key] = list
	}
}

// add counts a connection in. It reports false when the client has been closed.
func (h *home) add(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client.closed.Load() {
		return false
	}
	h.conns[c] = struct{}{}
	h.loop.AddLoad(1)
	return true
}

// gone forgets a connection that was closed, and returns the exchange that was to begin on it.
func (h *home) gone(c *conn) *exchange {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.conns[c]; ok {
		delete(h.conns, c)
		h.loop.AddLoad(-1)
	}
	h.remove(c)
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

// reserved returns what was reserved, once.
func (h *home) reserved(c *conn) *exchange {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := c.next
	c.next = nil
	return x
}

// close closes all connections of a client that was closed.
func (h *home) close() {
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
		for _, list := range h.idle {
			conns = append(conns, list...)
		}
		clear(h.idle)
		h.rests = 0
		h.mu.Unlock()
		for _, c := range conns {
			c.Close()
		}
	})
}
