package stream

import "errors"

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
