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

// Open makes a connection of a descriptor, as accepting does. It runs on the loop.
func (s *Server) Open(l *loop.Loop, fd int, secure bool) {
	s.open.Add(1)
	l.AddLoad(1)
	c := &conn{server: s, start: fd, secure: secure}
	c.open(l)
}

// SetLoops stands in for Serve.
func (s *Server) SetLoops(g *loop.Group) { s.group = g }
