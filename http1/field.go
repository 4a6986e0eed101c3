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
	case 17:
		if isFold(name, "transfer-encoding") {
			return fieldTransferEncoding
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

// nameError says what is wrong with the name at s[start:], whose tokens end at i.
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
	hasHost bool
	chunked bool
	close   bool // Connection: close
	keep    bool // Connection: keep-alive
	expect  bool // Expect: 100-continue
	unknown bool // an expectation of another kind
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
		if !isHost(value) {
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
	}
	return nil
}

func (f *framing) noteConnection(value string) {
	for more := true; more; {
		var option string
		option, value, more = strings.Cut(value, ",")
		option = httputil.TrimOWS(option)
		f.close = f.close || isFold(option, "close")
		f.keep = f.keep || isFold(option, "keep-alive")
	}
}

// noteExpect takes a list (RFC 9110 §10.1.1).
func (f *framing) noteExpect(value string) {
	for more := true; more; {
		var expectation string
		expectation, value, more = strings.Cut(value, ",")
		expectation = httputil.TrimOWS(expectation)
		known := isFold(expectation, "100-continue")
		f.expect = f.expect || known
		f.unknown = f.unknown || !known && expectation != ""
	}
}

// noteLength takes one field of 1*DIGIT. RFC 9112 §6.3 lets a recipient accept a list of
// equal numbers; nobody sends one in good faith.
func (f *framing) noteLength(value string) *Error {
	if f.length >= 0 {
		return errManyLengths
	}
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
	f.length = n
	return nil
}

// noteCoding takes chunked alone. A request whose last coding is another has no end, so
// it is malformed (RFC 9112 §6.3); one that is compressed underneath is unsupported.
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

// check finds contradictions between fields.
func (f *framing) check() *Error {
	if f.chunked && f.length >= 0 {
		return errBothLengths
	}
	return nil
}
