package httputil

import (
	"context"
	"errors"
)

var (
	// ErrFinished is returned by a response's methods once the response has ended.
	ErrFinished = errors.New("httputil: response already finished")
	// ErrDetached is returned by a response's methods, and by reads of the request's body, once
	// the handler has taken the connection over.
	ErrDetached = errors.New("httputil: connection taken over by the handler")
	// ErrHeadWritten is returned by WriteHead when a final head was sent before.
	ErrHeadWritten = errors.New("httputil: response head already written")
	// ErrNoHead is returned by Write when no head was sent before.
	ErrNoHead = errors.New("httputil: response head not written yet")
	// ErrBodyLength is returned when a response body does not have its announced length.
	ErrBodyLength = errors.New("httputil: body length differs from the announced length")
	// ErrBodyTooLarge is returned by a body's Read beyond the size limit; if that is of a request, the
	// answer to it is 413.
	ErrBodyTooLarge = errors.New("httputil: body too large")
	// ErrBodyMalformed is returned by a body's Read when the body breaks the protocol, cannot be
	// decoded or ends too early; if that is of a request, the answer to it is 400. It wraps the fault.
	ErrBodyMalformed = errors.New("httputil: malformed body")
	// ErrBodyTimeout is returned by a request body's Read when the client is too slow;
	// the answer to it is 408.
	ErrBodyTimeout = errors.New("httputil: request body not received in time")
	// ErrRequestTimeout is the error of a handler's context when the server gives a request only
	// so much time. It is context.DeadlineExceeded, too (errors.Is); the answer to it is 503.
	ErrRequestTimeout error = requestTimeout{}
	// ErrClosed is returned when the client closed the connection. It is the error of a
	// handler's context then, and so it is context.Canceled, too (errors.Is).
	ErrClosed error = closedError{}
)

type closedError struct{}

func (closedError) Error() string        { return "httputil: connection closed by the client" }
func (closedError) Is(target error) bool { return target == context.Canceled }

type requestTimeout struct{}

func (requestTimeout) Error() string        { return "httputil: the request took too long" }
func (requestTimeout) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout makes it a net.Error's kind of timeout, as context.DeadlineExceeded is.
func (requestTimeout) Timeout() bool { return true }
