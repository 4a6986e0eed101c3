package stream

import (
	"crypto/tls"
	"fmt"
	"net"

	"eddy/loop"
)

// FromConn brings a connection of package net onto a loop. The connection is used up, also
// when that fails: as it does for a *tls.Conn, whose secrets nobody can take over, and for one
// that has no descriptor. Call it on the loop.
func FromConn(l *loop.Loop, conn net.Conn) (*Stream, error) {
	if secure, ok := conn.(*tls.Conn); ok {
		secure.NetConn().Close()
		return nil, fmt.Errorf("stream: a %T cannot be brought onto a loop; start TLS on a stream instead", conn)
	}
	fd, err := l.Files().Adopt(conn)
	if err != nil {
		return nil, fmt.Errorf("stream: %T: %w", conn, err)
	}
	return New(l, fd)
}
