package httpclient

import (
	"errors"
	"fmt"

	"eddy/httputil"
	"eddy/internal/tunnel"
)

// ProxyError is why there is no connection through a proxy, in an [Error] of [PhaseProxy]. A plain http
// request, which a proxy forwards, has the proxy's answer for a result instead, whatever its status is.
type ProxyError struct {
	Proxy  string // scheme and address of the proxy, without its user
	Target string // "host:port" that it was asked for
	// Status is that of the answer with which an HTTP proxy has refused, 0 if it has not.
	Status int
	// Reply is the code with which a SOCKS proxy has refused (RFC 1928 §6), 0 if it has not.
	Reply byte
	// Reason is what the refusal or fault is, in a few words that are not the proxy's.
	Reason string
	// Header is that of the refusal, with Proxy-Authenticate for status 407.
	Header httputil.Header
	// Err is the cause if it is none of the proxy's words: that of a context, a connection or the protocol.
	Err error
}

func (e *ProxyError) Error() string {
	text := fmt.Sprintf("proxy %s to %q", e.Proxy, e.Target)
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
func (e *ProxyError) Unwrap() error { return e.Err }

// proxyError returns err in the words of this package.
func proxyError(err error) error {
	if e, ok := errors.AsType[*tunnel.Error](err); ok {
		return &ProxyError{e.Proxy, e.Target, e.Status, e.Reply, e.Reason, e.Header, e.Err}
	}
	return err
}
