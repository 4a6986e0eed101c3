package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"eddy/web"
)

type noMethods struct{ web.RequestHandler }

type onValue struct{ web.RequestHandler }

func (h onValue) Get(context.Context) error { return nil }

type byPointer struct{ *web.RequestHandler }

func (h *byPointer) Get(context.Context) error { return nil }

type base struct{ web.RequestHandler }

func (h *base) Get(context.Context) error { return h.Text("base") }

type derived struct{ base }

func (h *derived) Post(context.Context) error { return h.Text("derived") }

// TestRegistration holds that mistakes in a program's rules stop it at once, by a
// message that says what is wrong.
func TestRegistration(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func()
		want string
	}{
		{"no slash", func() { url("a") }, "slash"},
		{"empty", func() { url("") }, "slash"},
		{"open wildcard", func() { url("/{a") }, "segment"},
		{"closed only", func() { url("/a}") }, "}"},
		{"part of a segment", func() { url("/a{b}") }, "segment"},
		{"followed by text", func() { url("/{b}c") }, "segment"},
		{"bad name", func() { url("/{1}") }, "{1}"},
		{"no name", func() { url("/{}") }, "{}"},
		{"twice", func() { url("/{a}/{a}") }, "twice"},
		{"rest in the middle", func() { url("/{a...}/b") }, "end"},
		{"{$} in the middle", func() { url("/{$}/b") }, "end"},
		{"query", func() { url("/a?b") }, "?"},
		{"broken encoding", func() { url("/a%2") }, "percent"},
		{"expression", func() { re(`/(`) }, "missing closing"},
		{"mixed groups", func() { re(`/(?P<a>.)(.)`) }, "all named or all positional"},
		{"host", func() { web.Host(`(`) }, "missing closing"},
		{"mount without slash", func() { web.Mount("a", http.NotFoundHandler()) }, "slash"},
		{"mount with a name", func() { web.Mount("/a/", http.NotFoundHandler(), web.Name("a")) }, "Mount"},
		{"mount with methods", func() { web.Mount("/a/", http.NotFoundHandler(), web.Methods("GET")) }, "Func"},
		{"mount with wildcard", func() { web.Mount("/{a}", http.NotFoundHandler()) }, "plain path"},
		{"no methods", func() { web.URL("/", noMethods{}) }, "no method to answer with"},
		{"methods on the value", func() { web.URL("/", onValue{}) }, "pointer"},
		{"embedded by pointer, nil", func() { web.URL("/", byPointer{}) }, "by value"},
		{"embedded by pointer, shared", func() { web.URL("/", byPointer{&web.RequestHandler{}}) }, "by value"},
		{"Methods on a type", func() { web.URL("/", base{}, web.Methods("GET")) }, "Methods"},
		{"bad method", func() { web.Func("/", nil, web.Methods("G ET")) }, `"G ET"`},
		{"name twice", func() {
			web.NewApplication(web.URL("/a", base{}, web.Name("x")), web.Host("h", web.URL("/b", base{}, web.Name("x"))))
		}, `"x"`},
		{"zero rule", func() { web.NewApplication(web.Rule{}) }, "zero Rule"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				got := fmt.Sprint(recover())
				if !strings.Contains(got, tc.want) {
					t.Errorf("panic %q, want one about %q", got, tc.want)
				}
			}()
			tc.make()
		})
	}
}

func TestMethods(t *testing.T) {
	ok := func(_ context.Context, h *web.RequestHandler) error { return h.Text(h.Request.Method) }
	app := web.NewApplicationWith(quiet,
		web.Func("/all", ok),
		web.Func("/get", ok, web.Methods("GET")),
		web.Func("/post", ok, web.Methods("POST", "PURGE")),
		web.Func("/options", ok, web.Methods("OPTIONS")),
		web.URL("/derived", derived{}),
		web.URL("/both", bothHandler{}),
		web.URL("/each", eachHandler{}),
	)
	for _, tc := range []struct {
		line   string
		status int
		allow  string
		body   string
	}{
		{"GET /all", 200, "", "GET"},
		{"FOO /all", 200, "", "FOO"},
		{"OPTIONS /all", 200, "", "OPTIONS"},
		{"GET /get", 200, "", "GET"},
		{"HEAD /get", 200, "", "HEAD"},
		{"OPTIONS /get", 204, "GET, HEAD, OPTIONS", ""},
		{"POST /get", 405, "GET, HEAD, OPTIONS", ""},
		{"FOO /get", 405, "GET, HEAD, OPTIONS", ""},
		{"get /get", 405, "GET, HEAD, OPTIONS", ""},
		{"POST /post", 200, "", "POST"},
		{"PURGE /post", 200, "", "PURGE"},
		{"HEAD /post", 405, "POST, OPTIONS, PURGE", ""},
		{"FOO /post", 405, "POST, OPTIONS, PURGE", ""},
		{"OPTIONS /options", 200, "", "OPTIONS"},
		{"GET /derived", 200, "", "base"},
		{"POST /derived", 200, "", "derived"},
		{"PUT /derived", 405, "GET, HEAD, POST, OPTIONS", ""},
		{"GET /both", 200, "", "get"},
		{"HEAD /both", 200, "", "get"},
		{"PUT /both", 200, "", "any"},
		{"OPTIONS /both", 200, "", "any"},
		{"GET /each", 200, "", "Get"},
		{"HEAD /each", 200, "", "Head"},
		{"POST /each", 200, "", "Post"},
		{"PUT /each", 200, "", "Put"},
		{"DELETE /each", 200, "", "Delete"},
		{"PATCH /each", 200, "", "Patch"},
		{"OPTIONS /each", 200, "", "Options"},
		{"TRACE /each", 405, "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS", ""},
	} {
		w := do(t, app, request(tc.line))
		if w.status != tc.status || w.header.Get("Allow") != tc.allow || tc.body != "" && w.body.String() != tc.body {
			t.Errorf("%s: %d %q Allow %q", tc.line, w.status, w.body.String(), w.header.Get("Allow"))
		}
	}
}

type bothHandler struct{ web.RequestHandler }

func (h *bothHandler) Get(context.Context) error { return h.Text("get") }
func (h *bothHandler) Any(context.Context) error { return h.Text("any") }

type eachHandler struct{ web.RequestHandler }

func (h *eachHandler) Get(context.Context) error     { return h.Text("Get") }
func (h *eachHandler) Head(context.Context) error    { return h.Text("Head") }
func (h *eachHandler) Post(context.Context) error    { return h.Text("Post") }
func (h *eachHandler) Put(context.Context) error     { return h.Text("Put") }
func (h *eachHandler) Delete(context.Context) error  { return h.Text("Delete") }
func (h *eachHandler) Patch(context.Context) error   { return h.Text("Patch") }
func (h *eachHandler) Options(context.Context) error { return h.Text("Options") }
