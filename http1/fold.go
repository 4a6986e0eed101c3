package http1

import (
	"strings"

	"eddy/httputil"
)

// Folded lines are an old way to go on with a value on the next line. A server refuses
// them; a user agent must read them as spaces (RFC 9112 §5.2), and some old servers do
// send them. A folded line in a trailer is refused by both.

// isFolded reports whether the line at s[i:] goes on with the field before it.
func isFolded(s string, i int) bool {
	return i < len(s) && (s[i] == ' ' || s[i] == '\t')
}

// unfold returns value with all lines from s[i:] that go on with it, each behind one
// space, and where the next field begins.
func unfold(s, value string, i int) (string, int, *Error) {
	var whole strings.Builder
	whole.WriteString(value)
	for isFolded(s, i) {
		end := valueEnd(s, i)
		if end+1 >= len(s) || s[end] != '\r' || s[end+1] != '\n' {
			return "", end, errFieldValue
		}
		whole.WriteByte(' ')
		whole.WriteString(httputil.TrimOWS(s[i:end]))
		i = end + 2
	}
	return httputil.TrimOWS(whole.String()), i, nil
}
