package web

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"eddy/httputil"
	"eddy/httputil/formdata"
)

// input is what was read of a request's body.
type input struct {
	limit   int64 // of body
	limited bool  // by SetMaxBody
	read    bool  // body and bodyErr are known
	body    []byte
	bodyErr error

	formRead bool           // form and formErr are known
	form     *formdata.Form // nil if the body is none
	formErr  error
}

// errBodyUsed is for a handler that asks for a body again that went by as a stream.
var errBodyUsed = errors.New("web: the request's body was read as a multipart form already")

// Body reads the request's body whole and returns it; later calls return the same. It
// waits for the client. A body beyond [Settings].MaxBody, or what SetMaxBody has set, fails
// with httputil.ErrBodyTooLarge, which answers 413. A multipart body that was read by parts or as a
// form is gone: Body fails then. The other way round works: body first, then arguments.
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
	in := h.ownInput()
	in.limit, in.limited = n, true
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
