package web

import (
	"fmt"
	"net/http"

	"eddy/httputil"
)

// SetStatus sets the response's status, from 200 to 999, and optionally its reason
// phrase; without one, the status's usual phrase is sent. A phrase with "<" or control
// characters becomes "Unknown", as it may have come from a client. A status out of range
// makes the response a 500. After the head was sent it has no effect.
func (h *RequestHandler) SetStatus(status int, reason ...string) {
	if status < 200 || status > 999 {
		h.latch(fmt.Errorf("web: status %d is not one for a response", status))
		return
	}
	h.status = int16(status)
	if len(reason) > 0 {
		h.uncommon().reason = safeReason(reason[0])
	} else if h.rare != nil {
		h.rare.reason = ""
	}
}

func safeReason(reason string) string {
	if !httputil.IsFieldValue(reason) {
		return "Unknown"
	}
	for i := 0; i < len(reason); i++ {
		if reason[i] == '<' {
			return "Unknown"
		}
	}
	return reason
}

// Status returns the response's status so far.
func (h *RequestHandler) Status() int { return int(h.status) }

// SetHeader replaces the fields called name by one. A name that is no token, or a value
// with a control character (a line break would let a client write fields of its own),
// makes the response a 500, and the log tells the field's name. After the head was sent
// it has no effect.
func (h *RequestHandler) SetHeader(name, value string) {
	if err := h.header.Set(name, value); err != nil {
		h.latch(err)
	}
}

// AddHeader adds a field and keeps others of the same name. It refuses what
// [RequestHandler.SetHeader] refuses.
func (h *RequestHandler) AddHeader(name, value string) {
	if err := h.header.Add(name, value); err != nil {
		h.latch(err)
	}
}

// ClearHeader removes the fields called name, also a default one.
func (h *RequestHandler) ClearHeader(name string) { h.header.Del(name) }

// HeaderValue returns the first value of a field of the response, "" if there is none. Those of the
// request are in Request.Header.
func (h *RequestHandler) HeaderValue(name string) string { return h.header.Get(name) }

// latch keeps the first mistake until the head would be sent, so that the setters need
// no error result that every caller would have to look at.
func (h *RequestHandler) latch(err error) {
	if rare := h.uncommon(); rare.failed == nil {
		rare.failed = err
	}
}

// setField is SetHeader for constants of this package and values it made itself, with
// the checks left out.
func (h *RequestHandler) setField(name, value string) { h.header.Replace(name, value) }

const htmlType = "text/html; charset=UTF-8"

// reset begins the response, again if need be (Tornado's clear).
func (h *RequestHandler) reset() {
	h.header.Reset()
	h.header.Append("Server", "Eddy")
	h.header.Append("Content-Type", htmlType)
	h.status = http.StatusOK
	if h.rare != nil {
		h.rare.reason, h.rare.failed = "", nil
	}
	h.body = h.body[:0]
}

func (h *RequestHandler) setDefaults() {
	if h.entry.route.has(hookDefaults) {
		h.self.(DefaultHeaderSetter).SetDefaultHeaders()
	}
}
