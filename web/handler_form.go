package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"

	"eddy/httputil"
	"eddy/httputil/formdata"
)

// Form reads the request's body whole as a form, urlencoded or multipart, within [Settings].Form;
// later calls, and all that ask for arguments or files, return the same. Small files are in memory,
// larger ones in a temporary file, which is removed when the request ends, after OnFinish, whatever
// happened. A body of another type, or none, is an empty form. It waits for the client. It fails
// with a [formdata.Error], which answers 400, 413, 415 or 507 by itself, or with what
// [RequestHandler.Body] fails with.
func (h *RequestHandler) Form(ctx context.Context) (*formdata.Form, error) {
	return h.FormWith(ctx, h.formOptions())
}

// formOptions returns the limits of forms, with what SetMaxBody has set in the place of the setting's. It was set with
// files in mind, if the form has some: arguments stay in memory, and go by their own limit.
func (h *RequestHandler) formOptions() formdata.Options {
	o := h.app.settings.Form
	if in := h.input; in != nil && in.limited {
		o.Body = formLimit(in.limit)
		if isURLEncoded(h.Request) {
			o.Values = o.Body
		}
	}
	return o
}

// formLimit translates a limit of a body, of which a negative one is none, to one of a form, of
// which zero is the default.
func formLimit(n int64) int64 {
	switch {
	case n < 0:
		return math.MaxInt64
	case n == 0:
		return -1
	}
	return n
}

// FormWith is [RequestHandler.Form] with limits of its own, such as those of a route that takes
// large uploads. It has to come before everything else that reads the body: a form that was read
// already is returned as it is.
func (h *RequestHandler) FormWith(ctx context.Context, o formdata.Options) (*formdata.Form, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	form, err := h.readForm(o)
	if form == nil && err == nil {
		form = &formdata.Form{}
	}
	return form, err
}

// File returns the first uploaded file of the form's field called name (Tornado's request.files).
// It fails with a [MissingArgumentError], or with what [RequestHandler.Form] fails with.
func (h *RequestHandler) File(name string) (*formdata.File, error) {
	files, err := h.Files(name)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, &MissingArgumentError{Name: name, File: true}
	}
	return files[0], nil
}

// Files returns all uploaded files of the form's field called name; none is no error.
func (h *RequestHandler) Files(name string) ([]*formdata.File, error) {
	form, err := h.readForm(h.formOptions())
	if form == nil || err != nil {
		return nil, err
	}
	return form.Files[name], nil
}

// Parts iterates over the parts of a multipart form as they come from the client: nothing is held,
// so that an upload may be larger than memory and disk. The body is bounded by the engine alone,
// its parts by [Settings].Form. What is left unread of a part is skipped. An error, as of
// [RequestHandler.Form], ends the iteration; a body of another type is formdata.ErrNotForm, which
// answers 415.
func (h *RequestHandler) Parts(ctx context.Context) iter.Seq2[*formdata.Part, error] {
	return func(yield func(*formdata.Part, error) bool) {
		r, err := h.partReader()
		for err == nil {
			var part *formdata.Part
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			} else if part, err = r.Next(); err == nil && !yield(part, nil) {
				return
			}
		}
		if err != io.EOF {
			yield(nil, err)
		}
	}
}

func (h *RequestHandler) partReader() (*formdata.Reader, error) {
	var body io.Reader = h.Request.Body
	in := h.ownInput()
	if in.read {
		if in.bodyErr != nil {
			return nil, in.bodyErr
		}
		body = bytes.NewReader(in.body)
	}
	r, err := formdata.NewReader(body, &h.Request.Header, h.app.settings.Form)
	if err == nil && !in.read {
		in.read, in.bodyErr = true, errBodyUsed
		in.formRead, in.formErr = true, errBodyUsed
	}
	return r, err
}

// readForm returns the form that the body is, nil if it is none.
func (h *RequestHandler) readForm(o formdata.Options) (*formdata.Form, error) {
	r := h.Request
	if r.ContentLength == 0 && h.input == nil {
		return nil, nil
	}
	in := h.ownInput()
	if !in.read && isURLEncoded(r) && r.ContentLength != 0 {
		h.readBody() // so that Body still has it
	}
	var body io.Reader = r.Body
	switch {
	case in.formRead:
		return in.form, in.formErr
	case r.ContentLength == 0:
		return nil, nil
	case in.read && in.bodyErr != nil:
		return nil, in.bodyErr
	case in.read:
		body = bytes.NewReader(in.body)
	case o.Body > 0 && r.ContentLength > o.Body && isMultipart(r):
		return nil, httputil.ErrBodyTooLarge // and the client need not send it
	}
	form, err := formdata.Read(body, &r.Header, o)
	if errors.Is(err, formdata.ErrNotForm) {
		return nil, nil
	}
	if !in.read {
		in.read, in.bodyErr = true, cmp.Or(err, errBodyUsed)
	}
	in.form, in.formErr, in.formRead = form, err, true
	return form, err
}

func isURLEncoded(r *httputil.Request) bool { return isType(r, "application/x-www-form-urlencoded") }
func isMultipart(r *httputil.Request) bool  { return isType(r, "multipart/form-data") }

func isType(r *httputil.Request, kind string) bool {
	got, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(httputil.TrimOWS(got), kind)
}

// closeForm removes what a form has on disk.
func (h *RequestHandler) closeForm(ctx context.Context) {
	if h.input == nil || h.input.form == nil {
		return
	}
	if err := h.input.form.Close(); err != nil {
		h.logDefault(ctx, fmt.Errorf("web: removing the temporary file of a form: %w", err))
	}
}
