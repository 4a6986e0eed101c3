package stream

import (
	"errors"
	"io"
	"net"
	"slices"

	"eddy/loop"
)

// Quiet reports whether err is how connections end every day, so that it deserves no line in
// a log: the peer has gone away, with notice or without, in the middle of a message or of
// TLS, or this side has closed. It is true of nil. Any goroutine.
func Quiet(err error) bool {
	if err == nil || err == ErrClosed {
		return true
	}
	return slices.ContainsFunc(everyday, func(e error) bool { return errors.Is(err, e) }) ||
		slices.ContainsFunc(ends, func(e error) bool { return errors.Is(err, e) })
}

var ends = []error{io.EOF, io.ErrUnexpectedEOF, loop.ErrClosed, net.ErrClosed}
