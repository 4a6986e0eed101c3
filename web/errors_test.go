package web_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"eddy/web"
)

type ownError struct{ status int }

func (e ownError) Error() string   { return "own" }
func (e ownError) HTTPStatus() int { return e.status }

func TestErrorStatus(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
		reason string
		log    string // "" if nothing but the access log may be written
	}{
		{&web.HTTPError{Status: 404}, 404, "Not Found", ""},
		{&web.HTTPError{Status: 403, Reason: "Go <away>"}, 403, "Unknown", ""},
		{&web.HTTPError{Status: 403, Reason: "Go away"}, 403, "Go away", ""},
		{&web.HTTPError{Status: 200}, 500, "Internal Server Error", ""},
		{&web.HTTPError{Status: 304}, 304, "Not Modified", ""},
		{web.Errorf(404, "no story %d", 5), 404, "Not Found", "WARN request failed: GET / (0.0.0.0) error=web: status 404: no story 5"},
		{web.Errorf(503, "down"), 503, "Service Unavailable", "ERROR request failed: GET / (0.0.0.0) error=web: status 503: down"},
		{fmt.Errorf("wrapped: %w", web.Errorf(409, "twice")), 409, "Conflict", "WARN "},
		{ownError{422}, 422, "Unprocessable Entity", "WARN request failed: GET / (0.0.0.0) error=own"},
		{ownError{7}, 500, "Internal Server Error", "ERROR "},
		{&web.MissingArgumentError{Name: "a"}, 400, "Bad Request", `WARN request failed: GET / (0.0.0.0) error=web: missing argument "a"`},
		{&web.MissingArgumentError{Name: "a", File: true}, 400, "Bad Request", `WARN request failed: GET / (0.0.0.0) error=web: missing file "a"`},
		{errors.New("plain"), 500, "Internal Server Error", "ERROR request failed: GET / (0.0.0.0) error=plain"},
	} {
		app, j := logged(web.Func("/", func(_ context.Context, h *web.RequestHandler) error {
			h.SetHeader("X-Before", "1")
			h.Text("before")
			return tc.err
		}))
		w := do(t, app, request("GET /"))
		if w.status != tc.status || w.reason != tc.reason {
			t.Errorf("%v: %d %q, want %d %q", tc.err, w.status, w.reason, tc.status, tc.reason)
		}
		if w.header.Has("X-Before") || strings.Contains(w.body.String(), "before") {
			t.Errorf("%v: output of before was kept", tc.err)
		}
		lines := strings.Split(j.text(), "\n")
		if tc.log == "" && len(lines) != 1 || tc.log != "" && !strings.HasPrefix(lines[0], tc.log) {
			t.Errorf("%v: logged %q, want %q", tc.err, lines, tc.log)
		}
	}
}

func TestErrorPage(t *testing.T) {
	app := answering(func(_ context.Context, h *web.RequestHandler) error {
		return &web.HTTPError{Status: 400, Reason: `a & "b"`}
	})
	want := "<html><title>400: a &amp; &#34;b&#34;</title><body>400: a &amp; &#34;b&#34;</body></html>"
	if w := do(t, app, request("GET /")); w.body.String() != want {
		t.Errorf("got %q", w.body.String())
	}
}

func TestServeTraceback(t *testing.T) {
	settings := quiet
	settings.ServeTraceback = true
	app := web.NewApplicationWith(settings,
		web.Func("/error", func(context.Context, *web.RequestHandler) error { return errors.New("inner <text>") }),
		web.Func("/panic", func(context.Context, *web.RequestHandler) error { panic("inner text") }))
	w := do(t, app, request("GET /error"))
	if w.body.String() != "inner <text>\n" || w.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %q, %s", w.body.String(), w.header.Get("Content-Type"))
	}
	mustContain(t, "page", do(t, app, request("GET /panic")).body.String(), "panic: inner text", "TestServeTraceback")
}

func TestPanicLog(t *testing.T) {
	app, j := logged(web.Func("/", func(context.Context, *web.RequestHandler) error { panic("on purpose") }))
	do(t, app, request("GET /"))
	mustContain(t, "log", j.text(), "ERROR request failed: GET /", "on purpose", "stack=", "TestPanicLog")
}

func TestHTTPError(t *testing.T) {
	cause := errors.New("cause")
	err := &web.HTTPError{Status: 404, Reason: "Gone fishing", Err: cause}
	if !errors.Is(err, cause) || err.Error() != "web: status 404 Gone fishing: cause" {
		t.Errorf("got %q", err)
	}
}
