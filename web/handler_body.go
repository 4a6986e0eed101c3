package web

import (
	"context"
	"encoding/json"
	"mime"
	"net/url"

	"eddy/httputil"
)

// input is what was read of a request's body.
type input struct {
	body    []byte
	bodyErr error
	form    url.Values
	formErr error
	parsed  bool
}

// Body reads the request's body whole and returns it; later calls return the same. It
// waits for the client. A body beyond [Settings].MaxBody fails with
// httputil.ErrBodyTooLarge, which answers 413.
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

func (h *RequestHandler) readBody() *input {
	if h.input == nil {
		h.input = &input{}
		h.input.body, h.input.bodyErr = httputil.ReadBody(h.Request, h.app.settings.MaxBody)
	}
	return h.input
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
