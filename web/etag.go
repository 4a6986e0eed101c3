package web

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"sync"

	"eddy/httputil"
)

// hashETag returns a strong entity tag for a body. SHA-1 is not there against forgers,
// who gain nothing here, but for its speed.
func hashETag(body []byte) string {
	var b [2 + 2*sha1.Size]byte
	sum := sha1.Sum(body)
	b[0], b[len(b)-1] = '"', '"'
	hex.Encode(b[1:], sum[:])
	return string(b[:])
}

// tags makes a route's entity tags. It knows the last body of each processor, as many routes answer
// the same again and again: a constant, or what has not changed since the client asked before.
type tags struct{ last sync.Pool } // of *tagged

type tagged struct {
	body []byte
	tag  string
}

// taggedMost is the longest body that is remembered.
const taggedMost = 4 << 10

// of returns what hashETag returns.
func (t *tags) of(body []byte) string {
	if len(body) > taggedMost {
		return hashETag(body)
	}
	last, ok := t.last.Get().(*tagged) // nobody else has it until Put
	if !ok {
		last = new(tagged)
	}
	if last.tag == "" || !bytes.Equal(last.body, body) {
		last.body, last.tag = append(last.body[:0], body...), hashETag(body)
	}
	tag := last.tag
	t.last.Put(last)
	return tag
}

// noneMatch reports whether the request's If-None-Match names etag, so that the client
// has the body already. The comparison is weak (RFC 9110 §13.1.2).
func noneMatch(header *httputil.Header, etag string) bool {
	if !header.Has("If-None-Match") {
		return false
	}
	for _, list := range header.Values("If-None-Match") {
		if listed(list, strings.TrimPrefix(etag, "W/")) {
			return true
		}
	}
	return false
}

// listed looks for a tag, without its W/, in a list of tags; an unquoted item ends it.
func listed(list, tag string) bool {
	if httputil.TrimOWS(list) == "*" {
		return true
	}
	for {
		list = strings.TrimPrefix(strings.TrimLeft(list, " \t,"), "W/")
		if list == "" || list[0] != '"' {
			return false
		}
		end := strings.IndexByte(list[1:], '"') + 2
		if end < 2 {
			return false
		}
		if list[:end] == tag {
			return true
		}
		list = list[end:]
	}
}
