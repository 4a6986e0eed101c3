package web

import (
	"errors"
	"net/http"
	"strconv"

	"eddy/httputil"
)

var errBodyNotAllowed = errors.New("web: output with a status that has no body")

// Finish completes the response and lets the client go; it is called for a handler that
// has not done so when its method returns. What a method does after it, it does while
// the client no longer waits. A second call fails with httputil.ErrFinished.
func (h *RequestHandler) Finish() error {
	if h.finished {
		return httputil.ErrFinished
	}
	if err := h.failure(); err != nil {
		return err
	}
	if !h.headSent {
		length, err := h.conclude()
		if err != nil {
			return err
		}
		h.headSent = true
		if length == int64(len(h.body)) {
			return h.respond()
		}
		if err := h.sendHead(length); err != nil {
			return err
		}
	}
	if err := h.sendBody(); err != nil {
		return err
	}
	h.finished = true
	return h.w.Finish()
}

// respond sends a response that is known as a whole.
func (h *RequestHandler) respond() error {
	err := httputil.Respond(h.w, int(h.status), h.phrase(), &h.header, h.body)
	h.finished = err == nil
	return err
}

// conclude decides about the head of a response whose body is known as a whole, and returns
// the length that it tells.
func (h *RequestHandler) conclude() (int64, error) {
	if !bodyAllowed(h.status) {
		if len(h.body) > 0 {
			return 0, errBodyNotAllowed
		}
		h.dropRepresentation()
		return 0, nil
	}
	if h.status == http.StatusOK && h.isRead() {
		etag := h.etag()
		if err := h.failure(); err != nil {
			return 0, err
		}
		if etag != "" && noneMatch(&h.Request.Header, etag) {
			h.SetStatus(http.StatusNotModified)
			h.body = nil
			h.dropRepresentation()
			return 0, nil
		}
	}
	length := int64(len(h.body))
	if length == 0 && h.Request.Method == http.MethodHead {
		// A Head method says how long Get's body would be, or nothing.
		length = h.announced(0)
	}
	return length, nil
}

// isRead reports whether the request asks for a representation and changes nothing.
func (h *RequestHandler) isRead() bool {
	return h.Request.Method == http.MethodGet || h.Request.Method == http.MethodHead
}

// bodyAllowed reports whether a response of this status has a body (RFC 9110 §6.4.1).
func bodyAllowed(status int16) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// dropRepresentation removes the fields that describe a body (RFC 9110 §15.4.5).
func (h *RequestHandler) dropRepresentation() {
	for _, name := range [...]string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Length"} {
		h.header.Del(name)
	}
}

// etag returns the response's entity tag, and sets one if there is none.
func (h *RequestHandler) etag() string {
	if h.header.Has("Etag") {
		return h.header.Get("Etag")
	}
	if !h.entry.route.has(hookETag) {
		etag := h.entry.route.tags.of(h.body)
		h.header.Append("Etag", etag)
		return etag
	}
	etag := h.self.(ETagger).ComputeETag()
	if etag != "" {
		h.SetHeader("Etag", etag)
	}
	return etag
}

// announced returns the Content-Length that the handler set, or otherwise none.
func (h *RequestHandler) announced(otherwise int64) int64 {
	value := h.header.Get("Content-Length")
	if value == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		return otherwise
	}
	return int64(n)
}

func (h *RequestHandler) sendHead(length int64) error {
	h.headSent = true
	return h.w.WriteHead(int(h.status), h.phrase(), &h.header, length)
}

// sendBody sends the output held back and keeps its storage for more.
func (h *RequestHandler) sendBody() error {
	if len(h.body) == 0 {
		return nil
	}
	_, err := h.w.Write(h.body)
	h.body = h.body[:0]
	return err
}
