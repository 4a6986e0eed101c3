package web

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync/atomic"

	"eddy/httputil"
)

// hashETag returns a strong entity tag for a body. SHA-1 is not there against forgers,
// who gain nothing here, but for its speed.
func hashETag(body []byte) string { return quoteSum(sha1.Sum(body)) }

func quoteSum(sum [sha1.Size]byte) string {
	var b [2 + 2*sha1.Size]byte
	b[0], b[len(b)-1] = '"', '"'
	hex.Encode(b[1:], sum[:])
	return string(b[:])
}

// tags makes a route's entity tags. It knows a body that came twice, with no other unknown one between, as many routes
// answer the same again and again: a constant, or what has not changed since the client asked before.
type tags struct {
	known atomic.Pointer[tagged]
	other atomic.Uint64 // from the sum of the last body that was not the known one
}

// tagged does not change.
type tagged struct{ body, tag string }

// taggedMost is the longest body that is remembered.
const taggedMost = 4 << 10

// of returns what hashETag returns.
func (t *tags) of(body []byte) string {
	if len(body) > taggedMost {
		return hashETag(body)
	}
	if k := t.known.Load(); k != nil && k.body == string(body) {
		return k.tag
	}
	sum := sha1.Sum(body)
	tag := quoteSum(sum)
	if first := binary.NativeEndian.Uint64(sum[:]); t.other.Swap(first) == first {
		t.known.Store(&tagged{string(body), tag})
	}
	return tag
}

func isWeak(tag string) bool { return strings.HasPrefix(tag, "W/") }

// noneMatch reports whether the request's If-None-Match names etag, so that the client
// has the body already. The comparison is weak (RFC 9110 §13.1.2).
func noneMatch(header *httputil.Header, etag string) bool {
	if !header.Has("If-None-Match") {
		return false
	}
	for _, list := range header.Values("If-None-Match") {
		if listed(list, strings.TrimPrefix(etag, "W/"), true) {
			return true
		}
	}
	return false
}

// listed looks for a tag, without its W/, in a list of tags; an unquoted item ends it. weakly says that the
// list's own may be weak.
func listed(list, tag string, weakly bool) bool {
	if httputil.TrimOWS(list) == "*" {
		return true
	}
	for {
		list = strings.TrimLeft(list, " \t,")
		matters := weakly || !isWeak(list)
		list = strings.TrimPrefix(list, "W/")
		if list == "" || list[0] != '"' {
			return false
		}
		end := strings.IndexByte(list[1:], '"') + 2
		if end < 2 {
			return false
		}
		if matters && list[:end] == tag {
			return true
		}
		list = list[end:]
	}
}
