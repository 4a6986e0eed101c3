package http1

import (
	"eddy/httputil"
)

// RequestReader is the receiving half of a server's connection. It is reused for message
// after message: FindHead, ParseHead, ReadBody until BodyDone, FindHead again. The zero
// value is ready. It holds no bytes and no pointers (32 bytes in all), so an idle
// connection may keep one. It is not safe for concurrent use.
//
// After an error of the peer there is no way to go on, because where the next message
// starts is not known: answer with the error's status and close. FindHead, ParseHead and
// ReadBody return the same error from then on. A call that does not fit, such as FindHead
// before a body was read to its end, or behind a request that was the last one, fails with
// a Local [*Error] and changes nothing.
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
	if !r.msg.takesHead(&requestStates) {
		return 0, r.msg.misuse()
	}
	n, fault := r.scan.find(p, lim, httputil.IsTokenByte, false)
	if fault != nil {
		return 0, r.msg.fail(&requestStates, fault)
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
	if !r.msg.takesHead(&requestStates) {
		return r.msg.misuse()
	}
	if err := r.parseHead(head, lim, req); err != nil {
		return r.msg.fail(&requestStates, err)
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
	if !lim.bodyFits(req.ContentLength) {
		return errBodyLarge
	}
	r.msg.flags = f.flags(old)
	if req.Method == "CONNECT" {
		// What follows may be bytes of the tunnel, sent before it was granted: they must
		// not be read as requests if it is not (RFC 9110 §9.3.6).
		r.msg.flags &^= flagKeepAlive
	}
	r.msg.begin(&requestStates, req.ContentLength)
	return nil
}

// flags keeps what is asked later (RFC 9112 §9.3, RFC 9110 §10.1.1).
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

// parseRequestLine parses method SP target SP version CRLF, with single spaces (RFC 9112 §3: a
// server may be lenient with whitespace there, and would be alone with its reading), and returns
// where the fields begin.
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
// dropped. Content-Length, Transfer-Encoding, Host, Connection, Keep-Alive, Upgrade, TE,
// Trailer and Expect in a trailer are refused: they cannot be meant well (RFC 9110 §6.5.1).
//
// Where the message is complete it uses nothing and returns done.
func (r *RequestReader) ReadBody(p []byte, most int, lim *Limits, trailer *httputil.Header) (data []byte, n int, done bool, err error) {
	data, n, done, fault := r.msg.read(&requestStates, p, most, lim, trailer)
	if fault != nil {
		return nil, n, false, fault
	}
	return data, n, done, nil
}

// BodyDone reports whether a request was read and no byte of its body, its framing or its
// trailer is to come.
func (r *RequestReader) BodyDone() bool { return r.msg.complete() }

// KeepAlive reports whether the request lets another one follow on its connection: by its
// version and its Connection field (RFC 9112 §9.3). None follows a CONNECT: if it is
// refused, too, the bytes behind it may be meant for the tunnel.
func (r *RequestReader) KeepAlive() bool { return r.msg.flags&flagKeepAlive != 0 }

// ExpectContinue reports whether the client waits for "100 Continue" before it sends the
// body (RFC 9110 §10.1.1). HTTP/1.0 clients and those whose body is complete do not.
func (r *RequestReader) ExpectContinue() bool {
	return r.msg.flags&flagExpect != 0 && !r.msg.complete()
}

// ExpectUnknown reports whether the request has an expectation other than 100-continue,
// which a server may answer with 417 (RFC 9110 §10.1.1). Those of HTTP/1.0 are ignored.
func (r *RequestReader) ExpectUnknown() bool { return r.msg.flags&flagUnknown != 0 }

// Switch tells the reader that the connection was handed to another protocol: by a 101 or a
// 2xx to CONNECT (see [ResponseEncoder.Tunnel]), or before any request, because what the
// client sent begins another protocol. It fails with a Local [*Error] while a request is
// not complete: its rest would be taken for the other protocol (RFC 9110 §7.8). From then
// on all bytes are the caller's, and FindHead and ParseHead fail.
func (r *RequestReader) Switch() error {
	if requestStates[r.msg.state][onSwitch] == 0 {
		return r.msg.misuse()
	}
	r.msg.state = requestStates[r.msg.state][onSwitch]
	r.msg.flags &^= flagKeepAlive
	return nil
}

// Tunnel reports whether Switch was called: what follows is not HTTP/1.
func (r *RequestReader) Tunnel() bool { return r.msg.state == tunnel }

// BodyLeft returns how many bytes of the body are to come, -1 if only its last chunk will tell.
func (r *RequestReader) BodyLeft() int64 {
	switch {
	case r.msg.complete():
		return 0
	case r.msg.state == bodyLength:
		return r.msg.left
	}
	return -1
}
