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
// pointers and is not safe for concurrent use.
//
// All its errors are of type [*Error]. Those of the server have Status 502, wrap
// httputil.ErrBodyTooLarge or io.ErrUnexpectedEOF where these apply, and are returned again
// by every further call. A call that does not fit fails with a Local one.
type ResponseReader struct {
	scan headScan
	msg  incoming
}

// maxInterim is how many interim responses may precede a final one. Servers that report
// progress by them send a few; without a bound a final one need never come.
const maxInterim = 100

// Start readies the reader for the response to a request with this method: HEAD has no
// body, and CONNECT opens a tunnel. It fails while the response before is not complete, and
// if that was the connection's last.
func (r *ResponseReader) Start(method string) error {
	if responseStates[r.msg.state][onStart] == 0 {
		return fromServer(r.msg.misuse())
	}
	*r = ResponseReader{msg: incoming{state: responseStates[r.msg.state][onStart]}}
	switch method {
	case "HEAD":
		r.msg.flags = flagHEAD
	case "CONNECT":
		r.msg.flags = flagCONNECT
	}
	return nil
}

// FindHead does for responses what [RequestReader.FindHead] does for requests.
func (r *ResponseReader) FindHead(p []byte, lim *Limits) (n int, err error) {
	if !r.msg.takesHead(&responseStates) {
		return 0, fromServer(r.msg.misuse())
	}
	n, fault := r.scan.find(p, lim, startsResponse, true)
	if fault != nil {
		return 0, fromServer(r.msg.fail(&responseStates, fault))
	}
	return n, nil
}

func startsResponse(c byte) bool { return c == 'H' }

// ParseHead parses the head that FindHead delimited into resp, appending to resp.Header.
// All strings are parts of head, but values of folded lines: the folds are replaced by
// spaces (RFC 9112 §5.2). After an interim head ([ResponseHead.Interim]) call FindHead again
// for the next one; more than 100 of them are refused.
func (r *ResponseReader) ParseHead(head string, lim *Limits, resp *ResponseHead) error {
	if !r.msg.takesHead(&responseStates) {
		return fromServer(r.msg.misuse())
	}
	if err := r.parseHead(head, lim, resp); err != nil {
		return fromServer(r.msg.fail(&responseStates, err))
	}
	return nil
}

func (r *ResponseReader) parseHead(head string, lim *Limits, resp *ResponseHead) *Error {
	next, err := parseStatusLine(head, resp)
	if err != nil {
		return err
	}
	f := framing{folding: true}
	if err := f.parse(head, next, lim, &resp.Header); err != nil {
		return err
	}
	old := resp.Version == httputil.HTTP10
	if old && f.chunked {
		return errCodingVersion
	}
	resp.ContentLength = f.length
	if resp.Interim() {
		return r.interim()
	}
	r.msg.flags |= f.flags(old) & flagKeepAlive
	return r.frame(resp, &f, lim)
}

func (r *ResponseReader) interim() *Error {
	if r.msg.count == maxInterim {
		return errInterim
	}
	r.msg.count++
	r.msg.state = responseStates[awaiting][onInterim]
	return nil
}

// frame decides how the body ends, in the order of RFC 9112 §6.3.
func (r *ResponseReader) frame(resp *ResponseHead, f *framing, lim *Limits) *Error {
	m := &r.msg
	switch {
	case resp.Status == 101, m.flags&flagCONNECT != 0 && resp.Status/100 == 2:
		resp.ContentLength = 0
		m.flags &^= flagKeepAlive
		m.state = responseStates[m.state][onSwitch]
	case resp.Status == 204:
		resp.ContentLength = 0
		m.end(&responseStates)
	case resp.Status == 304, m.flags&flagHEAD != 0:
		m.end(&responseStates)
	case f.length >= 0 && !lim.bodyFits(f.length):
		return errBodyLarge
	case f.chunked || f.length >= 0:
		m.begin(&responseStates, f.length)
	default:
		m.flags &^= flagKeepAlive
		m.state = responseStates[m.state][onClose]
	}
	return nil
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
	data, n, done, fault := r.msg.read(&responseStates, p, most, lim, trailer)
	if fault != nil {
		return nil, n, false, fromServer(fault)
	}
	return data, n, done, nil
}

// EOF tells the reader that the server closed its side, after all bytes before that were
// given to it. It returns nil if the response is complete, by that or already; otherwise
// an error that wraps io.ErrUnexpectedEOF. No response may follow.
func (r *ResponseReader) EOF() error {
	m := &r.msg
	switch next := responseStates[m.state][onLast]; {
	case m.state == failed:
		return fromServer(m.misuse())
	case m.state == fresh, m.state == over, m.state == bodyClose:
		m.state = next
		m.flags &^= flagKeepAlive
	case !m.complete():
		return fromServer(m.fail(&responseStates, errTruncated))
	}
	return nil
}

// BodyDone reports whether the final head was parsed and nothing of the message is to come.
func (r *ResponseReader) BodyDone() bool { return r.msg.complete() }

// KeepAlive reports whether the server lets another request follow, once the body is done.
func (r *ResponseReader) KeepAlive() bool { return r.msg.flags&flagKeepAlive != 0 }

// Tunnel reports whether the bytes behind the final head belong to another protocol: after
// 101 (RFC 9110 §7.8), and after a CONNECT that succeeded (§9.3.6). A caller that asked for
// neither must close the connection.
func (r *ResponseReader) Tunnel() bool { return r.msg.state == tunnel }
