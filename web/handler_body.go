package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"eddy/httputil"
	"eddy/httputil/formdata"
)

// input is what was read of a request's body.
type input struct {
	body     []byte
	bodyErr  error
	form     *formdata.Form // nil if the body is none
	formErr  error
	formRead bool
}

// errBodyUsed is for a handler that asks for a body again that went by as a stream.
var errBodyUsed = errors.New("web: the request's body was read as a multipart form already")

// Body reads the request's body whole and returns it; later calls return the same. It
// waits for the client. A body beyond [Settings].MaxBody fails with
// httputil.ErrBodyTooLarge, which answers 413. A multipart body that was read by parts or as a form is gone:
// Body fails then. The other way round works: body first, then arguments.
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
		h.input.body, h.input.bodyErr = readAll(h.Request, h.app.settings.MaxBody)
	}
	return h.input
}

// readAll trusts an announced length only so far: memory is taken as bytes arrive.
func readAll(r *httputil.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, httputil.ErrBodyTooLarge
	}
	const first, most = 512, 64 << 10
	size := int64(first)
	if r.ContentLength >= 0 {
		size = min(r.ContentLength+1, most) // one more to see EOF without growing
	}
	b := make([]byte, 0, size)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, httputil.ErrBodyTooLarge
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, err
		}
	}
}
