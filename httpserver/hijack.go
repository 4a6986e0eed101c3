package httpserver

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"

	"eddy/tcp"
)

// Hijack implements http.Hijacker: it is [Detach] for who wants a connection of package net,
// whose calls block: a *net.TCPConn or *net.UnixConn, and with TLS a *tls.Conn. The reader begins
// with what the client has sent behind the request's head.
//
// Such a connection leaves its loop, and lives on when that ends. If MaxConnections is set, the type is
// one around *net.TCPConn or *net.UnixConn, with all of its methods, whose Close gives the place up.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	var hijacked net.Conn
	var rest []byte
	err := x.detach(func(c *conn) (err error) {
		rest = append(rest, c.Unread()...)
		c.Discard(len(rest))
		hijacked, err = c.DetachOver(placeKeeper(c.server.spreader))
		if err == nil {
			c.server.spreader.Part(c.Loop(), false)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return hijacked, bufio.NewReadWriter(readerAfter(rest, hijacked), bufio.NewWriter(hijacked)), nil
}

// hijackBuffer is the size of the buffer that a reader begins with, as in net/http.
const hijackBuffer = 4 << 10

// readerAfter returns a reader of conn that has rest in its buffer.
func readerAfter(rest []byte, conn io.Reader) *bufio.Reader {
	if len(rest) == 0 {
		return bufio.NewReaderSize(conn, hijackBuffer)
	}
	r := bufio.NewReaderSize(&resumed{rest, conn}, max(hijackBuffer, len(rest)))
	_, _ = r.Peek(len(rest)) // has them all in the buffer, and cannot fail
	return r
}

// resumed reads on behind what was read before.
type resumed struct {
	rest []byte
	conn io.Reader
}

func (r *resumed) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return r.conn.Read(p)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// placeKeeper returns what goes around a connection that keeps a place, nil if places do not
// count: then a *net.TCPConn stays one, which some look for.
func placeKeeper(s *tcp.Spreader) func(net.Conn) net.Conn {
	if !s.Bounded() {
		return nil
	}
	return func(conn net.Conn) net.Conn {
		switch conn := conn.(type) {
		case *net.TCPConn:
			return &placedTCP{conn, place{spreader: s}}
		case *net.UnixConn:
			return &placedUnix{conn, place{spreader: s}}
		default:
			return &placedConn{conn, place{spreader: s}}
		}
	}
}

// place is one of MaxConnections, which is given up once.
type place struct {
	spreader *tcp.Spreader
	once     sync.Once
}

func (p *place) leave() { p.once.Do(func() { p.spreader.Parted(nil) }) }

type placedTCP struct {
	*net.TCPConn
	place place
}

func (c *placedTCP) Close() error {
	defer c.place.leave()
	return c.TCPConn.Close()
}

type placedUnix struct {
	*net.UnixConn
	place place
}

func (c *placedUnix) Close() error {
	defer c.place.leave()
	return c.UnixConn.Close()
}

// placedConn is for what is neither, as over some pollers.
type placedConn struct {
	net.Conn
	place place
}

func (c *placedConn) Close() error {
	defer c.place.leave()
	return c.Conn.Close()
}

// CloseWrite ends the sending direction.
func (c *placedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
