package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"eddy/httputil"
)

// Write adds to the response. Output is held back until Flush or Finish. After Finish it
// fails with httputil.ErrFinished.
func (h *RequestHandler) Write(p []byte) (int, error) {
	if h.finished {
		return 0, httputil.ErrFinished
	}
	h.body = append(h.body, p...)
	return len(p), nil
}

// WriteString is Write of a string.
func (h *RequestHandler) WriteString(s string) (int, error) {
	if h.finished {
		return 0, httputil.ErrFinished
	}
	h.body = append(h.body, s...)
	return len(s), nil
}

// Text writes plain text and sets the Content-Type to it.
func (h *RequestHandler) Text(s string) error { return h.write("text/plain; charset=utf-8", s) }

// HTML writes HTML and sets the Content-Type to it. It escapes nothing.
func (h *RequestHandler) HTML(s string) error { return h.write(htmlType, s) }

func (h *RequestHandler) write(contentType, s string) error {
	_, err := h.WriteString(s)
	if err == nil {
		h.setField("Content-Type", contentType)
	}
	return err
}

// JSON writes v as encoding/json does and sets the Content-Type to it. "</" is written
// as "<\/", the same to a JSON parser, so that the text may stand inside a script
// element. If v cannot be encoded nothing is written.
func (h *RequestHandler) JSON(v any) error {
	if h.finished {
		return httputil.ErrFinished
	}
	start := len(h.body)
	enc := json.NewEncoder(h)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("web: %w", err)
	}
	text := h.body[start : len(h.body)-1] // Encode ends it with a line break
	h.body = h.body[:len(h.body)-1]
	if bytes.Contains(text, []byte("</")) {
		h.body = append(h.body[:start], bytes.ReplaceAll(text, []byte("</"), []byte(`<\/`))...)
	}
	h.setField("Content-Type", "application/json; charset=UTF-8")
	return nil
}

// Redirect sends the client to url, which may be relative, and finishes the response.
// status is from 300 to 399: http.StatusFound for once, http.StatusMovedPermanently
// for good, http.StatusSeeOther after a POST. Output of before is dropped. It fails with
// httputil.ErrHeadWritten if the head was sent.
//
// A url that a client has chosen must be checked by the caller: "//host" leads away.
func (h *RequestHandler) Redirect(url string, status int) error {
	switch {
	case h.finished:
		return httputil.ErrFinished
	case h.headSent:
		return httputil.ErrHeadWritten
	case status < 300 || status > 399:
		return fmt.Errorf("web: %d is not a status for a redirect", status)
	}
	h.SetStatus(status)
	h.SetHeader("Location", asciiURL(url))
	h.body = h.body[:0]
	return h.Finish()
}

// asciiURL percent-encodes what has no place in a Location (RFC 9110 §10.2.2). Control
// characters stay, and are refused with the header field.
func asciiURL(url string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	from := 0
	for i := 0; i < len(url); i++ {
		if c := url[i]; c == ' ' || c >= 0x80 {
			b.WriteString(url[from:i])
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			from = i + 1
		}
	}
	if from == 0 {
		return url
	}
	b.WriteString(url[from:])
	return b.String()
}

// Flush sends the head, if that was not done, and the output held back, and waits for
// room in the connection's write buffer. The body gets its length from a Content-Length
// that was set before, or ends with the response. It fails once ctx is cancelled, and
// with httputil.ErrFinished after Finish.
func (h *RequestHandler) Flush(ctx context.Context) error {
	switch {
	case h.finished:
		return httputil.ErrFinished
	case h.failure() != nil:
		return h.failure()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if !h.headSent {
		if err := h.sendHead(h.announced(-1)); err != nil {
			return err
		}
	}
	if err := h.sendBody(); err != nil {
		return err
	}
	return h.w.Flush()
}
