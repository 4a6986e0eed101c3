package poll

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// Connect connects in a goroutine, which reads ahead afterwards.
func (netFiles) Connect(t Target) (fd int, err error) {
	if err := t.check(); err != nil {
		return -1, err
	}
	c := newConn(nil)
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go c.connect(ctx, t)
	return openSocket(&c.socket), nil
}

func (c *netConn) connect(ctx context.Context, t Target) {
	conn, err := t.dial(ctx)
	if !c.arrives(conn, err) {
		return
	}
	c.socket.changed()
	if err == nil {
		c.reader()
	}
}

// arrives notes how connecting ended, and reports whether anybody still cares.
func (c *netConn) arrives(conn net.Conn, err error) bool {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	c.cancel()
	c.cancel = nil
	switch {
	case c.closed && err == nil:
		conn.Close()
	case err == nil:
		c.conn = conn
	default:
		c.fail(err)
	}
	return !c.closed
}

// connected returns the connection if there is one yet.
func (c *netConn) connected() net.Conn {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	return c.conn
}

// dial is Connect by package net, which waits. Its errors are those that Files promises.
func (t *Target) dial(ctx context.Context) (net.Conn, error) {
	var refused error // by Control
	d := net.Dialer{KeepAlive: -1, FallbackDelay: -1}
	if t.Control != nil {
		d.Control = func(network, address string, c syscall.RawConn) error {
			refused = t.Control(network, address, c)
			return refused
		}
	}
	if t.Local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(t.Local)
	}
	network, address := t.network()
	conn, err := d.DialContext(ctx, network, address)
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, connectError(err)
	}
	return conn, nil
}

func connectError(err error) error {
	errno := errnoOf(err)
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "bind" {
		return os.NewSyscallError("bind", errno)
	}
	return errno
}
