package httputil

import (
	"iter"
	"strings"
)

// Cookie returns the value of one cookie of the request, and whether there is one. Of several with
// one name the last counts. It reads the Cookie fields as [ParseCookie] does, and builds no map.
func (r *Request) Cookie(name string) (value string, ok bool) {
	for i := range r.Header.fields {
		f := &r.Header.fields[i]
		if !equalFold(f.Name, "Cookie") {
			continue
		}
		for n, raw := range rawCookies(f.Value) {
			if n == name {
				value, ok = raw, true
			}
		}
	}
	return unquoteCookie(value), ok
}

// Cookies iterates over the request's cookies in the order that they came in, repeated names each
// time; see [ParseCookie].
func (r *Request) Cookies() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range r.Header.fields {
			f := &r.Header.fields[i]
			if !equalFold(f.Name, "Cookie") {
				continue
			}
			for name, value := range ParseCookie(f.Value) {
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

// ParseCookie iterates over the names and values of a Cookie field, as browsers write it and
// document.cookie is read: whatever stands between semicolons, also within quotes, is a cookie; one
// without "=" is a value whose name is ""; spaces around names and values do not count. Nothing
// is refused, so that one odd cookie does not hide the others.
//
// A value in double quotes loses them, and \", \\ and other escapes in it are resolved, \ooo (octal, to \377)
// to a byte: such a value may hold any byte, control characters too. The cost is linear in the field's length.
func ParseCookie(field string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, raw := range rawCookies(field) {
			if !yield(name, unquoteCookie(raw)) {
				return
			}
		}
	}
}

func rawCookies(field string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for chunk := range strings.SplitSeq(field, ";") {
			name, value, found := strings.Cut(chunk, "=")
			if !found {
				name, value = "", chunk
			}
			name, value = TrimOWS(name), TrimOWS(value)
			if (name != "" || value != "") && !yield(name, value) {
				return
			}
		}
	}
}

func unquoteCookie(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			b = append(b, s[i])
		case i+3 < len(s) && '0' <= s[i+1] && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
			b = append(b, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		default:
			i++
			b = append(b, s[i])
		}
	}
	return string(b)
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }
