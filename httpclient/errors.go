package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"eddy/httputil"
)

var (
	// ErrClosed is the cause of what fails because the client was closed.
	ErrClosed = errors.New("client closed")
	// ErrCut is the cause when the server closed the connection before the response was complete.
	// What was read of it is lost. It is io.ErrUnexpectedEOF, too (errors.Is).
	ErrCut error = cutError{}
	// ErrBodyTooLarge is the cause when a response's body is longer than MaxBody.
	ErrBodyTooLarge = errors.New("body larger than its limit")
	// ErrTooManyRedirects is the cause when there are more redirects than MaxRedirects, in a [RedirectError].
	ErrTooManyRedirects = errors.New("too many redirects")
	// ErrQueueFull is the cause when MaxQueue requests wait for their turn already.
	ErrQueueFull = errors.New("too many requests wait for their turn")
	// ErrTimeout is what every [Error] of time is (errors.Is), also one of a context's deadline or of the kernel's; a limit
	// of the client's own is in [TimeoutError], and Error.Phase says where it was passed.
	ErrTimeout = errors.New("timeout")

	errTruncated = errors.New("TLS was not closed in order")

	errStale = errors.New("the connection was closed while it was idle")
)

// cut returns ErrCut with what the connection was closed by, if that is known.
func cut(err error) error {
	if err == nil {
		return ErrCut
	}
	return fmt.Errorf("%w: %w", ErrCut, err)
}

// cutError makes ErrCut what package net/http has for it, too.
type cutError struct{}

func (cutError) Error() string { return "connection closed before the response was complete" }
func (cutError) Unwrap() error { return io.ErrUnexpectedEOF }

// Phase is a step of a fetch. It tells what the server may know of the request: up to [PhaseTLS] it has seen nothing of
// it, with [PhaseSend] and [PhaseHead] it may have done what was asked for.
type Phase string

// The phases.
const (
	PhaseRequest  Phase = "request"  // what was asked for makes no sense; nothing was sent
	PhaseQueue    Phase = "queue"    // waiting for a turn
	PhaseResolve  Phase = "resolve"  // the server's name
	PhaseConnect  Phase = "connect"  // to the server or the proxy
	PhaseProxy    Phase = "proxy"    // the proxy refused, or TLS to it failed
	PhaseTLS      Phase = "TLS"      // the handshake
	PhaseSend     Phase = "send"     // of the request
	PhaseHead     Phase = "head"     // waiting for the response's head, or reading it
	PhaseBody     Phase = "body"     // of the response
	PhaseRedirect Phase = "redirect" // to where it may not go
)

// Error is why a fetch failed, of all reasons but a status (Tornado's 599). It is a net.Error. Its text holds
// nothing of header fields, bodies, queries and credentials, so that it may be logged.
type Error struct {
	Phase  Phase
	Method string // of the last request, behind a redirect too
	URL    string // of that, without credentials, query and fragment, which may be secrets; "" for one that is malformed
	// Err is the reason: a *[TimeoutError], a *[tcp.DialError], an *[http1.Error] for what breaks
	// the protocol, a *tls.CertificateVerificationError, a *[ProxyError], [ErrCut], the error of the context, of a
	// callback or of the body's source, and others.
	Err error
}

func (e *Error) Error() string {
	method := e.Method
	if !httputil.IsToken(method) { // it may be anybody's, and the text go to a log
		method = strconv.Quote(method)
	}
	if e.URL != "" {
		method += " " + e.URL
	}
	return fmt.Sprintf("httpclient: %s: %s: %v", method, e.Phase, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Code returns 599, by which Tornado knows such errors.
func (e *Error) Code() int { return 599 }

// Timeout reports whether time was too short: a limit, the context's deadline, or the system's.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.Is(e.Err, context.DeadlineExceeded) || errors.As(e.Err, &t) && t.Timeout()
}

// Is makes every error of time ErrTimeout, also that of a context or of the system.
func (e *Error) Is(target error) bool { return target == ErrTimeout && e.Timeout() }

// Temporary is always false. It makes an Error a net.Error.
func (e *Error) Temporary() bool { return false }

// TimeoutError is a limit of [Options] or of the [Request] that was passed. It is [ErrTimeout] and
// context.DeadlineExceeded, too (errors.Is).
type TimeoutError struct {
	Limit string        // the field's name, such as "RequestTimeout"
	After time.Duration // what the limit was
}

func (e *TimeoutError) Error() string { return fmt.Sprintf("timeout: %s of %v", e.Limit, e.After) }

// Is makes it both kinds of timeout.
func (e *TimeoutError) Is(target error) bool {
	return target == ErrTimeout || target == context.DeadlineExceeded
}

// Timeout makes it a net.Error's kind of timeout.
func (e *TimeoutError) Timeout() bool { return true }
