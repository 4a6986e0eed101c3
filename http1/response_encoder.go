package http1

import (
	"strconv"

	"eddy/httputil"
)

// ResponseEncoder is the sending half for one response: Init, AppendHead (interim heads
// before the final one), AppendBody, AppendEnd. It appends to the caller's buffer and
// keeps no bytes. It is not safe for concurrent use.
type ResponseEncoder struct {
	outgoing
	old      bool // the client speaks HTTP/1.0
	headOnly bool // the request was a HEAD
	connect  bool // the request was a CONNECT
	closing  bool // the head shall say "Connection: close"
}

// Init readies the encoder for the response to req; of a request that could not be parsed
// any part may be missing. keepAlive says whether the caller would keep the connection.
func (e *ResponseEncoder) Init(req *httputil.Request, keepAlive bool) {
	*e = ResponseEncoder{
		old:      req.Version == httputil.HTTP10,
		headOnly: req.Method == "HEAD",
		connect:  req.Method == "CONNECT",
	}
	e.side, e.keepAlive = serverSide, keepAlive
}

// Last makes the response the last one on its connection, if the final head was not appended yet: it
// will say so.
func (e *ResponseEncoder) Last() { e.closing = true }

// AppendHead appends the status line and the header to dst.
//
// An empty reason, or one with control characters, becomes the status's standard phrase.
// length is the number of body bytes to come; -1 (or any negative number) means that it is
// not known, and has the body chunked, or for an HTTP/1.0 client ended by closing. date is
// a ready "Date: …" line with its CRLF, for a header that has no Date; nil for none.
//
// Content-Length, Transfer-Encoding and Keep-Alive in h (which may be nil) are not copied,
// nor is a Connection field with close or keep-alive; close is obeyed. 1xx, 204, 205, 304
// and responses to HEAD have no body; HEAD and 304 tell the length that the body would have
// (304 if it is not 0), a 205 tells 0, the others must not tell any (RFC 9110 §8.6, §15.3.6).
// A 2xx that answers CONNECT has neither length nor body.
//
// A status of 1xx but 101 appends an interim head, and nothing for an HTTP/1.0 client
// (RFC 9110 §15.2). After 101 or a CONNECT that succeeded, the connection is not HTTP's.
//
// It fails with httputil.ErrHeadWritten after the final head, and with a Local [*Error] for
// a status that has not three digits or a 101 to HTTP/1.0; it appends nothing then.
func (e *ResponseEncoder) AppendHead(dst []byte, status int, reason string, h *httputil.Header, length int64, date []byte) ([]byte, error) {
	switch {
	case !e.takesHead():
		return dst, httputil.ErrHeadWritten
	case status < 100 || status > 999:
		return dst, errLocalStatus
	case status < 200 && e.old && status == 101:
		return dst, errLocalSwitch
	case status < 200 && e.old:
		return dst, nil
	}
	e.side = serverSide // for an encoder without Init, too
	dst = appendStatusLine(dst, status, reason)
	dated := false
	if h != nil {
		dst, dated = e.appendHeader(dst, h)
	}
	if status < 200 && status != 101 {
		e.state = e.next(onInterim)
		return append(dst, "\r\n"...), nil
	}
	dst = e.appendFraming(dst, status, length)
	if !dated {
		dst = append(dst, date...)
	}
	return append(dst, "\r\n"...), nil
}

// appendHeader appends the fields that are the caller's business.
func (e *ResponseEncoder) appendHeader(dst []byte, h *httputil.Header) (_ []byte, dated bool) {
	fields := h.Fields()
	for i := range fields {
		f := &fields[i]
		switch kindOf(f.Name) {
		case fieldContentLength, fieldTransferEncoding, fieldKeepAlive:
			continue
		case fieldConnection:
			var c framing
			c.noteConnection(f.Value)
			e.closing = e.closing || c.close
			if c.close || c.keep {
				continue
			}
		case fieldDate:
			dated = true
		}
		dst = appendField(dst, f.Name, f.Value)
	}
	return dst, dated
}

// appendFraming decides how the body ends (RFC 9112 §6) and whether the connection lives
// on (§9.3), and appends the fields that say so.
func (e *ResponseEncoder) appendFraming(dst []byte, status int, length int64) []byte {
	e.left = max(length, -1)
	how := e.framing(status, length)
	e.state = e.next(how)
	switch how {
	case onSwitch:
		return dst
	case onNone:
		if length >= 0 && tellsLength(status, length) {
			dst = appendLength(dst, length)
		} else if status == 205 {
			dst = appendLength(dst, 0) // it looks to the client as if it could have a body
		}
	case onLength:
		dst = appendLength(dst, length)
	case onClose:
		e.keepAlive = false
	case onChunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	e.keepAlive = e.keepAlive && !e.closing
	switch {
	case e.keepAlive && e.old:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	case !e.keepAlive && !e.old:
		dst = append(dst, "Connection: close\r\n"...)
	}
	return dst
}

// framing says how the body of the final response ends.
func (e *ResponseEncoder) framing(status int, length int64) event {
	switch {
	case status == 101, e.connect && status/100 == 2:
		return onSwitch
	case status == 204, status == 205, status == 304, e.headOnly:
		return onNone
	case length >= 0:
		return onLength
	case e.old:
		return onClose
	}
	return onChunked
}

// tellsLength reports whether a response without a body tells the length of the one that
// a GET would have brought (RFC 9110 §8.6). A handler of a 304 mostly means nothing by 0.
func tellsLength(status int, length int64) bool {
	return status != 204 && status != 205 && (status != 304 || length > 0)
}

// Tunnel reports whether the final head hands the connection to another protocol: a 101, or
// a 2xx that answers CONNECT. See [RequestReader.Switch].
func (e *ResponseEncoder) Tunnel() bool { return e.state == sendSwitch || e.state == sentSwitching }

// appendStatusLine takes a reason that stays on its line (RFC 9112 §4), and no other.
func appendStatusLine(dst []byte, status int, reason string) []byte {
	if line := statusLine(status); line != "" && (reason == "" || !httputil.IsFieldValue(reason)) {
		return append(dst, line...)
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	if httputil.IsFieldValue(reason) {
		dst = append(dst, reason...)
	}
	return append(dst, "\r\n"...)
}
