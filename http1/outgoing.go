package http1

import (
	"strconv"

	"eddy/httputil"
)

// outgoing is the sending of a message; both encoders have one.
type outgoing struct {
	left      int64 // bytes of the announced length to come, -1 if none was announced
	state     state
	side      side
	keepAlive bool // what the head told the peer
}

// next returns the state that follows an event, 0 if it cannot be.
func (o *outgoing) next(e event) state { return sendStates[o.side][o.state][e] }

// takesHead reports whether the final head is still to come.
func (o *outgoing) takesHead() bool { return o.next(onLength) != 0 }

// misplaced says why a part of the body, or the end, cannot be sent in the present state.
func (o *outgoing) misplaced() error {
	if o.takesHead() {
		return httputil.ErrNoHead
	}
	return httputil.ErrFinished
}

// HeadWritten reports whether the head was appended, for a response the final one.
func (o *outgoing) HeadWritten() bool { return !o.takesHead() }

// Done reports whether AppendEnd was called.
func (o *outgoing) Done() bool { return o.state >= sent }

// BodyAllowed reports whether bytes of a body may come now: the head was appended, the end
// was not, and the message has a body. Bytes for one that has none are dropped.
func (o *outgoing) BodyAllowed() bool {
	return o.state == sendLength || o.state == sendChunked || o.state == sendClose
}

// KeepAlive reports whether the connection may carry another message: the message is
// complete as announced, and its head did not say that it is the last.
func (o *outgoing) KeepAlive() bool { return o.state == sent }

// AppendBody appends p, framed, to dst. An empty p appends nothing, as an empty chunk would
// end the body. It fails and appends nothing with httputil.ErrBodyLength if p goes beyond
// the announced length, with ErrNoHead before the head and ErrFinished after the end.
func (o *outgoing) AppendBody(dst, p []byte) ([]byte, error) {
	next := o.next(onData)
	if next == 0 {
		return dst, o.misplaced()
	}
	o.state = next
	if len(p) == 0 {
		return dst, nil
	}
	if o.left >= 0 {
		if int64(len(p)) > o.left {
			return dst, httputil.ErrBodyLength
		}
		o.left -= int64(len(p))
	}
	switch next {
	case sendNone, sendSwitch:
		return dst, nil
	case sendChunked:
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
	if o.state != sendLength || n < 0 || n > o.left {
		return false
	}
	o.left -= n
	return true
}

// AppendEnd ends the message. After a chunked body it appends the last chunk with trailer,
// which may be nil; other messages have no place for a trailer, and some fields have no place in
// one (see [RequestReader.ReadBody]): both are left out.
//
// A body that is shorter than announced fails with httputil.ErrBodyLength, and the
// connection must then be closed, so that the peer notices. ErrNoHead and ErrFinished as
// for AppendBody.
func (o *outgoing) AppendEnd(dst []byte, trailer *httputil.Header) ([]byte, error) {
	short := o.state == sendLength && o.left > 0
	chunked := o.state == sendChunked
	how := onEnd
	switch {
	case o.state == sendSwitch:
		how = onSwitch
	case short || !o.keepAlive:
		how = onLast
	}
	next := o.next(how)
	if next == 0 {
		return dst, o.misplaced()
	}
	o.state = next
	if short {
		return dst, httputil.ErrBodyLength
	}
	if !chunked {
		return dst, nil
	}
	dst = append(dst, "0\r\n"...)
	if trailer != nil {
		dst = appendTrailer(dst, trailer)
	}
	return append(dst, "\r\n"...), nil
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
