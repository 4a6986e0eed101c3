package web

import (
	"context"
	"encoding/json"
	"mime"
	"net/url"
	"time"

	"eddy/httputil"
)

// input is what was read of a request's body.
type input struct {
	body    []byte
	bodyErr error
	form    url.Values
	formErr error
	parsed  bool
	read    bool
	limit   int64 // of body
}

// Body reads the request's body whole and returns it; later calls return the same. It
// waits for the client. A body beyond [Settings].MaxBody, or what SetMaxBody has set, fails
// with httputil.ErrBodyTooLarge, which answers 413.
func (h *RequestHandler) Body(ctx context.Context) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	in := h.readBody()
	return in.body, in.bodyErr
}

// BindJSON reads the request's body as one JSON value into v, as json.Unmarshal does,
// whatever its Content-Type says. A body that does not fit is an [InvalidBodyError].
func (h *RequestHandler) BindJSON(ctx context.Context, v any) error {
	body, err := h.Body(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &InvalidBodyError{Format: "JSON", Err: err}
	}
	return nil
}

// SetMaxBody bounds the body of this request to n bytes, in place of [Settings].MaxBody and of the
// server's own limit (Tornado's set_max_body_size): also for a handler that reads Request.Body
// itself. A negative n means no bound. Call it before the body is read, as Prepare may. It fails
// with an error that is errors.ErrUnsupported where the engine's limit cannot be set; Body goes by n
// all the same.
func (h *RequestHandler) SetMaxBody(n int64) error {
	h.ownInput().limit = n
	return h.Request.SetMaxBody(n)
}

// SetBodyTimeout bounds the time from now until the last byte of the body has come, in place of the
// server's limits (Tornado's set_body_timeout). Negative means no bound, zero the server's limits
// again. A client that takes longer is answered with 408. It fails as SetMaxBody does.
func (h *RequestHandler) SetBodyTimeout(d time.Duration) error { return h.Request.SetBodyTimeout(d) }

func (h *RequestHandler) ownInput() *input {
	if h.input == nil {
		h.input = &input{limit: h.app.settings.MaxBody}
	}
	return h.input
}

func (h *RequestHandler) readBody() *input {
	in := h.ownInput()
	if !in.read {
		in.read = true
		in.body, in.bodyErr = httputil.ReadBody(h.Request, in.limit)
	}
	return in
}

// form returns the arguments of a urlencoded body; bodies of other types have none.
func (h *RequestHandler) form() (url.Values, error) {
	if h.Request.ContentLength == 0 {
		return nil, nil
	}
	kind, _, err := mime.ParseMediaType(h.Request.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, nil
	}
	in := h.readBody()
	if in.bodyErr != nil {
		return nil, in.bodyErr
	}
	if !in.parsed {
		in.parsed = true
		if in.form, err = url.ParseQuery(string(in.body)); err != nil {
			in.formErr = &InvalidBodyError{Format: "form", Err: err}
		}
	}
	return in.form, in.formErr
}
