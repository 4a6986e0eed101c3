package formdata

import (
	"crypto/rand"
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"eddy/httputil"
)

// Why a builder refuses something. The texts hold nothing of what was given.
var (
	errSendName     = errors.New("formdata: a name is empty, is not UTF-8, has a control character or ends in a backslash")
	errSendType     = errors.New("formdata: the content type of a file is malformed")
	errSendContent  = errors.New("formdata: a file has no content or a negative size")
	errSendBoundary = errors.New("formdata: the boundary is malformed, or a field holds it")
)

// A Builder makes a multipart/form-data body for sending: add fields and files, then hand
// [Builder.ContentType], [Builder.Size] and a [Builder.Reader] to a client. Parts go out in the order in which they
// were added; contents are not touched before they are read. A client that may have to send the body again, as for a
// redirect, wants a new reader then: package net/http by Request.GetBody, package httpclient by a BodyProducer that
// copies one.
//
// A Builder belongs to one goroutine. Its readers are independent of it and of each other, as far as the
// contents are: each may be read by a goroutine of its own.
type Builder struct {
	boundary string
	parts    []outgoing
}

// outgoing is a part: the lines of its head with the empty one, and its content.
type outgoing struct {
	head    string
	value   string // of a field
	content *Content
}

// NewBuilder returns a builder without parts, whose boundary nobody can guess.
func NewBuilder() *Builder {
	return &Builder{boundary: "eddy-" + rand.Text()}
}

// SetBoundary replaces the random boundary by one of 1 to 70 letters, digits and characters of "'()+_,-./:=?"
// (RFC 2046 §5.1.1). It is for tests and for bodies that must be the same again: no file may hold the boundary
// behind "--" at the start of a line, and the builder cannot see that for you. It fails for
// a boundary that is malformed, or that a field holds.
func (b *Builder) SetBoundary(boundary string) error {
	if boundary == "" || len(boundary) > 70 {
		return errSendBoundary
	}
	for i := range len(boundary) {
		c := boundary[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("'()+_,-./:=?", c) < 0 {
			return errSendBoundary
		}
	}
	for i := range b.parts {
		if holds(b.parts[i].value, boundary) {
			return errSendBoundary
		}
	}
	b.boundary = boundary
	return nil
}

// holds reports whether a reader would find the boundary in value.
func holds(value, boundary string) bool { return strings.Contains("\r\n"+value, "\r\n--"+boundary) }

// Field adds a field. The value goes out as it is, whatever its bytes; most receivers want UTF-8.
//
// The name is UTF-8 and goes out as browsers send it: a quote as %22, a line end as %0D%0A, all else as it is. It fails
// for a name that is empty or not UTF-8, for other control characters, and for a backslash at the end,
// which many readers take for the escape of the quote that follows.
func (b *Builder) Field(name, value string) error {
	name, err := escapeName(name)
	if err != nil {
		return err
	}
	if holds(value, b.boundary) {
		return errSendBoundary
	}
	b.parts = append(b.parts, outgoing{head: disposition + name + "\"\r\n\r\n", value: value})
	return nil
}

const disposition = `Content-Disposition: form-data; name="`

// File adds a file. Both names go out as that of a field does, and are refused as that is; receivers take of fileName
// what follows its last slash. contentType is "application/octet-stream" if it is "".
func (b *Builder) File(name, fileName, contentType string, content Content) error {
	name, err := escapeName(name)
	if err != nil {
		return err
	}
	if fileName, err = escapeName(fileName); err != nil {
		return err
	}
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	if _, _, err := httputil.ParseParams(contentType); err != nil || !httputil.IsFieldValue(contentType) {
		return errSendType
	}
	if content.open == nil {
		return errSendContent
	}
	head := disposition + name + `"; filename="` + fileName + "\"\r\nContent-Type: " + contentType + "\r\n\r\n"
	b.parts = append(b.parts, outgoing{head: head, content: &content})
	return nil
}

var nameEscapes = strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")

func escapeName(name string) (string, error) {
	escaped := nameEscapes.Replace(name)
	if !isName(escaped) || !utf8.ValidString(name) || strings.HasSuffix(name, `\`) {
		return "", errSendName
	}
	return escaped, nil
}

// ContentType returns the value of the request's Content-Type, with the boundary.
func (b *Builder) ContentType() string {
	if httputil.IsToken(b.boundary) {
		return multipartType + "; boundary=" + b.boundary
	}
	return multipartType + `; boundary="` + b.boundary + `"`
}

// Size returns the length of the body in bytes, and -1 if that of some file is not known: then the
// request goes out in chunks.
func (b *Builder) Size() int64 {
	frame := len("--" + b.boundary + "\r\n" + "\r\n")
	size := int64(len("--" + b.boundary + "--\r\n"))
	for i := range b.parts {
		p := &b.parts[i]
		size += int64(frame + len(p.head) + len(p.value))
		if p.content == nil {
			continue
		}
		if p.content.size < 0 || p.content.size > math.MaxInt64-size {
			return -1
		}
		size += p.content.size
	}
	return size
}

// Replayable reports whether [Builder.Reader] may be called more than once: whether no file is one
// [FromReader].
func (b *Builder) Replayable() bool {
	for i := range b.parts {
		if c := b.parts[i].content; c != nil && c.used != nil {
			return false
		}
	}
	return true
}
