package httputil

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errExtended = errors.New("httputil: an extended parameter is malformed")

// Extended returns the value of a parameter in whatever form it is there, and whether it is:
// name*=UTF-8'lang'… (RFC 8187) wins over name*0=…; name*1*=… (the continuations of RFC 2231), and
// both over name=…. Charsets are UTF-8, US-ASCII and ISO-8859-1. It fails, in fixed words, for
// other charsets, broken percent-encoding, text that is not in its charset, a missing segment, and
// a form that is there twice. name is in lower case. The result is UTF-8 if it was extended, but
// may hold any character, control characters too.
func (p Params) Extended(name string) (value string, ok bool, err error) {
	var plain, extended *Param
	var segments []segment
	for i := range p {
		form, is := strings.CutPrefix(p[i].Name, name)
		if !is || p[i].Bare {
			continue
		}
		into := &plain
		switch {
		case form == "":
		case form == "*":
			into = &extended
		case form[0] != '*':
			continue
		default:
			if s, ok := parseSegment(form[1:], p[i].Value); ok {
				segments = append(segments, s)
			}
			continue
		}
		if *into != nil {
			return "", false, errParamTwice
		}
		*into = &p[i]
	}
	switch {
	case extended != nil:
		value, err = decodeExtended(extended.Value)
	case segments != nil:
		value, err = joinSegments(segments)
	case plain != nil:
		value = plain.Value
	default:
		return "", false, nil
	}
	return value, err == nil, err
}

// A segment is one piece of a value that is spread over parameters (RFC 2231 §3).
type segment struct {
	index   int
	encoded bool
	text    string
}

// parseSegment reads what follows "name*": a number without leading zeros, and perhaps "*".
func parseSegment(form, text string) (segment, bool) {
	digits, encoded := strings.CutSuffix(form, "*")
	n, ok := parseDigits(digits)
	if !ok || digits[0] == '0' && digits != "0" || n > 1<<20 {
		return segment{}, false
	}
	return segment{int(n), encoded, text}, true
}

func joinSegments(segments []segment) (string, error) {
	slices.SortFunc(segments, func(a, b segment) int { return a.index - b.index })
	var b []byte
	charset := ""
	for i, s := range segments {
		if s.index != i {
			return "", errExtended
		}
		if !s.encoded {
			b = append(b, s.text...)
			continue
		}
		text := s.text
		if i == 0 {
			var ok bool
			if charset, text, ok = cutCharset(text); !ok {
				return "", errExtended
			}
		}
		var ok bool
		if b, ok = appendUnescaped(b, text); !ok {
			return "", errExtended
		}
	}
	return decodeCharset(charset, b)
}

// decodeExtended reads charset'language'percent-encoded (RFC 8187 §3.2).
func decodeExtended(s string) (string, error) {
	charset, text, ok := cutCharset(s)
	if !ok || charset == "" {
		return "", errExtended
	}
	b, ok := appendUnescaped(nil, text)
	if !ok {
		return "", errExtended
	}
	return decodeCharset(charset, b)
}

func cutCharset(s string) (charset, text string, ok bool) {
	charset, rest, ok1 := strings.Cut(s, "'")
	_, text, ok2 := strings.Cut(rest, "'")
	return charset, text, ok1 && ok2
}

func appendUnescaped(b []byte, s string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return b, false
		}
		c, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return b, false
		}
		b = append(b, byte(c))
		i += 2
	}
	return b, true
}

func decodeCharset(charset string, b []byte) (string, error) {
	switch {
	case charset == "", equalFold(charset, "UTF-8"):
		if utf8.Valid(b) {
			return string(b), nil
		}
	case equalFold(charset, "US-ASCII"):
		if isASCII(string(b)) {
			return string(b), nil
		}
	case equalFold(charset, "ISO-8859-1"):
		text := make([]byte, 0, len(b)+len(b)/2)
		for _, c := range b {
			text = utf8.AppendRune(text, rune(c))
		}
		return string(text), nil
	}
	return "", errExtended
}

// appendExtended percent-encodes all but the attr-chars of RFC 8187 §3.2.1.
func appendExtended(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		if c := s[i]; IsTokenByte(c) && c != '%' && c != '\'' && c != '*' {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
