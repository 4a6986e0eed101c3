package httputil

// A HeaderError says which field was refused and why. It never holds the value, which
// may be a secret.
type HeaderError struct {
	Name   string // the field's name, as given
	Reason string
}

func (e *HeaderError) Error() string {
	return "httputil: header field " + quoteName(e.Name) + ": " + e.Reason
}

func quoteName(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	q := []byte{'"'}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 0x20 && c < 0x7f && c != '"' {
			q = append(q, c)
		} else {
			q = append(q, '?')
		}
	}
	return string(append(q, '"'))
}

func checkField(name, value string) error {
	if !IsToken(name) {
		return &HeaderError{name, "the name is not a token"}
	}
	if !IsFieldValue(value) {
		return &HeaderError{name, "the value holds a control character"}
	}
	return nil
}

const (
	classToken = 1 << iota // tchar, RFC 9110 §5.6.2
	classValue             // VCHAR, obs-text, SP, HTAB: RFC 9110 §5.5
)

var classes = func() (t [256]uint8) {
	for c := range 256 {
		if c == '\t' || c >= 0x20 && c != 0x7f {
			t[c] |= classValue
		}
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			t[c] |= classToken
		}
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] |= classToken
	}
	return t
}()

// IsTokenByte reports whether c may stand in a token (tchar, RFC 9110 §5.6.2).
func IsTokenByte(c byte) bool { return classes[c]&classToken != 0 }

// IsValueByte reports whether c may stand in a field value (RFC 9110 §5.5).
func IsValueByte(c byte) bool { return classes[c]&classValue != 0 }

// IsToken reports whether s is a token: a method, a field name (RFC 9110 §5.6.2).
func IsToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&classToken == 0 {
			return false
		}
	}
	return s != ""
}

// IsFieldValue reports whether s may be the value of a header field: no control
// characters but the tab, so no CR, LF or NUL (RFC 9110 §5.5).
func IsFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&classValue == 0 {
			return false
		}
	}
	return true
}

// TrimOWS removes spaces and tabs from both ends, and nothing else: a no-break space is
// data (RFC 9110 §5.6.3).
func TrimOWS(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
