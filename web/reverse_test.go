package web_test

import (
	"context"
	"testing"

	"eddy/web"
)

func TestReverseURL(t *testing.T) {
	name := func(name string, pattern string) web.Rule {
		return web.URL(pattern, namedHandler{name: pattern}, web.Name(name))
	}
	nameRe := func(name string, pattern string) web.Rule {
		return web.Regexp(pattern, namedHandler{name: pattern}, web.Name(name))
	}
	app := web.NewApplicationWith(quiet,
		name("home", "/"), name("end", "/end/{$}"), name("story", "/story/{id}/{page}"), name("file", "/file/{path...}"),
		name("text", "/é %2F%25/{x}"),
		web.Host("x", name("inner", "/inner")),
		nameRe("old", `/old/([0-9]+)(/x)?`), nameRe("year", `/y/(?P<year>[0-9]{4})/z`), nameRe("any", `^/any/(.+)$`),
		nameRe("alt", `/a|/b`), nameRe("nested", `/((a)b)`), nameRe("fold", `(?i)/fold`), nameRe("plain", `/plain`),
	)
	for _, tc := range []struct {
		name string
		args []any
		want string // "" for an error
	}{
		{"home", nil, "/"},
		{"end", nil, "/end/"},
		{"story", []any{5, "a b/c?é+&%"}, "/story/5/a%20b%2Fc%3F%C3%A9+&%25"},
		{"story", []any{5}, ""},
		{"story", []any{5, 6, 7}, ""},
		{"story", []any{"", 1}, ""},
		{"story", []any{"..", 1}, ""},
		{"file", []any{"a/b c"}, "/file/a/b%20c"},
		{"file", []any{""}, "/file/"},
		{"file", []any{"a/../b"}, ""},
		{"text", []any{"v"}, "/%C3%A9%20%2F%25/v"},
		{"inner", nil, "/inner"},
		{"year", []any{2024}, "/y/2024/z"},
		{"year", []any{24}, ""},
		{"any", []any{"a/b c"}, "/any/a%2Fb%20c"},
		{"old", []any{1, "/x"}, ""},
		{"alt", nil, ""},
		{"nested", []any{1, 2}, ""},
		{"fold", nil, ""},
		{"plain", nil, "/plain"},
		{"unknown", nil, ""},
	} {
		got, err := app.ReverseURL(tc.name, tc.args...)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s %v: %q, %v; want %q", tc.name, tc.args, got, err, tc.want)
		}
		if err == nil && tc.name != "inner" {
			if w := do(t, app, request("GET "+got)); w.status != 200 {
				t.Errorf("%s leads to a %d", got, w.status)
			}
		}
	}
}

func TestReverseURL_InHandler(t *testing.T) {
	app := web.NewApplicationWith(quiet, web.Func("/x/{id}", func(_ context.Context, h *web.RequestHandler) error {
		u, err := h.Application().ReverseURL("x", 2)
		if err != nil {
			return err
		}
		again, err := h.ReverseURL("x", 2)
		if err != nil || again != u {
			t.Errorf("%q, %v", again, err)
		}
		return h.Text(u)
	}, web.Name("x")))
	if w := do(t, app, request("GET /x/1")); w.body.String() != "/x/2" {
		t.Errorf("got %q", w.body.String())
	}
}
