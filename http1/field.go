package http1

import (
	"math"
	"strings"

	"eddy/httputil"
)

// fieldKind names the fields that mean something to the protocol itself.
type fieldKind uint8

const (
	fieldOther fieldKind = iota
	fieldHost
	fieldDate
	fieldExpect
	fieldConnection
	fieldKeepAlive
	fieldContentLength
	fieldTransferEncoding
	fieldDisguised // Content_Length, Transfer_Encoding
)

// kindOf looks at the length first, which settles it for nearly every other field.
func kindOf(name string) fieldKind {
	switch len(name) {
	case 4:
		if isFold(name, "host") {
			return fieldHost
		}
		if isFold(name, "date") {
			return fieldDate
		}
	case 6:
		if isFold(name, "expect") {
			return fieldExpect
		}
	case 10:
		if isFold(name, "connection") {
			return fieldConnection
		}
		if isFold(name, "keep-alive") {
			return fieldKeepAlive
		}
	case 14:
		if isFold(name, "content-length") {
			return fieldContentLength
		}
		if isFold(name, "content\x7flength") {
			return fieldDisguised
		}
	case 17:
		if isFold(name, "transfer-encoding") {
			return fieldTransferEncoding
		}
		if isFold(name, "transfer\x7fencoding") {
			return fieldDisguised
		}
	}
	return fieldOther
}

// parseField parses the field line at s[i:] with its CRLF (RFC 9112 §5) and returns where
// the next line begins.
func parseField(s string, i int) (name, value string, next int, err *Error) {
	start := i
	for i < len(s) && httputil.IsTokenByte(s[i]) {
		i++
	}
	if i >= len(s) || s[i] != ':' || i == start {
		return "", "", i, nameError(s, start, i)
	}
	name = s[start:i]
	i++
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	start = i
	i = valueEnd(s, i)
	if i+1 >= len(s) || s[i] != '\r' || s[i+1] != '\n' {
		return "", "", i, errFieldValue
	}
	next = i + 2
	for i > start && (s[i-1] == ' ' || s[i-1] == '\t') {
		i--
	}
	return name, s[start:i], next, nil
}

// nameError says (RFC 9112 §5.1) what is wrong with the name at s[start:], whose tokens end at i.
func nameError(s string, start, i int) *Error {
	if i >= len(s) || s[i] != ' ' && s[i] != '\t' {
		return errFieldName
	}
	if i == start {
		return errFolded
	}
	return errSpaceBefore
}

// framing is what the fields of a head say about the message and the connection.
type framing struct {
	length  int64 // of Content-Length, -1 without
	host    string
	folding bool // a response: lines may be folded (see unfold), and a length repeated
	hasHost bool
	chunked bool
	close   bool // Connection: close
	keep    bool // Connection: keep-alive
	expect  bool // Expect: 100-continue
	unknown bool // Expect: something else
}

// parse parses the fields from s[i:] to the empty line that ends s.
func (f *framing) parse(s string, i int, lim *Limits, h *httputil.Header) *Error {
	f.length = -1
	for room := lim.HeaderFields; ; room-- {
		if i < len(s) && s[i] == '\r' {
			if i+2 != len(s) || s[i+1] != '\n' {
				return errIncomplete
			}
			return f.check()
		}
		name, value, next, err := parseField(s, i)
		if err != nil {
			return err
		}
		if f.folding && isFolded(s, next) {
			if value, next, err = unfold(s, value, next); err != nil {
				return err
			}
		}
		if room == 0 {
			return errManyFields
		}
		i = next
		h.Append(name, value)
		if kind := kindOf(name); kind != fieldOther {
			if err := f.note(kind, value); err != nil {
				return err
			}
		}
	}
}

func (f *framing) note(kind fieldKind, value string) *Error {
	switch kind {
	case fieldHost:
		if f.hasHost {
			return errManyHosts
		}
		if !validHost(value) {
			return errHost
		}
		f.host, f.hasHost = value, true
	case fieldExpect:
		f.noteExpect(value)
	case fieldConnection:
		f.noteConnection(value)
	case fieldContentLength:
		return f.noteLength(value)
	case fieldTransferEncoding:
		return f.noteCoding(value)
	case fieldDisguised:
		// Gateways that follow CGI's way with names take it for the real one, with the
		// hyphen, and would see another message than we do. Nobody sends it in good faith.
		return errDisguised
	}
	return nil
}

// noteExpect tells the one expectation that is defined from all others (RFC 9110 §10.1.1).
func (f *framing) noteExpect(value string) {
	for more := true; more; {
		var member string
		member, value, more = strings.Cut(value, ",")
		switch member = httputil.TrimOWS(member); {
		case isFold(member, "100-continue"):
			f.expect = true
		case member != "":
			f.unknown = true
		}
	}
}

// noteConnection takes the options that concern the connection itself (RFC 9112 §9.3).
// Removing the fields that others name is for intermediaries (RFC 9110 §7.6.1).
func (f *framing) noteConnection(value string) {
	for more := true; more; {
		var option string
		option, value, more = strings.Cut(value, ",")
		option = httputil.TrimOWS(option)
		f.close = f.close || isFold(option, "close")
		f.keep = f.keep || isFold(option, "keep-alive")
	}
}

// noteLength takes one field of 1*DIGIT, and in a response, which no server behind us could read in another
// way, also the same number several times (RFC 9112 §6.3): old gateways do that.
func (f *framing) noteLength(value string) *Error {
	for f.folding {
		first, rest, more := strings.Cut(value, ",")
		if !more {
			break
		}
		if err := f.noteNumber(httputil.TrimOWS(first)); err != nil {
			return err
		}
		value = httputil.TrimOWS(rest)
	}
	return f.noteNumber(value)
}

func (f *framing) noteNumber(value string) *Error {
	if value == "" {
		return errLength
	}
	var n int64
	for i := 0; i < len(value); i++ {
		d := int64(value[i]) - '0'
		if d < 0 || d > 9 || n > (math.MaxInt64-d)/10 {
			return errLength
		}
		n = n*10 + d
	}
	if f.length >= 0 && (n != f.length || !f.folding) {
		return errManyLengths
	}
	f.length = n
	return nil
}

// noteCoding takes chunked alone, and without parameters (RFC 9112 §7.1). A request whose last
// coding is another has no end, so it is malformed (RFC 9112 §6.3); one that is compressed
// underneath is unsupported.
func (f *framing) noteCoding(value string) *Error {
	if f.chunked {
		return errManyCodings
	}
	if isFold(value, "chunked") {
		f.chunked = true
		return nil
	}
	if isFold(httputil.TrimOWS(value[strings.LastIndexByte(value, ',')+1:]), "chunked") {
		return errCoding
	}
	return errNotChunked
}

// check finds contradictions between fields. A server may let Transfer-Encoding override
// Content-Length, or refuse (RFC 9112 §6.3); whoever sends both wants two readings.
func (f *framing) check() *Error {
	if f.chunked && f.length >= 0 {
		return errBothLengths
	}
	return nil
}
