package web_test

import (
	"testing"

	"eddy/web"
)

func TestRedirectHandler(t *testing.T) {
	app := web.NewApplicationWith(quiet,
		web.URL("/a/{id}", web.RedirectHandler{URL: "/b/{id}/{0}#frag"}),
		web.Regexp(`/r/(.*)/(.*)`, web.RedirectHandler{URL: "/s?x={1}&y={0}", Status: 307}),
		web.URL("/open/{$}", web.RedirectHandler{URL: "//other.example/"}),
		web.URL("/far/{rest...}", web.RedirectHandler{URL: "http://x/{rest}"}),
		web.URL("/{rest...}", web.RedirectHandler{URL: "/{rest}"}),
	)
	for _, tc := range []struct {
		line, want string
		status     int
	}{
		{"GET /a/x%20y", "/b/x%20y/x%20y#frag", 301},
		{"HEAD /a/x?q=1", "/b/x/x?q=1#frag", 301},
		{"GET /r/1/2?q=1", "/s?x=2&y=1&q=1", 307},
		{"GET /far/a/b", "http://x/a/b", 301},
		{"GET ///evil.example/", "/evil.example/", 301},
		{"GET /%5Cevil.example/", "/%5Cevil.example/", 301},
		{"POST /a/x", "", 405},
	} {
		w := do(t, app, request(tc.line))
		if w.status != tc.status || w.header.Get("Location") != tc.want {
			t.Errorf("%s: %d to %q, want %d to %q", tc.line, w.status, w.header.Get("Location"), tc.status, tc.want)
		}
	}
}

func TestErrorHandler(t *testing.T) {
	app := web.NewApplicationWith(quiet, web.URL("/gone", web.ErrorHandler{Status: 410}), web.URL("/", web.ErrorHandler{}))
	for line, want := range map[string]int{"GET /gone": 410, "POST /gone": 410, "FOO /": 404} {
		if w := do(t, app, request(line)); w.status != want {
			t.Errorf("%s: %d, want %d", line, w.status, want)
		}
	}
}
