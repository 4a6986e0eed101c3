package web_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/web"
)

const formType = "application/x-www-form-urlencoded"

// TestArguments asks each look-up for the argument "a".
func TestArguments(t *testing.T) {
	look := map[string]func(h *web.RequestHandler) (any, error){
		"Argument":        func(h *web.RequestHandler) (any, error) { return h.Argument("a") },
		"ArgumentOr":      func(h *web.RequestHandler) (any, error) { return h.ArgumentOr("a", "else") },
		"Arguments":       func(h *web.RequestHandler) (any, error) { return h.Arguments("a") },
		"QueryArgument":   func(h *web.RequestHandler) (any, error) { return h.QueryArgument("a") },
		"QueryArgumentOr": func(h *web.RequestHandler) (any, error) { return h.QueryArgumentOr("a", "else") },
		"QueryArguments":  func(h *web.RequestHandler) (any, error) { return h.QueryArguments("a") },
		"BodyArgument":    func(h *web.RequestHandler) (any, error) { return h.BodyArgument("a") },
		"BodyArgumentOr":  func(h *web.RequestHandler) (any, error) { return h.BodyArgumentOr("a", "else") },
		"BodyArguments":   func(h *web.RequestHandler) (any, error) { return h.BodyArguments("a") },
	}
	for _, tc := range []struct {
		name, query, contentType, body string
		want                           map[string]string
	}{
		{"query and body", "a=1&a=2&b=9", formType, "a=3&a=4", map[string]string{
			"Argument": "4", "ArgumentOr": "4", "Arguments": "[1 2 3 4]",
			"QueryArgument": "2", "QueryArgumentOr": "2", "QueryArguments": "[1 2]",
			"BodyArgument": "4", "BodyArgumentOr": "4", "BodyArguments": "[3 4]",
		}},
		{"missing", "b=1", formType, "b=2", map[string]string{
			"Argument": "400", "ArgumentOr": "else", "Arguments": "[]",
			"QueryArgument": "400", "QueryArgumentOr": "else", "QueryArguments": "[]",
			"BodyArgument": "400", "BodyArgumentOr": "else", "BodyArguments": "[]",
		}},
		{"blank is there", "a=", formType, "", map[string]string{"Argument": "", "ArgumentOr": "", "Arguments": "[]"}},
		{"decoded and trimmed", "a=+x%20%C3%A9%09+y%0A", "", "", map[string]string{"Argument": "x é\t y", "Arguments": "[x é\t y]"}},
		{"control characters", "a=x%00y%08z%0Ew%1Fv%7F%0Bu", "", "", map[string]string{"Argument": "x y z w v\x7f\vu"}},
		{"invalid UTF-8", "a=%ff", formType, "a=%fe", map[string]string{
			"Argument": "400", "ArgumentOr": "400", "Arguments": "400", "QueryArgument": "400", "BodyArguments": "400"}},
		{"invalid UTF-8 elsewhere", "a=1&b=%ff", "", "", map[string]string{"Argument": "1"}},
		{"broken query pieces are skipped", "a=%zz&a=1", "", "", map[string]string{"Argument": "1"}},
		{"broken body", "", formType, "a=%zz", map[string]string{"Argument": "400", "BodyArgumentOr": "400", "QueryArgumentOr": "else"}},
		{"type with a parameter", "", formType + "; charset=utf-8", "a=1", map[string]string{"BodyArgument": "1"}},
		{"other types have no arguments", "", "text/plain", "a=1", map[string]string{"BodyArgumentOr": "else"}},
		{"body beyond the limit", "a=1", formType, "a=" + strings.Repeat("x", 100), map[string]string{
			"Argument": "413", "ArgumentOr": "413", "BodyArguments": "413", "QueryArgument": "1"}},
	} {
		for name, want := range tc.want {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				settings := quiet
				settings.MaxBody = 50
				app := web.NewApplicationWith(settings, web.Func("/", func(_ context.Context, h *web.RequestHandler) error {
					got, err := look[name](h)
					if err != nil {
						return err
					}
					return h.Text(fmt.Sprint(got))
				}))
				w := do(t, app, withBody(request("POST /?"+tc.query), tc.contentType, tc.body))
				got := w.body.String()
				if w.status != 200 {
					got = fmt.Sprint(w.status)
				}
				if got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}

func TestArguments_Errors(t *testing.T) {
	app := answering(func(_ context.Context, h *web.RequestHandler) error {
		_, err := h.Argument("needed")
		var missing *web.MissingArgumentError
		if !errors.As(err, &missing) || missing.Name != "needed" {
			t.Errorf("got %v, want a MissingArgumentError", err)
		}
		_, err = h.Argument("bad")
		var invalid *web.InvalidArgumentError
		if !errors.As(err, &invalid) || invalid.Name != "bad" || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want an InvalidArgumentError without the value", err)
		}
		return nil
	})
	do(t, app, request("GET /?bad=secret%ff"))
}

// TestArguments_Owned holds that cleaning and callers leave the request's values alone.
func TestArguments_Owned(t *testing.T) {
	r := request("GET /?a=+x+")
	do(t, answering(func(_ context.Context, h *web.RequestHandler) error {
		values, err := h.QueryArguments("a")
		values[0] = "changed"
		return err
	}), r)
	if got := r.QueryArguments().Get("a"); got != " x " {
		t.Errorf("the request has %q now", got)
	}
}

func TestBody(t *testing.T) {
	large := strings.Repeat("x", 200<<10)
	for _, tc := range []struct {
		name   string
		body   string
		length int64 // announced
		limit  int64
		status int
	}{
		{"none", "", 0, 10, 200},
		{"of known length", "hello", 5, 10, 200},
		{"of unknown length", "hello", -1, 10, 200},
		{"at the limit", "0123456789", 10, 10, 200},
		{"at the limit, unknown length", "0123456789", -1, 10, 200},
		{"announced beyond the limit", "", 11, 10, 413},
		{"beyond the limit", "0123456789a", -1, 10, 413},
		{"large", large, int64(len(large)), 1 << 20, 200},
		{"large of unknown length", large, -1, 1 << 20, 200},
		{"default limit", "x", 10<<20 + 1, 0, 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			settings := quiet
			settings.MaxBody = tc.limit
			app := web.NewApplicationWith(settings, web.Func("/", func(ctx context.Context, h *web.RequestHandler) error {
				for range 2 { // the second time it is there already
					body, err := h.Body(ctx)
					if err != nil {
						return err
					}
					if string(body) != tc.body {
						t.Errorf("got %d bytes, want %d", len(body), len(tc.body))
					}
				}
				return nil
			}))
			r := withBody(request("POST /"), "", tc.body)
			r.ContentLength = tc.length
			if w := do(t, app, r); w.status != tc.status {
				t.Errorf("status %d, want %d", w.status, tc.status)
			}
		})
	}
}

// failingBody is a body that fails as an engine's does.
type failingBody struct{ err error }

func (b failingBody) Read([]byte) (int, error) { return 0, b.err }
func (b failingBody) Close() error             { return nil }

func TestBody_EngineErrors(t *testing.T) {
	app := answering(func(ctx context.Context, h *web.RequestHandler) error {
		_, err := h.Body(ctx)
		return err
	})
	for err, status := range map[error]int{
		httputil.ErrBodyTooLarge: 413,
		httputil.ErrBodyTimeout:  408,
		errors.New("broken"):     500,
		httputil.ErrClosed:       0, // nobody there to answer
	} {
		r := request("POST /")
		r.Body, r.ContentLength = failingBody{fmt.Errorf("wrapped: %w", err)}, -1
		if w := do(t, app, r); w.status != status {
			t.Errorf("%v: status %d, want %d", err, w.status, status)
		}
	}
}

func TestBindJSON(t *testing.T) {
	app, j := logged(web.Func("/", func(ctx context.Context, h *web.RequestHandler) error {
		var v struct{ N int8 }
		if err := h.BindJSON(ctx, &v); err != nil {
			return err
		}
		return h.Text(fmt.Sprint(v.N))
	}))
	for body, want := range map[string]int{`{"N": 5}`: 200, `{"N": 5} x`: 400, ``: 400, `{"N": 31337}`: 400, `{"N": "s3cret"}`: 400} {
		if w := do(t, app, withBody(request("POST /"), "application/json", body)); w.status != want {
			t.Errorf("%s: status %d, want %d", body, w.status, want)
		}
	}
	if log := j.text(); strings.Contains(log, "31337") || strings.Contains(log, "s3cret") {
		t.Errorf("the log quotes the body:\n%s", log)
	}
}
