package http1

import (
	"eddy/httputil"
)

// RequestReader is the receiving half of a server's connection. It is reused for message
// after message: FindHead, ParseHead, ReadBody until BodyDone, FindHead again. The zero
// value is ready. It holds no bytes and no pointers (32 bytes in all), so an idle
// connection may keep one. It is not safe for concurrent use.
//
// After an error there is no way to go on, because where the next message starts is not
// known: answer with the error's status and close.
type RequestReader struct {
	scan headScan
	msg  incoming
}

// FindHead looks for the end of the next head in p, which holds all unread bytes. n is the
// length of the head with its final empty line and with any empty lines before it
// (RFC 9112 §2.2: at most four are skipped), 0 if it goes on beyond p. Called again with
// more bytes behind the same ones it does not search those again.
//
// It fails as soon as the head is over a limit of lim (414, 431), has a line that ends in
// a bare LF, or cannot become a request whatever follows.
func (r *RequestReader) FindHead(p []byte, lim *Limits) (n int, err error) {
	n, fault := r.scan.find(p, lim, httputil.IsTokenByte)
	if fault != nil {
		return 0, fault
	}
	return n, nil
}

// ParseHead parses the head that FindHead delimited and readies the reader for the body.
// It sets Method, URI, Path, Query, Version, Host and ContentLength of req, and appends to
// req.Header. All these strings are parts of head. If it fails, req may be half filled.
//
// ContentLength is -1 for a chunked body. A target in absolute-form decides about Host,
// whatever the Host field says (RFC 9112 §3.2.2).
func (r *RequestReader) ParseHead(head string, lim *Limits, req *httputil.Request) error {
	if err := r.parseHead(head, lim, req); err != nil {
		return err
	}
	return nil
}

func (r *RequestReader) parseHead(head string, lim *Limits, req *httputil.Request) *Error {
	next, err := parseRequestLine(head, req)
	if err != nil {
		return err
	}
	var f framing
	if err := f.parse(head, next, lim, &req.Header); err != nil {
		return err
	}
	old := req.Version == httputil.HTTP10
	if old && f.chunked {
		return errCodingVersion
	}
	// CONNECT names its host in the target, and clients leave the field away.
	if !f.hasHost && !old && req.Method != "CONNECT" {
		return errNoHost
	}
	if req.Host == "" {
		req.Host = f.host
	}
	req.ContentLength = max(f.length, 0)
	if f.chunked {
		req.ContentLength = -1
	}
	r.msg.begin(req.ContentLength)
	r.msg.flags = f.flags(old)
	if !lim.bodyFits(req.ContentLength) {
		return errBodyLarge
	}
	return nil
}

// flags keeps what is asked later (RFC 9112 §9.3).
func (f *framing) flags(old bool) (fl flags) {
	if !f.close && (!old || f.keep) {
		fl |= flagKeepAlive
	}
	if f.expect && !old {
		fl |= flagExpect
	}
	if f.unknown && !old {
		fl |= flagUnknown
	}
	return fl
}

// parseRequestLine parses method SP target SP version CRLF, with single spaces (RFC 9112
// §3), and returns where the fields begin.
func parseRequestLine(head string, req *httputil.Request) (int, *Error) {
	start := skipEmptyLines(head)
	i := start
	for i < len(head) && httputil.IsTokenByte(head[i]) {
		i++
	}
	if i == start || i == len(head) || head[i] != ' ' {
		return 0, errMethod
	}
	req.Method = head[start:i]
	i++
	start = i
	for i < len(head) && classes[head[i]]&classTarget != 0 {
		i++
	}
	if i == start || i == len(head) || head[i] != ' ' {
		return 0, errTarget
	}
	req.URI = head[start:i]
	i++
	start = i
	if i += len(httputil.HTTP11); i+2 > len(head) || head[i:i+2] != "\r\n" {
		return 0, errVersion
	}
	var err *Error
	if req.Version, err = parseVersion(head[start:i]); err != nil {
		return 0, err
	}
	return i + 2, parseTarget(req)
}

// ReadBody consumes bytes of the body from p. data is the body's part, a view into p that
// may be empty and is no longer than most; n is how many bytes of p were used, and done
// whether the message is complete. With n less than len(p), call again with the rest; with
// n zero, call again with the same bytes and more behind them.
//
// Trailer fields are appended to trailer, as fresh copies; with nil they are checked and
// dropped. Content-Length, Transfer-Encoding, Host and Connection in a trailer are
// refused: they cannot be meant well (RFC 9110 §6.5.1).
func (r *RequestReader) ReadBody(p []byte, most int, lim *Limits, trailer *httputil.Header) (data []byte, n int, done bool, err error) {
	data, n, done, fault := r.msg.read(p, most, lim, trailer)
	if fault != nil {
		return nil, n, false, fault
	}
	return data, n, done, nil
}

// BodyDone reports whether no byte of the body, its framing or its trailer is to come.
func (r *RequestReader) BodyDone() bool { return r.msg.state == bodyDone }

// KeepAlive reports whether the request lets another one follow on its connection: by its
// version and its Connection field (RFC 9112 §9.3).
func (r *RequestReader) KeepAlive() bool { return r.msg.flags&flagKeepAlive != 0 }

// ExpectContinue reports whether the client waits for "100 Continue" before it sends the
// body (RFC 9110 §10.1.1). HTTP/1.0 clients and those whose body is complete do not.
func (r *RequestReader) ExpectContinue() bool {
	return r.msg.flags&flagExpect != 0 && r.msg.state != bodyDone
}

// ExpectUnknown reports whether the client expects something else than "100 Continue", which a
// server may answer with 417 (RFC 9110 §10.1.1). What HTTP/1.0 clients expect is not looked at.
func (r *RequestReader) ExpectUnknown() bool { return r.msg.flags&flagUnknown != 0 }

// BodyLeft returns how many bytes of the body are to come, -1 if only its last chunk will tell.
func (r *RequestReader) BodyLeft() int64 {
	switch r.msg.state {
	case bodyDone:
		return 0
	case bodyLength:
		return r.msg.left
	}
	return -1
}
