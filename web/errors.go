package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"eddy/httputil"
)

// ErrFinish ends a request quietly when a method or Prepare returns it: the response so
// far is finished and nothing is logged (Tornado's Finish).
var ErrFinish = errors.New("web: finish")

var errMethodNotAllowed = &HTTPError{Status: http.StatusMethodNotAllowed}

// HTTPError answers with a status. A method returns it, bare or wrapped.
type HTTPError struct {
	Status int    // from 300 to 999; any other is a 500
	Reason string // the reason phrase, which the client sees; "" for the usual one
	Err    error  // the cause, for the log only; nil if there is nothing to log
}

// Errorf returns an HTTPError whose cause is made by fmt.Errorf. The text goes to the
// log and not to the client.
func Errorf(status int, format string, args ...any) *HTTPError {
	return &HTTPError{Status: status, Err: fmt.Errorf(format, args...)}
}

func (e *HTTPError) Error() string {
	s := "web: status " + strconv.Itoa(e.Status)
	if e.Reason != "" {
		s += " " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *HTTPError) Unwrap() error { return e.Err }

// HTTPStatus returns the status. Every error that has this method chooses the status of
// the answer, so an application's own errors can know theirs.
func (e *HTTPError) HTTPStatus() int { return e.Status }

// MissingArgumentError says that a required argument or file is not there; it answers 400.
type MissingArgumentError struct {
	Name string
	File bool // a file of a form was asked for
}

func (e *MissingArgumentError) Error() string {
	if e.File {
		return "web: missing file " + strconv.Quote(e.Name)
	}
	return "web: missing argument " + strconv.Quote(e.Name)
}

// HTTPStatus returns 400.
func (e *MissingArgumentError) HTTPStatus() int { return http.StatusBadRequest }

// InvalidArgumentError says that an argument's value is not UTF-8; it answers 400.
type InvalidArgumentError struct{ Name string }

func (e *InvalidArgumentError) Error() string {
	return "web: argument " + strconv.Quote(e.Name) + " is not valid UTF-8"
}

// HTTPStatus returns 400.
func (e *InvalidArgumentError) HTTPStatus() int { return http.StatusBadRequest }

// InvalidBodyError says that a request's body is not what it claims to be; it answers
// 400. Its text leaves Err out, which may quote the body.
type InvalidBodyError struct {
	Format string // "JSON"
	Err    error
}

func (e *InvalidBodyError) Error() string { return "web: body is not valid " + e.Format }

// Unwrap returns the parser's error.
func (e *InvalidBodyError) Unwrap() error { return e.Err }

// HTTPStatus returns 400.
func (e *InvalidBodyError) HTTPStatus() int { return http.StatusBadRequest }

// statusOf returns the status that answers err.
func statusOf(err error) int {
	var known interface{ HTTPStatus() int }
	switch {
	case errors.As(err, &known):
		if status := known.HTTPStatus(); status >= 300 && status <= 999 {
			return status
		}
	case errors.Is(err, httputil.ErrBodyMalformed):
		return http.StatusBadRequest
	case errors.Is(err, httputil.ErrBodyTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, httputil.ErrBodyTimeout):
		return http.StatusRequestTimeout
	case errors.Is(err, httputil.ErrRequestTimeout):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// panicError is what a handler panicked with. It does not unwrap to an error inside: a
// panic is a 500, whatever its value.
type panicError struct {
	value any
	stack []byte
}

// newPanicError is called by the deferred function that recovered, while the stack
// still has the frames that panicked.
func newPanicError(value any) *panicError { return &panicError{value, debug.Stack()} }

// StackTrace returns the stack of the panic.
func (e *panicError) StackTrace() []byte { return e.stack }

// stackOf returns the stack that an error carries, "" if none. Errors of package async have
// one when a function panicked whose future the handler waited for.
func stackOf(err error) string {
	var traced interface{ StackTrace() []byte }
	if errors.As(err, &traced) {
		return string(traced.StackTrace())
	}
	return ""
}

func (e *panicError) Error() string { return fmt.Sprint("web: panic: ", e.value) }

// isAbort reports whether err stands for the panic that asks to cut the connection.
func isAbort(err error) bool {
	p, ok := err.(*panicError)
	return ok && p.value == http.ErrAbortHandler
}
