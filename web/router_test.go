package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/web"
)

// place is a rule that answers with its own name and its path values.
func place(make func(string, namedHandler, ...web.RuleOption) web.Rule, pattern string) web.Rule {
	return make(pattern, namedHandler{name: pattern})
}

type namedHandler struct {
	web.RequestHandler
	name string
}

func (h *namedHandler) Get(context.Context) error {
	return h.Text(strings.Join(append([]string{h.name}, h.PathArgs()...), "|"))
}

func url(pattern string) web.Rule { return place(web.URL[namedHandler], pattern) }
func re(pattern string) web.Rule  { return place(web.Regexp[namedHandler], pattern) }

func TestRouting(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules []web.Rule
		paths map[string]string // path to the expected body, or status
	}{
		{"literals", []web.Rule{url("/"), url("/a"), url("/a/"), url("/é b")}, map[string]string{
			"/": "/", "/a": "/a", "/a/": "/a/", "/b": "404", "": "404", "*": "404", "//": "404",
			"/%61": "/a", "/%C3%A9%20b": "/é b", "/%zz": "400", "/%6": "400", "/%": "400",
		}},
		{"{$}", []web.Rule{url("/a/{$}"), url("/a/{x}")}, map[string]string{
			"/a/": "/a/{$}", "/a/b": "/a/{x}|b", "/a": "404",
		}},
		{"one segment", []web.Rule{url("/s/{x}"), url("/s/{x}/edit/{y}")}, map[string]string{
			"/s/1": "/s/{x}|1", "/s/": "404", "/s/1/": "404", "/s/1/edit/2": "/s/{x}/edit/{y}|1|2",
			"/s/a%2Fb": "/s/{x}|a/b", "/s/a%252Fb": "/s/{x}|a%2Fb", "/s/a+b%20c": "/s/{x}|a+b c",
			"/s/%3F%25": "/s/{x}|?%", "/s/%C3%A9": "/s/{x}|é", "/s/%ff": "400", "/%73/1": "/s/{x}|1",
		}},
		{"the rest", []web.Rule{url("/f/{path...}")}, map[string]string{
			"/f/": "/f/{path...}|", "/f/a/b/": "/f/{path...}|a/b/", "/f": "404", "/f/a%2Fb": "/f/{path...}|a/b",
		}},
		{"encoded text in a pattern", []web.Rule{url("/a%2Fb/%41")}, map[string]string{
			"/a%2Fb/A": "/a%2Fb/%41", "/a%2fb/%41": "/a%2Fb/%41", "/a/b/A": "404",
		}},
		{"first match wins, over literals too", []web.Rule{url("/{x}"), url("/a"), url("/b/c"), url("/b/{x}"), url("/b/c")}, map[string]string{
			"/a": "/{x}|a", "/b/c": "/b/c", "/b/d": "/b/{x}|d",
		}},
		{"expressions", []web.Rule{re(`/old/([0-9]+)`), re(`/o(p)?(q)?/x`), re(`/a|/b`), re(`^/c$`)}, map[string]string{
			"/old/12": "/old/([0-9]+)|12", "/old/12x": "404", "/x/old/12": "404", "/old/": "404",
			"/oq/x": "/o(p)?(q)?/x||q", "/a": "/a|/b", "/b": "/a|/b", "/ab": "404", "/c": "^/c$",
		}},
		{"expressions see the path as sent", []web.Rule{re(`/%41`), url("/A"), re(`/v/(.*)`)}, map[string]string{
			"/%41": "/%41", "/A": "/A", "/v/a%2Fb+c": "/v/(.*)|a/b+c", "/v/%ff": "400",
		}},
		{"a value cut inside an encoding", []web.Rule{re(`/(..).*`)}, map[string]string{
			"/%41": "400", "/ab%41": "/(..).*|ab",
		}},
		{"many values", []web.Rule{url("/{a}/{b}/{c}/{d}/{e}/{f...}")}, map[string]string{
			"/1/2/3/4/5/6/7": "/{a}/{b}/{c}/{d}/{e}/{f...}|1|2|3|4|5|6/7",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := web.NewApplicationWith(quiet, tc.rules...)
			for path, want := range tc.paths {
				w := do(t, app, request("GET "+path))
				got := w.body.String()
				if w.status != 200 {
					got = map[int]string{400: "400", 404: "404"}[w.status]
				}
				if got != want {
					t.Errorf("%s went to %q (%d), want %q", path, got, w.status, want)
				}
			}
		})
	}
}

// guarded puts each rule under a guard that always holds, which keeps it out of the
// table of literal paths: the plain search in order is the specification.
func guarded(rules []web.Rule) []web.Rule {
	var out []web.Rule
	for _, r := range rules {
		out = append(out, web.Match(func(*httputil.Request) bool { return true }, r))
	}
	return out
}

// FuzzRouting holds that the short cuts of the router change nothing.
func FuzzRouting(f *testing.F) {
	rules := []web.Rule{
		url("/"), re(`/(\w)%(.*)`), url("/a/b"), url("/a/{x}"), url("/a/c"), url("/{x}/b"), url("/a%2Fb"),
		url("/d/{rest...}"), url("/d/e"), re(`/e(?P<n>f*)`), url("/eff"), url("/eg"),
	}
	fast := web.NewApplicationWith(quiet, rules...)
	plain := web.NewApplicationWith(quiet, guarded(rules)...)
	for _, seed := range []string{"/", "/a/b", "/a/c", "/x/b", "/%61/b", "/a%2Fb", "/d/e", "/eff", "/eg", "/a%zz", "/%ff/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		a, b := do(t, fast, request("GET "+path)), do(t, plain, request("GET "+path))
		if a.status != b.status || a.body.String() != b.body.String() {
			t.Errorf("%q went to %q (%d), by plain search to %q (%d)", path, a.body.String(), a.status, b.body.String(), b.status)
		}
	})
}

func TestRouting_Guards(t *testing.T) {
	app := web.NewApplicationWith(quiet,
		web.Host(`(www\.)?example\.com`, url("/"), url("/{x}")),
		web.Match(func(r *httputil.Request) bool { return r.Header.Has("X-Beta") },
			web.Host(`.*`, re(`/beta`)), re(`/`)),
		url("/plain"),
	)
	for _, tc := range []struct{ host, line, field, want string }{
		{"WWW.Example.com:8080", "GET /", "", "/"},
		{"example.com", "GET /plain", "", "/{x}|plain"},
		{"example.com.evil", "GET /plain", "", "/plain"},
		{"other", "GET /beta", "X-Beta: 1", "/beta"},
		{"other", "GET /plain", "X-Beta: 1", "/plain"},
		{"other", "GET /beta", "", ""},
	} {
		r := request(tc.line, tc.field)
		r.Host = tc.host
		w := do(t, app, r)
		if got := w.body.String(); w.status == 200 && got != tc.want || w.status != 200 && tc.want != "" {
			t.Errorf("%s on %s: %d %q, want %q", tc.line, tc.host, w.status, got, tc.want)
		}
	}
}

func TestMount(t *testing.T) {
	say := func(s string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(s + " " + r.URL.Path)) })
	}
	app := web.NewApplicationWith(quiet,
		url("/api/special"),
		web.Mount("/api/", say("api")),
		web.Mount("/whole", say("whole")),
		web.Mount("/inner", web.NewApplicationWith(quiet, url("/inner/x"))),
	)
	for path, want := range map[string]string{
		"/api/special": "/api/special", "/api/": "api /api/", "/api/a/b": "api /api/a/b", "/%61pi/x": "api /api/x",
		"/whole": "whole /whole", "/whole/x": "whole /whole/x", "/inner/x": "/inner/x",
	} {
		if w := do(t, app, request("GET "+path)); w.body.String() != want {
			t.Errorf("%s: %q, want %q", path, w.body.String(), want)
		}
	}
	for _, path := range []string{"/api", "/wholesale", "/inner/y"} {
		if w := do(t, app, request("GET "+path)); w.status != 404 {
			t.Errorf("%s: %d, want 404", path, w.status)
		}
	}
}

func TestPathValue(t *testing.T) {
	app := web.NewApplicationWith(quiet, web.Func("/{a}/{b...}", func(_ context.Context, h *web.RequestHandler) error {
		return h.Text(h.PathValue("a") + "," + h.PathValue("b") + "," + h.PathValue("c") + "," + h.PathValue(""))
	}))
	if got := do(t, app, request("GET /1/2/3")).body.String(); got != "1,2/3,," {
		t.Errorf("got %q", got)
	}
}

// TestServerOptions covers `OPTIONS *` (RFC 9110 §9.3.7).
func TestServerOptions(t *testing.T) {
	if w := do(t, web.NewApplicationWith(quiet), request("OPTIONS *")); w.status != 204 {
		t.Errorf("status %d, want 204", w.status)
	}
}
