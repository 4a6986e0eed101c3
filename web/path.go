package web

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

var errPath = errors.New("web: path is not percent-encoded UTF-8")

// canonicalPath decodes a path's percent-encoding, but for "/", which would become a
// separator, and "%", which would become ambiguous: those stay as %2F and %25. So two
// paths have the same canonical form exactly if they mean the same (RFC 3986 §6.2.2).
// It reports whether the encoding was well-formed.
func canonicalPath(raw string) (string, bool) {
	i := strings.IndexByte(raw, '%')
	if i < 0 {
		return raw, true
	}
	b := append(make([]byte, 0, len(raw)), raw[:i]...)
	for ; i < len(raw); i++ {
		if raw[i] != '%' {
			b = append(b, raw[i])
			continue
		}
		if i+2 >= len(raw) {
			return "", false
		}
		hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
		if hi > 15 || lo > 15 {
			return "", false
		}
		switch c := hi<<4 | lo; c {
		case '/':
			b = append(b, "%2F"...)
		case '%':
			b = append(b, "%25"...)
		default:
			b = append(b, c)
		}
		i += 2
	}
	return string(b), true
}

// unhex returns a hex digit's value, or 255.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// decodeValues finishes path values in place.
func decodeValues(values []string) error {
	for i, v := range values {
		if strings.IndexByte(v, '%') >= 0 {
			var err error
			if values[i], err = url.PathUnescape(v); err != nil {
				return errPath
			}
		}
		if !utf8.ValidString(values[i]) {
			return errPath
		}
	}
	return nil
}
