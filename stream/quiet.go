package stream

import (
	"errors"
	"io"
	"syscall"
)

// quiet are the errors by which peers leave every day.
var quiet = []error{
	io.EOF, io.ErrUnexpectedEOF, ErrClosed,
	syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT, syscall.ENOTCONN,
}

// Quiet reports whether err only says that the peer is gone, or that the stream is closed:
// nothing that a log should be filled with.
func Quiet(err error) bool {
	for _, q := range quiet {
		if errors.Is(err, q) {
			return true
		}
	}
	return false
}
