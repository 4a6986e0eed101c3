package http1

import (
	"strconv"

	"eddy/httputil"
)

// framingMode says how the end of a body is told to the peer (RFC 9112 §6.3).
type framingMode uint8

const (
	modeNone    framingMode = iota // there is no body: what is written is dropped
	modeLength                     // by Content-Length
	modeChunked                    // by chunks
	modeClose                      // by closing the connection
)

// outgoing is the sending of a message behind its head; both encoders have one.
type outgoing struct {
	left      int64 // bytes of the announced length to come, -1 if none was announced
	mode      framingMode
	head      bool // the final head was appended
	done      bool // the message is complete
	keepAlive bool // what the head told the peer
}

// HeadWritten reports whether the head was appended, for a response the final one.
func (o *outgoing) HeadWritten() bool { return o.head }

// Done reports whether AppendEnd was called.
func (o *outgoing) Done() bool { return o.done }

// BodyAllowed reports whether the message, whose head was appended, has a body. Bytes for
// one that has none are dropped.
func (o *outgoing) BodyAllowed() bool { return o.head && o.mode != modeNone }

// KeepAlive reports whether the connection may carry another message: the message is
// complete as announced, and its head did not say that it is the last.
func (o *outgoing) KeepAlive() bool { return o.done && o.keepAlive }

// AppendBody appends p, framed, to dst. An empty p appends nothing, as an empty chunk would
// end the body. It fails and appends nothing with httputil.ErrBodyLength if p goes beyond
// the announced length, with ErrNoHead before the head and ErrFinished after the end.
func (o *outgoing) AppendBody(dst, p []byte) ([]byte, error) {
	switch {
	case o.done:
		return dst, httputil.ErrFinished
	case !o.head:
		return dst, httputil.ErrNoHead
	case len(p) == 0:
		return dst, nil
	}
	if o.left >= 0 {
		if int64(len(p)) > o.left {
			return dst, httputil.ErrBodyLength
		}
		o.left -= int64(len(p))
	}
	switch o.mode {
	case modeNone:
		return dst, nil
	case modeChunked:
		dst = strconv.AppendInt(dst, int64(len(p)), 16)
		dst = append(dst, "\r\n"...)
		dst = append(dst, p...)
		return append(dst, "\r\n"...), nil
	}
	return append(dst, p...), nil
}

// TakeRaw counts n bytes of the body that the caller sends by other means, as they are: it is
// for bodies with a length, and reports false, having counted nothing, for all others, and if n is
// more than is to come.
func (o *outgoing) TakeRaw(n int64) bool {
	if o.done || !o.head || o.mode != modeLength || n < 0 || n > o.left {
		return false
	}
	o.left -= n
	return true
}

// AppendEnd ends the message. After a chunked body it appends the last chunk with trailer,
// which may be nil; other messages have no place for a trailer, and framing fields have no
// place in one: both are left out.
//
// A body that is shorter than announced fails with httputil.ErrBodyLength, and the
// connection must then be closed, so that the peer notices. ErrNoHead and ErrFinished as
// for AppendBody.
func (o *outgoing) AppendEnd(dst []byte, trailer *httputil.Header) ([]byte, error) {
	switch {
	case o.done:
		return dst, httputil.ErrFinished
	case !o.head:
		return dst, httputil.ErrNoHead
	}
	o.done = true
	if o.mode == modeLength && o.left > 0 {
		o.keepAlive = false
		return dst, httputil.ErrBodyLength
	}
	if o.mode != modeChunked {
		return dst, nil
	}
	dst = append(dst, "0\r\n"...)
	if trailer != nil {
		dst = appendTrailer(dst, trailer)
	}
	return append(dst, "\r\n"...), nil
}

func appendTrailer(dst []byte, trailer *httputil.Header) []byte {
	fields := trailer.Fields()
	for i := range fields {
		f := &fields[i]
		switch kindOf(f.Name) {
		case fieldContentLength, fieldTransferEncoding, fieldHost, fieldConnection:
		default:
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	return dst
}

// appendField trusts the header: [httputil.Header.Set] and Add have checked both parts.
func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

func appendLength(dst []byte, n int64) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}
