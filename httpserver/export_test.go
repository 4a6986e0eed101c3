package httpserver

import (
	"unsafe"

	"eddy/loop"
)

// ConnSize and ExchangeSize are what a connection and a request take in memory.
const (
	ConnSize     = unsafe.Sizeof(conn{})
	ExchangeSize = unsafe.Sizeof(exchange{})
)

// Take makes a connection of a descriptor, as accepting does, when the loop comes to it. secure
// is whether it begins with a handshake.
func (s *Server) Take(g *loop.Group, fd int, secure bool) error {
	if secure {
		return s.spreader.Take(g, fd, s.openTLS)
	}
	return s.spreader.Take(g, fd, s.open)
}
