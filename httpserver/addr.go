package httpserver

import (
	"context"
	"net/netip"

	"eddy/internal/habit"
)

// RemoteAddr returns the client's address. It is for the loop.
func (c *conn) RemoteAddr() netip.AddrPort { return c.addrs().remote }

// addrs returns the addresses that are kept, or else the connection's own while it is open.
func (c *conn) addrs() addrs {
	if p, ok := c.Sink().(*proxied); ok {
		return addrs{p.remote, p.local}
	}
	if c.Closed() {
		return addrs{}
	}
	files := c.Loop().Files()
	return addrs{files.PeerAddr(c.FD()), files.LocalAddr(c.FD())}
}

// addrs are the addresses of an exchange's connection, looked up when they are first
// asked for: most handlers never do.
type addrs struct {
	remote, local netip.AddrPort
}

// RemoteAddr implements httputil.Conn.
func (x *exchange) RemoteAddr() netip.AddrPort { return x.addresses().remote }

// LocalAddr implements httputil.Conn.
func (x *exchange) LocalAddr() netip.AddrPort { return x.addresses().local }

func (x *exchange) addresses() addrs {
	x.mu.Lock()
	known := x.addrs
	x.mu.Unlock()
	if known != nil {
		return *known
	}
	var a addrs
	x.onLoop(func() { a = x.conn.addrs() })
	x.mu.Lock()
	x.addrs = &a
	x.mu.Unlock()
	return a
}

// Follow implements httputil.Conn.
func (x *exchange) Follow(h *habit.Habit) {
	if co := x.Coroutine(); co != nil && co.Current() {
		co.Follow(h)
	}
}

// onLoop runs f on the connection's loop: here if the caller holds it, which the handler's
// own coroutine does. f must not park.
func (x *exchange) onLoop(f func()) error {
	if co := x.Coroutine(); co != nil && co.Hold() {
		defer co.Release()
		f()
		return nil
	}
	return x.conn.Loop().Do(context.Background(), func(context.Context) error {
		f()
		return nil
	})
}
