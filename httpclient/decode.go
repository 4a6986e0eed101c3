package httpclient

import (
	"bytes"
	"errors"
	"io"

	"eddy/httputil"
	"eddy/internal/coding"
)

// coded returns the codings that the body was sent in, "" for none. A coding that was not asked for by the
// client is the caller's own business.
func (h *hop) coded(resp *Response) string {
	if !h.asked || !resp.hasBody(h.method) {
		return ""
	}
	return resp.Header.Joined("Content-Encoding")
}

// decoder returns body without the coding that it was sent in, and whether there is one.
func (h *hop) decoder(resp *Response, body io.ReadCloser, limit int64) (io.ReadCloser, bool) {
	list := h.coded(resp)
	if list == "" {
		return body, false
	}
	r, ok := h.client.codings.NewReader(body, list, coding.Options{Limit: limit, Extra: h.client.options.Decoders})
	if !ok {
		return body, false
	}
	return r, true
}

// hasBody reports whether a response to this method has a body at all (RFC 9112 §6.3).
func (r *Response) hasBody(method string) bool {
	return method != "HEAD" && r.Status != 204 && r.Status != 304 && r.ContentLength != 0
}

// decode is decoder for a body that is here.
func (h *hop) decode(resp *Response, body []byte) ([]byte, error) {
	if h.coded(resp) == "" {
		return body, nil
	}
	r, ok := h.decoder(resp, io.NopCloser(bytes.NewReader(body)), h.maxBody)
	if !ok {
		return body, nil
	}
	defer r.Close()
	resp.Uncompressed = true
	body, err := io.ReadAll(r)
	return body, decodeError(err)
}

// decodeError tells a body that is too long, whichever package has noticed.
func decodeError(err error) error {
	if errors.Is(err, httputil.ErrBodyTooLarge) {
		return ErrBodyTooLarge
	}
	return err
}
