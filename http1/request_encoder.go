package http1

import (
	"eddy/httputil"
)

// RequestEncoder is the sending half for one request: AppendHead, AppendBody, AppendEnd. The
// zero value is ready, and one is used for one request. It appends to the caller's buffer
// and keeps no bytes. It is not safe for concurrent use. KeepAlive is false if the header
// had "Connection: close"; the response has its own word on the matter.
type RequestEncoder struct {
	outgoing
}

// AppendHead appends the request line and the header to dst. target is sent as it is, in
// whichever form of RFC 9112 §3.2 fits; host becomes the Host field, which comes first.
// length is the number of body bytes to come, 0 for no body, negative if not known: the
// body is then chunked, which an HTTP/1.0 server does not understand.
//
// Host, Content-Length, Transfer-Encoding and Keep-Alive in h (which may be nil) are not
// copied; Connection is.
//
// It fails with httputil.ErrHeadWritten when called twice, and with a Local [*Error] if
// method is no token, or target or host could break out of its place.
func (e *RequestEncoder) AppendHead(dst []byte, method, target, host string, h *httputil.Header, length int64) ([]byte, error) {
	switch {
	case !e.takesHead():
		return dst, httputil.ErrHeadWritten
	case !httputil.IsToken(method):
		return dst, errLocalMethod
	case !isTarget(target):
		return dst, errLocalTarget
	case !validHost(host):
		return dst, errLocalHost
	}
	e.keepAlive, e.left = true, max(length, -1)
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", host)
	if h != nil {
		dst = e.appendHeader(dst, h)
	}
	switch {
	case length < 0:
		e.state = e.next(onChunked)
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case length > 0:
		e.state = e.next(onLength)
		dst = appendLength(dst, length)
	default:
		e.state = e.next(onNone)
		if expectsBody(method) {
			dst = appendLength(dst, 0)
		}
	}
	return append(dst, "\r\n"...), nil
}

func (e *RequestEncoder) appendHeader(dst []byte, h *httputil.Header) []byte {
	fields := h.Fields()
	for i := range fields {
		f := &fields[i]
		switch kindOf(f.Name) {
		case fieldHost, fieldContentLength, fieldTransferEncoding, fieldKeepAlive:
			continue
		case fieldConnection:
			var c framing
			c.noteConnection(f.Value)
			e.keepAlive = e.keepAlive && !c.close
		}
		dst = appendField(dst, f.Name, f.Value)
	}
	return dst
}

// expectsBody names the methods whose requests should tell a length of 0 (RFC 9110 §8.6).
func expectsBody(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}
