package httputil

import (
	"iter"
	"net/textproto"
	"strings"
)

// A Field is one line of a header: a name and its value.
type Field struct {
	Name, Value string
}

// Header is an ordered list of header or trailer fields. Names compare without regard
// to case (RFC 9110 §5.1) and keep the order and the repetition that they arrived in.
// The zero value is an empty header. A Header is not safe for concurrent use while
// one of the users changes it.
//
// Look-ups scan the list, which is shorter than a map's work for the few dozen fields
// that a message has; http1.Limits bounds their number.
type Header struct {
	fields []Field
}

// HeaderOver returns an empty header that fills the capacity of storage before it
// allocates. It lets an engine keep the usual few fields inside a larger struct.
func HeaderOver(storage []Field) Header {
	return Header{fields: storage[:0]}
}

// Len reports how many fields there are, repeated names counted each time.
func (h *Header) Len() int { return len(h.fields) }

// Get returns the first value of name, or "" if there is none.
func (h *Header) Get(name string) string {
	for i := range h.fields {
		if f := &h.fields[i]; equalFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Has reports whether there is a field called name.
func (h *Header) Has(name string) bool {
	for i := range h.fields {
		if equalFold(h.fields[i].Name, name) {
			return true
		}
	}
	return false
}

// Values returns every value of name in order, nil if there is none.
func (h *Header) Values(name string) []string {
	var vs []string
	for i := range h.fields {
		if f := &h.fields[i]; equalFold(f.Name, name) {
			vs = append(vs, f.Value)
		}
	}
	return vs
}

// All iterates over the fields in order, with names in canonical form ("Content-Type").
func (h *Header) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range h.fields {
			if !yield(textproto.CanonicalMIMEHeaderKey(f.Name), f.Value) {
				return
			}
		}
	}
}

// Fields returns the fields themselves, with names as they were received or set.
// The slice belongs to the header: read it before the next change.
func (h *Header) Fields() []Field { return h.fields }

// Set replaces every field called name by one with this value. It refuses names that
// are no token and values with control characters; see [HeaderError].
func (h *Header) Set(name, value string) error {
	if err := checkField(name, value); err != nil {
		return err
	}
	h.Replace(name, value)
	return nil
}

// Replace is [Header.Set] without its checks, as Append is Add without them.
func (h *Header) Replace(name, value string) {
	for i := range h.fields {
		if equalFold(h.fields[i].Name, name) {
			h.fields[i].Value = value
			h.deleteFrom(i+1, name)
			return
		}
	}
	h.Append(name, value)
}

// Add appends a field and keeps those of the same name. It refuses what Set refuses.
func (h *Header) Add(name, value string) error {
	if err := checkField(name, value); err != nil {
		return err
	}
	h.Append(name, value)
	return nil
}

// Append adds a field without checking it. It is for code that has just validated both
// parts, such as a parser, or that writes constants; everything else calls [Header.Add].
func (h *Header) Append(name, value string) {
	h.fields = append(h.fields, Field{name, value})
}

// Del removes every field called name.
func (h *Header) Del(name string) { h.deleteFrom(0, name) }

func (h *Header) deleteFrom(i int, name string) {
	for i < len(h.fields) && !equalFold(h.fields[i].Name, name) {
		i++ // what stays in its place need not be written
	}
	if i == len(h.fields) {
		return
	}
	kept := h.fields[:i]
	for _, f := range h.fields[i:] {
		if !equalFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	clear(h.fields[len(kept):])
	h.fields = kept
}

// Reset empties the header and keeps its storage.
func (h *Header) Reset() {
	clear(h.fields)
	h.fields = h.fields[:0]
}

// Clone returns a copy that shares nothing with h.
func (h *Header) Clone() Header {
	return Header{fields: append([]Field(nil), h.fields...)}
}

// HasToken reports whether the comma-separated list in the fields called name holds
// token, compared without regard to case: `Connection: close, te` has "close".
func (h *Header) HasToken(name, token string) bool {
	for i := range h.fields {
		f := &h.fields[i]
		if !equalFold(f.Name, name) {
			continue
		}
		for item := range strings.SplitSeq(f.Value, ",") {
			if equalFold(TrimOWS(item), token) {
				return true
			}
		}
	}
	return false
}

// AddVary adds name to the Vary field, unless it is in there or "*" is (RFC 9110 §12.5.5). Several
// fields become one.
func (h *Header) AddVary(name string) {
	const vary = "Vary"
	if h.HasToken(vary, name) || h.HasToken(vary, "*") {
		return
	}
	if others := h.Joined(vary); others != "" {
		name = others + ", " + name
	}
	h.Replace(vary, name)
}

// equalFold compares ASCII strings without regard to case. Field names are ASCII tokens;
// strings.EqualFold would also fold the Kelvin sign into "k".
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}
