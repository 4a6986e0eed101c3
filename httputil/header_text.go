package httputil

import (
	"errors"
	"slices"
	"strings"
)

var errFieldLine = errors.New("httputil: a line of a header is not a field, or does not end with CRLF")

// ParseHeader reads header fields as they stand in a message: lines of "Name: value" that end with
// CR LF; the last may do without. Only spaces and tabs around a value are dropped. It is as strict
// as package http1: a bare LF, a folded line, a space before the colon, a name that is no token and
// a control character are errors, which do not hold the value. The cost is linear. The fields share
// text's memory.
func ParseHeader(text string) (Header, error) {
	var h Header
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return Header{}, errFieldLine
		}
		if err := h.Add(name, TrimOWS(value)); err != nil {
			return Header{}, err
		}
	}
	return h, nil
}

// Text returns the header as [ParseHeader] reads it, names in canonical form. It holds
// the values, which may be secrets: it has no place in a log.
func (h *Header) Text() string {
	var b strings.Builder
	for name, value := range h.All() {
		b.WriteString(name)
		b.WriteString(": ")
		b.WriteString(value)
		b.WriteString("\r\n")
	}
	return b.String()
}

// Joined returns all values of name with ", " between them, as RFC 9110 §5.2 allows for every field
// that is a list; Set-Cookie is none. It returns "" if there is none.
func (h *Header) Joined(name string) string { return strings.Join(h.Values(name), ", ") }

// Equal reports whether both headers have the same names, without regard to case and order, and
// under each the same values in the same order. The cost is that of sorting.
func (h *Header) Equal(other *Header) bool {
	if len(h.fields) != len(other.fields) {
		return false
	}
	return slices.Equal(h.sorted(), other.sorted())
}

// sorted returns the fields by name in lower case, those of one name in their order.
func (h *Header) sorted() []Field {
	list := slices.Clone(h.fields)
	for i := range list {
		list[i].Name = strings.ToLower(list[i].Name)
	}
	slices.SortStableFunc(list, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return list
}
