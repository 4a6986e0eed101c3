package httpserver

import (
	"context"
	"net/netip"

	"eddy/internal/habit"
)

// RemoteAddr returns the client's address. It is for the loop.
func (c *conn) RemoteAddr() netip.AddrPort { return c.addr(remote) }

// side is one of a connection's ends.
type side int

const (
	remote side = iota
	local
)

// addr returns the address that is kept, or else the connection's own while it is open.
func (c *conn) addr(of side) netip.AddrPort {
	p, kept := c.Sink().(*proxied)
	files := c.Loop().Files()
	switch {
	case kept && of == remote:
		return p.remote
	case kept:
		return p.local
	case c.Closed():
		return netip.AddrPort{}
	case of == remote:
		return files.PeerAddr(c.FD())
	}
	return files.LocalAddr(c.FD())
}

// addrs are the addresses of an exchange's connection, each looked up when it is first
// asked for: most handlers never do.
type addrs [2]struct {
	addr  netip.AddrPort
	known bool
}

// RemoteAddr implements httputil.Conn.
func (x *exchange) RemoteAddr() netip.AddrPort { return x.addr(remote) }

// LocalAddr implements httputil.Conn.
func (x *exchange) LocalAddr() netip.AddrPort { return x.addr(local) }

func (x *exchange) addr(of side) netip.AddrPort {
	x.mu.Lock()
	if x.rare != nil && x.rare.addrs[of].known {
		defer x.mu.Unlock()
		return x.rare.addrs[of].addr
	}
	x.mu.Unlock()
	var a netip.AddrPort
	x.onLoop(func() { a = x.conn.addr(of) })
	return x.keepAddr(of, a)
}

// keepAddr keeps an address unless one is known, and returns what is known then.
func (x *exchange) keepAddr(of side, a netip.AddrPort) netip.AddrPort {
	x.mu.Lock()
	defer x.mu.Unlock()
	entry := &x.uncommon().addrs[of]
	if !entry.known {
		entry.addr, entry.known = a, true
	}
	return entry.addr
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
