package http1

import (
	"bytes"
	"math"

	"eddy/httputil"
)

// maxExcess is how many bytes of chunk extensions a body may have beyond an eighth of its
// data: without a bound, a client could make us read megabytes for each byte of body.
const maxExcess = 4 << 10

// readFraming takes one piece of framing from p: the end of a chunk, a chunk-size line, or
// a trailer line. It returns its length, or 0 if it goes on beyond p. An error leaves the
// state as it was, and the length is then meaningless.
func (m *incoming) readFraming(t *machine, p []byte, lim *Limits, trailer *httputil.Header) (int, *Error) {
	switch m.state {
	case chunkEnd:
		return m.readChunkEnd(t, p)
	case chunkSize:
		end, err := lineEnd(p, lim.ChunkLine, errChunkLine)
		if end == 0 || err != nil {
			return 0, err
		}
		return end, m.readChunkLine(t, p[:end-2], lim)
	default:
		// The line that ends the trailer is not counted as one of its bytes.
		end, err := lineEnd(p, lim.TrailerBytes-int(m.excess)+2, errTrailerLong)
		if end == 0 || err != nil {
			return 0, err
		}
		return end, m.readTrailer(t, p[:end], lim, trailer)
	}
}

// lineEnd returns the length of the line at the start of p with its CRLF, 0 if it goes on
// beyond p. A recipient may take a bare LF for a line end (RFC 9112 §2.2); in chunks, where
// some peers do and others skip to the CRLF, that hides requests.
func lineEnd(p []byte, limit int, tooLong *Error) (int, *Error) {
	i := bytes.IndexByte(p[:min(len(p), limit)], '\n')
	switch {
	case i < 0 && len(p) >= limit:
		return 0, tooLong
	case i < 0:
		return 0, nil
	case i == 0 || p[i-1] != '\r':
		return 0, errBareLF
	}
	return i + 1, nil
}

// readChunkEnd takes the line end behind the data of a chunk (RFC 9112 §7.1).
func (m *incoming) readChunkEnd(t *machine, p []byte) (int, *Error) {
	if p[0] != '\r' || len(p) > 1 && p[1] != '\n' {
		return 0, errChunkEnd
	}
	if len(p) < 2 {
		return 0, nil
	}
	m.state = t[chunkEnd][onCRLF]
	return 2, nil
}

// readChunkLine takes a chunk size with its extensions (RFC 9112 §7.1).
func (m *incoming) readChunkLine(t *machine, line []byte, lim *Limits) *Error {
	size, digits := parseHex(line)
	if digits == 0 || digits > 16 || digits < len(line) && line[digits] != ';' {
		return errChunkSize
	}
	extensions := line[digits:]
	if !validExtensions(extensions) {
		return errExtension
	}
	if size > uint64(math.MaxInt64-m.total) || !lim.bodyFits(m.total+int64(size)) {
		return errBodyLarge
	}
	excess := max(0, int64(m.excess)+int64(len(extensions))-int64(size/8))
	if excess > maxExcess {
		return errExtensions
	}
	m.left, m.excess = int64(size), uint32(excess)
	m.total += int64(size)
	if size == 0 {
		m.state, m.excess = t[chunkSize][onLastSize], 0
	} else {
		m.state = t[chunkSize][onSize]
	}
	return nil
}

// parseHex reads hexadecimal digits and returns how many there are; beyond 16 the value
// is wrong.
func parseHex(p []byte) (v uint64, digits int) {
	for digits < len(p) {
		c := p[digits]
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return v, digits
		}
		v = v<<4 | uint64(c)
		digits++
	}
	return v, digits
}

// validExtensions checks chunk-ext: *( ";" name [ "=" ( token / quoted-string ) ] ). The
// whitespace that RFC 9112 §7.1.1 calls bad is refused: senders must not send it, and
// parsers that skipped it differently have been used for smuggling.
func validExtensions(p []byte) bool {
	for len(p) > 0 {
		if p[0] != ';' {
			return false
		}
		n := tokenLen(p[1:])
		if n == 0 {
			return false
		}
		p = p[1+n:]
		if len(p) == 0 || p[0] != '=' {
			continue
		}
		p = p[1:]
		if n = tokenLen(p); n == 0 {
			n = quotedLen(p)
		}
		if n == 0 {
			return false
		}
		p = p[n:]
	}
	return true
}

func tokenLen(p []byte) int {
	n := 0
	for n < len(p) && httputil.IsTokenByte(p[n]) {
		n++
	}
	return n
}

// quotedLen returns the length of the quoted-string at the start of p, 0 if there is none
// (RFC 9110 §5.6.4).
func quotedLen(p []byte) int {
	if len(p) == 0 || p[0] != '"' {
		return 0
	}
	for i := 1; i < len(p); i++ {
		switch {
		case p[i] == '"':
			return i + 1
		case p[i] == '\\':
			if i++; i == len(p) || !httputil.IsValueByte(p[i]) {
				return 0
			}
		case !httputil.IsValueByte(p[i]):
			return 0
		}
	}
	return 0
}
