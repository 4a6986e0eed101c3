package stream

import (
	"errors"
	"io"
	"slices"

	"eddy/loop"
)

// ErrBufferFull is returned by a write for which there is no room: see
// [Stream.SetMaxWrite]. Nothing of it was taken, and the stream goes on. There is no such error
// of reads, because bytes are read only while somebody waits for them, within the
// limit of that read ([ErrTooLong]).
var ErrBufferFull = errors.New("stream: write buffer full")

// closedError is ErrClosed, and what the stream was closed with.
type closedError struct{ cause error }

func (e closedError) Error() string        { return ErrClosed.Error() + ": " + e.cause.Error() }
func (e closedError) Unwrap() error        { return e.cause }
func (e closedError) Is(target error) bool { return target == ErrClosed }

func (s *Stream) closedErr() error {
	if s.err == nil {
		return ErrClosed
	}
	return closedError{s.err}
}

// Quiet reports whether err is how connections end every day, so that it deserves no line in
// a log: the peer has gone away, with notice or without, in the middle of a message or of
// TLS, or this side has closed. It is true of nil. Any goroutine.
func Quiet(err error) bool {
	if err == nil || err == ErrClosed {
		return true
	}
	return slices.ContainsFunc(everyday, func(e error) bool { return errors.Is(err, e) }) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, loop.ErrClosed)
}
