package web

import (
	"io/fs"
	"net/http"
	"strings"
	"time"

	"eddy/httputil"
)

// A staticPlan is how a request for a file is answered.
type staticPlan struct {
	status int
	ranges []httputil.ByteRange // of a 206
	opens  bool                 // the file is needed for that
}

// plan decides in the order of RFC 9110 §13.2.2. seeks says that ranges can be read.
func (h *StaticFileHandler) plan(v *variant, seeks bool) staticPlan {
	header := &h.Request.Header
	modified := v.sent.info.ModTime()
	opens := h.Request.Method != http.MethodHead
	switch {
	case !mayMatch(header, v.tag, modified):
		return staticPlan{status: http.StatusPreconditionFailed}
	case h.notModified(v.tag, modified):
		return staticPlan{status: http.StatusNotModified}
	case !header.Has("Range"):
		return staticPlan{status: http.StatusOK, opens: opens}
	case !seeks || !rangeHolds(header, v.tag, modified):
		return staticPlan{status: http.StatusOK, opens: true}
	}
	size := v.sent.info.Size()
	ranges, err := httputil.ParseRange(rangeField(header), size)
	switch {
	case err != nil:
		return staticPlan{status: http.StatusRequestedRangeNotSatisfiable}
	case len(ranges) == 0 || len(ranges) == 1 && ranges[0].Len() == size:
		// Browsers ask for "bytes=0-", and some do not play what comes with a 206 then.
		return staticPlan{status: http.StatusOK, opens: true}
	}
	return staticPlan{status: http.StatusPartialContent, ranges: ranges, opens: true}
}

// rangeField returns the Range, "" if there are several.
func rangeField(header *httputil.Header) string {
	if values := header.Values("Range"); len(values) == 1 {
		return values[0]
	}
	return ""
}

// mayMatch reports whether If-Match or, without one, If-Unmodified-Since lets the request go on.
func mayMatch(header *httputil.Header, tag string, modified time.Time) bool {
	if header.Has("If-Match") {
		for _, list := range header.Values("If-Match") {
			if listed(list, tag, false) {
				return true
			}
		}
		return false
	}
	since, ok := dateOf(header, "If-Unmodified-Since")
	return !ok || !hasTime(modified) || !modified.Truncate(time.Second).After(since)
}

// notModified reports whether the client has the file already.
func (h *StaticFileHandler) notModified(tag string, modified time.Time) bool {
	if own, ok := h.self.(StaticNotModifier); ok {
		return own.NotModified(tag, modified)
	}
	header := &h.Request.Header
	if header.Has("If-None-Match") {
		return noneMatch(header, tag)
	}
	since, ok := dateOf(header, "If-Modified-Since")
	return ok && hasTime(modified) && !modified.Truncate(time.Second).After(since)
}

// rangeHolds reports whether If-Range, if there is one, names what the file is now: by a strong tag, or
// by a date that is old enough to be one (RFC 9110 §13.1.5).
func rangeHolds(header *httputil.Header, tag string, modified time.Time) bool {
	if !header.Has("If-Range") {
		return true
	}
	field := httputil.TrimOWS(header.Get("If-Range"))
	if strings.HasPrefix(field, `"`) || isWeak(field) {
		return field == tag && !isWeak(tag)
	}
	date, ok := dateOf(header, "If-Range")
	return ok && hasTime(modified) && modified.Unix() == date.Unix() && time.Since(modified) > settleTime
}

// dateOf returns the date in a field, if it is one and from 1970 or later.
func dateOf(header *httputil.Header, name string) (time.Time, bool) {
	field := header.Get(name)
	if field == "" {
		return time.Time{}, false
	}
	t, err := httputil.ParseDate(field, time.Now())
	return t, err == nil && t.Unix() >= 0
}

// lastModified returns the Last-Modified of a file, "" if it has none. It is not later than the
// response's date (RFC 9110 §8.8.2.1).
func lastModified(info fs.FileInfo) string {
	modified := info.ModTime()
	if !hasTime(modified) {
		return ""
	}
	if now := time.Now(); modified.After(now) {
		modified = now
	}
	return httputil.FormatDate(modified)
}
