package httpserver

import (
	"time"
	"unsafe"

	"eddy/httputil"
	"eddy/loop"
)

// What a connection and a request take in memory.
const (
	ConnSize  = unsafe.Sizeof(conn{})
	BriefSize = unsafe.Sizeof(brief{})
	UsualSize = unsafe.Sizeof(usual{})
)

// Take makes a connection of a descriptor, as accepting does, when the loop comes to it. secure
// is whether it begins with a handshake.
func (s *Server) Take(g *loop.Group, fd int, secure bool) error {
	if secure {
		return s.spreader.Take(g, fd, s.openTLS)
	}
	return s.spreader.Take(g, fd, s.open)
}

// InFrontOf returns what serves requests for h by the options.
func InFrontOf(o Options, h httputil.Handler) httputil.Handler {
	o = o.withDefaults()
	return o.inFrontOf(h)
}

// Date is a server's Date line.
type Date struct{ date }

// Line returns the line for a time.
func (d *Date) Line(now time.Time) string { return string(d.line(now)) }

// Bytes is Line without a copy.
func (d *Date) Bytes(now time.Time) []byte { return d.line(now) }
