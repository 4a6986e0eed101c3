package http1

import (
	"eddy/httputil"
)

// ResponseHead is a response's status line and header.
type ResponseHead struct {
	Version string // httputil.HTTP10 or HTTP11
	Status  int    // 100 to 999
	Reason  string // as sent, may be empty and may hold bytes beyond ASCII

	Header httputil.Header

	// ContentLength is the length of the body that follows, or for HEAD and 304 the
	// length that is told without one; -1 if it is not known before its end.
	ContentLength int64
}

// Interim reports whether the response is a 1xx that the final one follows. 101 is final.
func (h *ResponseHead) Interim() bool {
	return h.Status < 200 && h.Status != 101
}

// ResponseReader is the receiving half of a client's connection: for each request Start,
// then FindHead and ParseHead until the head is not interim, and ReadBody until BodyDone.
// The zero value is ready for Start. Like [RequestReader] it holds no bytes and no
// pointers, is not safe for concurrent use, and cannot go on after an error. All its
// errors are of type [*Error] with Status 502; they wrap httputil.ErrBodyTooLarge or
// io.ErrUnexpectedEOF where these apply.
type ResponseReader struct {
	scan headScan
	msg  incoming
}

// Start readies the reader for the response to a request with this method: HEAD has no
// body, and CONNECT opens a tunnel.
func (r *ResponseReader) Start(method string) {
	*r = ResponseReader{}
	r.msg.flags = flagAwaiting
	switch method {
	case "HEAD":
		r.msg.flags |= flagHEAD
	case "CONNECT":
		r.msg.flags |= flagCONNECT
	}
}

// FindHead does for responses what [RequestReader.FindHead] does for requests.
func (r *ResponseReader) FindHead(p []byte, lim *Limits) (n int, err error) {
	n, fault := r.scan.find(p, lim, startsResponse)
	if fault != nil {
		return 0, fromServer(fault)
	}
	return n, nil
}

func startsResponse(c byte) bool { return c == 'H' }

// ParseHead parses the head that FindHead delimited into resp, appending to resp.Header.
// All strings are parts of head. After an interim head ([ResponseHead.Interim]) call
// FindHead again for the next one.
func (r *ResponseReader) ParseHead(head string, lim *Limits, resp *ResponseHead) error {
	if err := r.parseHead(head, lim, resp); err != nil {
		return fromServer(err)
	}
	return nil
}

func (r *ResponseReader) parseHead(head string, lim *Limits, resp *ResponseHead) *Error {
	next, err := parseStatusLine(head, resp)
	if err != nil {
		return err
	}
	var f framing
	if err := f.parse(head, next, lim, &resp.Header); err != nil {
		return err
	}
	old := resp.Version == httputil.HTTP10
	if old && f.chunked {
		return errCodingVersion
	}
	resp.ContentLength = f.length
	if resp.Interim() {
		return nil
	}
	kept := r.msg.flags & (flagHEAD | flagCONNECT)
	r.msg.flags = kept | f.flags(old)&flagKeepAlive
	r.frame(resp, &f)
	if r.msg.state == bodyLength && !lim.bodyFits(f.length) {
		return errBodyLarge
	}
	return nil
}

// frame decides how the body ends, in the order of RFC 9112 §6.3.
func (r *ResponseReader) frame(resp *ResponseHead, f *framing) {
	m := &r.msg
	switch {
	case resp.Status == 101, m.flags&flagCONNECT != 0 && resp.Status/100 == 2:
		resp.ContentLength = 0
		m.flags = m.flags&^flagKeepAlive | flagTunnel
		m.begin(0)
	case resp.Status == 204:
		resp.ContentLength = 0
		m.begin(0)
	case resp.Status == 304, m.flags&flagHEAD != 0:
		m.begin(0)
	case f.chunked || f.length >= 0:
		m.begin(f.length)
	default:
		m.begin(0)
		m.state = bodyClose
		m.flags &^= flagKeepAlive
	}
}

// parseStatusLine parses version SP status [SP [reason]] CRLF (RFC 9112 §4). The second
// space is optional here: servers without a reason forget it.
func parseStatusLine(head string, resp *ResponseHead) (int, *Error) {
	i := skipEmptyLines(head)
	if i+14 > len(head) || head[i+8] != ' ' {
		return 0, errStatus
	}
	var err *Error
	if resp.Version, err = parseVersion(head[i : i+8]); err != nil {
		return 0, err
	}
	i += 9
	if head[i] == '0' || !isDigit(head[i]) || !isDigit(head[i+1]) || !isDigit(head[i+2]) {
		return 0, errStatus
	}
	resp.Status = int(head[i]-'0')*100 + int(head[i+1]-'0')*10 + int(head[i+2]-'0')
	i += 3
	if head[i] == ' ' {
		i++
	} else if head[i] != '\r' {
		return 0, errStatus
	}
	end := valueEnd(head, i)
	if end+2 > len(head) || head[end:end+2] != "\r\n" {
		return 0, errStatus
	}
	resp.Reason = head[i:end]
	return end + 2, nil
}

// ReadBody does for responses what [RequestReader.ReadBody] does for requests. A body that
// ends with the connection is done only when EOF was called.
func (r *ResponseReader) ReadBody(p []byte, most int, lim *Limits, trailer *httputil.Header) (data []byte, n int, done bool, err error) {
	data, n, done, fault := r.msg.read(p, most, lim, trailer)
	if fault != nil {
		return nil, n, false, fromServer(fault)
	}
	return data, n, done, nil
}

// EOF tells the reader that the server closed its side, after all bytes before that were
// given to it. It returns nil if the response is complete, by that or already; otherwise
// an error that wraps io.ErrUnexpectedEOF.
func (r *ResponseReader) EOF() error {
	if r.msg.state == bodyClose {
		r.msg.state = bodyDone
	}
	if r.msg.state != bodyDone || r.msg.flags&flagAwaiting != 0 {
		return errTruncated
	}
	return nil
}

// BodyDone reports whether the final head was parsed and nothing of the message is to come.
func (r *ResponseReader) BodyDone() bool {
	return r.msg.state == bodyDone && r.msg.flags&flagAwaiting == 0
}

// KeepAlive reports whether the server lets another request follow, once the body is done.
func (r *ResponseReader) KeepAlive() bool { return r.msg.flags&flagKeepAlive != 0 }

// Tunnel reports whether the bytes behind the final head belong to another protocol: after
// 101 (RFC 9110 §7.8), and after a CONNECT that succeeded (§9.3.6).
func (r *ResponseReader) Tunnel() bool { return r.msg.flags&flagTunnel != 0 }
