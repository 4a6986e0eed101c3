package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// ErrDetached is what a stream is closed with when it was detached.
var ErrDetached = errors.New("stream: detached from its loop")

// Detach takes the stream off its loop and returns its connection as package net has them:
// with blocking calls, deadlines and a life of its own. It is for libraries that want a
// net.Conn, at the price of a goroutine or two.
//
// It parks until everything written was handed to the kernel; no read may be under way. What
// was read and not taken comes first from the connection. With TLS that is a *tls.Conn, or has
// the methods of one if there are such bytes; else a *net.TCPConn or *net.UnixConn, or it has
// their CloseWrite.
// The stream is closed then, with ErrDetached, of which its sink is not told.
func (s *Stream) Detach(ctx context.Context) (conn net.Conn, err error) {
	err = s.loop.Do(ctx, func(ctx context.Context) error {
		if err := s.WaitWritten(ctx, 0); err != nil {
			return err
		}
		conn, err = s.DetachNow()
		return err
	})
	return conn, err
}

// DetachNow is Detach for engine code: it fails with ErrNotIdle where that would wait. On
// the loop.
func (s *Stream) DetachNow() (net.Conn, error) { return s.DetachOver(nil) }

// DetachOver is DetachNow with something of the caller's around the connection and beneath
// TLS, such as what notes that it is closed: wrap, unless it is nil.
func (s *Stream) DetachOver(wrap func(net.Conn) net.Conn) (net.Conn, error) {
	switch {
	case s.flags&(closed|closing|ending) != 0:
		return nil, s.closedErr()
	case s.Pending() > 0 || s.Reading() || s.tls != nil && s.tls.shake != nil:
		return nil, ErrNotIdle
	}
	var rest []byte
	if s.in != nil {
		rest = append(rest, s.in.Bytes()...)
		s.releaseIn()
	}
	s.flags |= closed
	s.err = ErrDetached
	s.loop.RemoveHandler(s.id)
	if c := s.calls; c != nil {
		c.fail(0, s.closedErr()) // who waits for a hangup
	}
	conn, err := s.loop.Files().Release(int(s.fd))
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	if wrap != nil {
		conn = wrap(conn)
	}
	switch {
	case s.tls == nil && rest == nil:
		return conn, nil
	case s.tls == nil:
		return &detached{Conn: conn, rest: rest}, nil
	}
	s.tls.conn = conn
	if rest == nil {
		return s.tls.tls, nil
	}
	return &detachedTLS{Conn: s.tls.tls, rest: rest}, nil
}

// detached is a connection with bytes that the stream has read before.
type detached struct {
	net.Conn
	rest []byte
}

func (d *detached) Read(p []byte) (int, error) { return readFirst(&d.rest, d.Conn, p) }

// CloseWrite ends the sending direction.
func (d *detached) CloseWrite() error {
	if half, ok := d.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// detachedTLS is the same for TLS.
type detachedTLS struct {
	*tls.Conn
	rest []byte
}

func (d *detachedTLS) Read(p []byte) (int, error) { return readFirst(&d.rest, d.Conn, p) }

func readFirst(rest *[]byte, conn net.Conn, p []byte) (int, error) {
	if len(*rest) == 0 {
		return conn.Read(p)
	}
	n := copy(p, *rest)
	*rest = (*rest)[n:]
	return n, nil
}
