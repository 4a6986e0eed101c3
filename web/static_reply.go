package web

import (
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"eddy/httputil"
)

// staticAge is how long a client may keep what it has got by a URL with its version: ten years.
const staticAge = 10 * 365 * 24 * time.Hour

// reply answers as planned. f is nil if the plan does not open the file.
func (h *StaticFileHandler) reply(v *variant, p staticPlan, f fs.File) error {
	if p.status == http.StatusPreconditionFailed {
		return &HTTPError{Status: p.status}
	}
	h.SetStatus(p.status)
	if err := h.describe(v, p, f); err != nil {
		return err
	}
	if err := h.failure(); err != nil {
		return err
	}
	switch p.status {
	case http.StatusNotModified:
		h.dropRepresentation()
		return h.sendWhole(0)
	case http.StatusRequestedRangeNotSatisfiable:
		return h.sendWhole(0)
	case http.StatusPartialContent:
		if len(p.ranges) > 1 {
			return h.sendParts(v, p.ranges, f)
		}
		return h.sendRange(f, p.ranges[0])
	}
	return h.sendRange(f, httputil.ByteRange{End: v.sent.info.Size()})
}

// describe sets the header.
func (h *StaticFileHandler) describe(v *variant, p staticPlan, f fs.File) error {
	size := v.sent.info.Size()
	if v.coding == "" && (f == nil || isSeeker(f)) { // ranges are of the file itself
		h.setField("Accept-Ranges", "bytes")
	}
	if v.tag != "" {
		h.setField("Etag", v.tag)
	}
	if modified := lastModified(v.sent.info); modified != "" {
		h.setField("Last-Modified", modified)
	}
	if h.Precompressed {
		h.header.AddVary("Accept-Encoding")
	}
	if v.coding != "" {
		h.setField("Content-Encoding", v.coding)
	}
	contentType := h.contentType(v.file.name)
	h.SetHeader("Content-Type", contentType)
	switch {
	case p.status == http.StatusRequestedRangeNotSatisfiable:
		h.setField("Content-Type", "text/plain; charset=utf-8")
		h.setField("Content-Range", httputil.UnsatisfiedRange(size))
		return nil
	case len(p.ranges) == 1:
		h.setField("Content-Range", p.ranges[0].ContentRange(size))
	}
	if err := h.setCaching(v, contentType); err != nil {
		return err
	}
	if own, ok := h.self.(StaticHeaderSetter); ok {
		own.SetExtraHeaders(v.file.name)
	}
	return nil
}

// setCaching says how long the response may be kept.
func (h *StaticFileHandler) setCaching(v *variant, contentType string) error {
	own, ok := h.self.(StaticCacheTimer)
	if ok {
		if keep := own.CacheTime(v.file.name, v.file.info.ModTime(), contentType); keep > 0 {
			h.setMaxAge(keep, "")
		}
		return nil
	}
	asked, ok := h.Request.QueryArgument("v")
	if !ok || asked == "" {
		return nil
	}
	tag := v.tag
	if v.coding != "" {
		var err error
		if tag, err = h.Files.tagOf(v.file.name); err != nil {
			return staticError(err)
		}
	}
	if asked == versionOf(tag) && !isWeak(tag) { // a weak one may come to stand for another content
		h.setMaxAge(staticAge, ", immutable")
	}
	return nil
}

func (h *StaticFileHandler) setMaxAge(keep time.Duration, more string) {
	h.setField("Expires", httputil.FormatDate(time.Now().Add(keep)))
	h.setField("Cache-Control", "max-age="+strconv.FormatInt(int64(keep/time.Second), 10)+more)
}
