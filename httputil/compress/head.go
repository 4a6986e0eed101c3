package compress

import (
	"net/http"
	"strings"

	"eddy/httputil"
)

// A verdict is what a response's head lets do with its body.
type verdict uint8

const (
	asIs    verdict = iota // the body is no matter of this package
	varies                 // another client might have got it compressed
	matched                // it is a 304, of what may have been
	packed                 // it is to be compressed
)

// judge reads the head of a final response. It chooses the codings.
func (w *Writer) judge(status int, h *httputil.Header, length int64) verdict {
	switch {
	case h == nil, w.off, w.connect, status < 200, status > 999,
		status == http.StatusNoContent, status == http.StatusResetContent:
		return asIs
	case status == http.StatusNotModified:
		return matched // whose type nobody tells
	case forbids(h), !w.worthIt(status, h.Get("Content-Type")):
		return asIs
	case status == http.StatusPartialContent, h.Has("Content-Range"):
		return varies
	case length >= 0 && length < w.c.minSize:
		return asIs
	case w.request.Has("Range"):
		return varies // a client that puts parts together is not given another kind of whole
	}
	w.whole, w.streamed = w.c.choose(acceptEncoding(w.request))
	if w.whole == nil {
		return varies
	}
	return packed
}

// forbids reports whether a field of the handler's speaks of the very bytes of the body, or for them.
func forbids(h *httputil.Header) bool {
	for _, f := range h.Fields() {
		for _, name := range [...]string{"Content-Encoding", "Content-Digest", "Repr-Digest", "Digest", "Content-MD5"} {
			if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
				return true
			}
		}
	}
	return h.HasToken("Cache-Control", "no-transform") // RFC 9111 §5.2.2.6
}

// worthIt asks for the type. Several parts of a body have one each, which is not seen here.
func (w *Writer) worthIt(status int, contentType string) bool {
	if contentType == "" {
		return false
	}
	return w.c.types(contentType) ||
		status == http.StatusPartialContent && strings.HasPrefix(contentType, "multipart/byteranges")
}

// copyHeader copies a header, which is the handler's, to change it.
func (w *Writer) copyHeader(h *httputil.Header) {
	w.header = httputil.HeaderOver(w.fields[:])
	for _, f := range h.Fields() {
		w.header.Append(f.Name, f.Value)
	}
}

func (w *Writer) vary() { w.header.AddVary("Accept-Encoding") }

// encoded makes the header that of a compressed body.
func (w *Writer) encoded(by *coding) {
	w.vary()
	w.header.Append("Content-Encoding", by.name)
	w.header.Del("Accept-Ranges")
	if tag := w.header.Get("Etag"); isStrong(tag) {
		w.header.Replace("Etag", "W/"+tag)
	}
}

// isStrong reports whether a tag promises the same bytes (RFC 9110 §8.8.1), which is not true any more.
func isStrong(tag string) bool { return strings.HasPrefix(tag, `"`) }

// revalidated makes the tag of a 304 the one that the client knows: a compressed body has a weak one.
func (w *Writer) revalidated() {
	w.vary() // RFC 9110 §15.4.5
	tag := w.header.Get("Etag")
	if !isStrong(tag) {
		return
	}
	// A tag has no quotes inside, so nothing else looks like one.
	known := w.request.Joined("If-None-Match")
	weak, all := strings.Count(known, "W/"+tag), strings.Count(known, tag)
	if weak == 0 {
		return
	}
	if whole, _ := w.c.choose(acceptEncoding(w.request)); whole != nil || weak == all {
		w.header.Replace("Etag", "W/"+tag)
	}
}
