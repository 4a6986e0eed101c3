package stream

import (
	"bytes"
	"crypto/tls"
	"reflect"
)

// holdings are the buffers inside a tls.Conn. It keeps them at the largest size they ever
// had, which for an idle connection is most of its memory; so they are lent to it for a
// read, and taken away when they are empty.
//
// This touches fields that crypto/tls does not export. They are found by name and type when
// the program starts; where they are not as expected, connections keep their buffers and
// everything else works as before. tls_pin_test.go tells when a release of Go changes them.
type holdings struct {
	raw   *bytes.Buffer // records as they came
	input *bytes.Reader // the rest of one that was opened, inside raw
	hand  *bytes.Buffer // handshake messages
}

var (
	rawField   = heldField("rawInput", reflect.TypeFor[bytes.Buffer]())
	inputField = heldField("input", reflect.TypeFor[bytes.Reader]())
	handField  = heldField("hand", reflect.TypeFor[bytes.Buffer]())
	holdsKnown = rawField != nil && inputField != nil && handField != nil
)

func heldField(name string, want reflect.Type) []int {
	if f, ok := reflect.TypeFor[tls.Conn]().FieldByName(name); ok && f.Type == want {
		return f.Index
	}
	return nil
}

func holdingsOf(c *tls.Conn) (h holdings) {
	if holdsKnown {
		v := reflect.ValueOf(c).Elem()
		h.raw = (*bytes.Buffer)(v.FieldByIndex(rawField).Addr().UnsafePointer())
		h.input = (*bytes.Reader)(v.FieldByIndex(inputField).Addr().UnsafePointer())
		h.hand = (*bytes.Buffer)(v.FieldByIndex(handField).Addr().UnsafePointer())
	}
	return h
}

// lend gives the connection p to read into. What it had goes first: so many bytes.
func (h *holdings) lend(p []byte) (n int) {
	n = copy(p, h.raw.Bytes())
	*h.raw = *bytes.NewBuffer(p[:n])
	return n
}

// lendable reports whether a lent buffer can take the place of the connection's own: nothing
// refers to that, and a lent one is large enough.
func (h *holdings) lendable(size int) bool {
	return h.raw != nil && h.input.Len() == 0 && h.raw.Len() < size
}

// takeBack takes the lent buffer away, or one of the connection's own that has served. What is
// left in it is copied.
func (h *holdings) takeBack() {
	*h.raw = *bytes.NewBuffer(bytes.Clone(h.raw.Bytes()))
	if n := h.input.Len(); n > 0 {
		left := make([]byte, n)
		h.input.Read(left)
		h.input.Reset(left)
	} else {
		h.input.Reset(nil)
	}
	if h.hand.Len() == 0 {
		*h.hand = bytes.Buffer{}
	}
}

// trim drops what the handshake, or a read without a lent buffer, has left.
func (h *holdings) trim() {
	if h.raw != nil && h.input.Len() == 0 {
		h.takeBack()
	}
}
