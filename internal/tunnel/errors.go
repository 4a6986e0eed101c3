package tunnel

import (
	"errors"
	"fmt"
	"net/url"

	"eddy/httputil"
)

// Error is why there is no tunnel. Its text has fixed words, the proxy's address and the target.
type Error struct {
	Proxy  string // scheme and address of the proxy, without its user
	Target string // as given to Open
	// Status is that of the answer with which an HTTP proxy has refused, 0 if it has not.
	Status int
	// Reply is the code with which a SOCKS proxy has refused (RFC 1928 §6), 0 if it has not.
	Reply byte
	// Reason is what the refusal or fault is, in a few words; it may be empty.
	Reason string
	// Header is that of the refusal, with Proxy-Authenticate for status 407.
	Header httputil.Header
	// KeepAlive says that Open may be called again with the same stream: the proxy has refused with
	// status 407 and keeps the connection. After all other errors the stream is good for nothing.
	KeepAlive bool
	// Err is the cause, if it is none of the proxy's words: that of a context, a stream or the
	// protocol.
	Err error
}

func (e *Error) Error() string {
	text := "tunnel: "
	if e.Proxy != "" {
		text += e.Proxy + " "
	}
	text += fmt.Sprintf("to %q", e.Target)
	if e.Status != 0 {
		text += fmt.Sprintf(": status %d", e.Status)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// fault makes an Error of what is known where it happens.
func fault(reason string) *Error { return &Error{Reason: reason} }

// located adds who and what an error is about.
func located(err error, proxy *url.URL, target string) *Error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Err: err}
	}
	if e.Target = target; proxy != nil {
		e.Proxy = proxy.Scheme + "://" + proxy.Host
	}
	return e
}
