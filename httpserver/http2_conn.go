package httpserver

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"eddy/loop"
)

// http2Conn is a connection that has left its loop. The addresses that were kept for it
// (see proxied) are its addresses.
//
// It counts until it is closed and its last handler has returned, as one of HTTP/1 does.
type http2Conn struct {
	net.Conn
	host          *http2Host
	loop          *loop.Loop                 // where it counts
	remote, local netip.AddrPort             // that were kept for it: see proxied
	state         func() tls.ConnectionState // nil without TLS
	input         *bufio.Reader              // nil with TLS, which has its own
	begun         atomic.Bool                // the client has said hello
	served        atomic.Int64               // requests
	users         atomic.Int32               // the connection itself, and its handlers

	mu      sync.Mutex
	active  int  // handlers
	open    bool // there are streams
	stalled *time.Timer
	due     time.Time // when stalled means it
}

// http2ConnKey is what a request's context has its *http2Conn by.
type http2ConnKey struct{}

// Read implements net.Conn. The engine asks twice for each frame, for a few bytes first.
func (c *http2Conn) Read(p []byte) (int, error) {
	if c.input != nil {
		return c.input.Read(p)
	}
	return c.Conn.Read(p)
}

// RemoteAddr implements net.Conn.
func (c *http2Conn) RemoteAddr() net.Addr {
	if c.remote.IsValid() {
		return net.TCPAddrFromAddrPort(c.remote)
	}
	return c.Conn.RemoteAddr()
}

// LocalAddr implements net.Conn.
func (c *http2Conn) LocalAddr() net.Addr {
	if c.local.IsValid() {
		return net.TCPAddrFromAddrPort(c.local)
	}
	return c.Conn.LocalAddr()
}

// http2SecureConn is one with TLS, which is told by its having this method.
type http2SecureConn struct{ *http2Conn }

func (c *http2SecureConn) ConnectionState() tls.ConnectionState { return c.state() }

// cut closes the connection at once: a close by TLS would first say goodbye, to a client that
// perhaps does not read.
func (c *http2Conn) cut() {
	if t, ok := c.Conn.(interface{ NetConn() net.Conn }); ok {
		t.NetConn().Close()
		return
	}
	c.Conn.Close()
}

// acquire counts a handler in. It fails when the connection is over and done with.
func (c *http2Conn) acquire() bool {
	for {
		n := c.users.Load()
		if n == 0 {
			return false
		}
		if c.users.CompareAndSwap(n, n+1) {
			break
		}
	}
	c.mu.Lock()
	c.active++
	c.mu.Unlock()
	return true
}

// isLast counts a request, and reports whether it is the last one that the connection may have.
// Those that are open beside it are served, too.
func (c *http2Conn) isLast() bool {
	most := c.host.server.options.MaxRequestsPerConnection
	return c.served.Add(1) >= int64(most) && most > 0
}

// returned counts a handler out. If it was the last one, the client has WriteTimeout to take what
// is left of the responses.
func (c *http2Conn) returned() {
	c.mu.Lock()
	c.active--
	c.watch()
	c.mu.Unlock()
	c.release()
}

// watch gives streams without a handler of ours WriteTimeout to end. The caller holds mu.
func (c *http2Conn) watch() {
	limit := c.host.server.options.WriteTimeout
	if c.active > 0 || !c.open || limit == 0 {
		return
	}
	c.due = time.Now().Add(limit)
	if c.stalled == nil {
		c.stalled = time.AfterFunc(limit, c.checkStalled)
	} else {
		c.stalled.Reset(limit)
	}
}

// release gives back the share of a handler or of the connection itself.
func (c *http2Conn) release() {
	if c.users.Add(-1) == 0 {
		c.host.server.spreader.Gone(c.loop)
	}
}

// checkStalled closes a connection that has streams but no handlers: its client lets responses
// wait for a window that it does not open, and such a stream has no end of its own.
func (c *http2Conn) checkStalled() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active == 0 && c.open && !time.Now().Before(c.due) {
		c.cut()
	}
}

// noteState is told by the engine that a connection has begun, and whether it has streams.
func noteState(conn net.Conn, state http.ConnState) {
	var c *http2Conn
	switch conn := conn.(type) {
	case *http2Conn:
		c = conn
	case *http2SecureConn:
		c = conn.http2Conn
	}
	c.begun.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = state == http.StateActive
	switch {
	case c.open:
		c.watch() // the engine answers some requests itself
	case c.stalled != nil:
		c.stalled.Stop()
	}
}

// end is called when nobody reads from the connection any more.
func (c *http2Conn) end() {
	c.cut()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = false
	if c.stalled != nil {
		c.stalled.Stop()
	}
}
