package web_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"strings"
	"sync"
	"testing"

	"eddy/web"
)

type etagHandler struct {
	web.RequestHandler
	tag string
}

func (h *etagHandler) Get(context.Context) error { return h.Text("x") }
func (h *etagHandler) ComputeETag() string       { return h.tag }

func TestETag(t *testing.T) {
	const auto = `"11f6ad8ec52a2984abaafd7c3b516503785c2072"` // of "x"
	rules := []web.Rule{
		web.Func("/auto", func(_ context.Context, h *web.RequestHandler) error { return h.Text("x") }),
		web.Func("/set", func(_ context.Context, h *web.RequestHandler) error {
			h.SetHeader("ETag", `W/"a,b"`)
			return h.Text("x")
		}),
		web.Func("/201", func(_ context.Context, h *web.RequestHandler) error {
			h.SetStatus(201)
			return h.Text("x")
		}),
		web.URL("/own", etagHandler{tag: `"own"`}),
		web.URL("/none", etagHandler{}),
		web.URL("/bad", etagHandler{tag: "\"\n\""}),
	}
	app := web.NewApplicationWith(quiet, rules...)
	for _, tc := range []struct {
		line, ifNoneMatch string
		status            int
		etag              string
	}{
		{"GET /auto", "", 200, auto},
		{"HEAD /auto", "", 200, auto},
		{"POST /auto", "", 200, ""},
		{"POST /auto", "*", 200, ""},
		{"GET /201", "", 201, ""},
		{"GET /set", "", 200, `W/"a,b"`},
		{"GET /own", "", 200, `"own"`},
		{"GET /none", "*", 200, ""},
		{"GET /bad", "", 500, ""},
		{"GET /auto", "*", 304, auto},
		{"HEAD /auto", " * ", 304, auto},
		{"GET /auto", auto, 304, auto},
		{"GET /auto", "W/" + auto, 304, auto},
		{"GET /auto", `"a" , W/"b",,` + auto, 304, auto},
		{"GET /auto", `"a,` + auto + `"`, 200, auto},
		{"GET /auto", `unquoted, ` + auto, 200, auto},
		{"GET /auto", `"open`, 200, auto},
		{"GET /auto", `"`, 200, auto},
		{"GET /auto", "", 200, auto},
		{"GET /set", `"a,b"`, 304, `W/"a,b"`},
		{"GET /set", `"a"`, 200, `W/"a,b"`},
	} {
		r := request(tc.line)
		if tc.ifNoneMatch != "" {
			r.Header.Append("If-None-Match", `"first"`)
			r.Header.Append("If-None-Match", tc.ifNoneMatch)
		}
		w := do(t, app, r)
		if w.status != tc.status || w.header.Get("Etag") != tc.etag {
			t.Errorf("%s If-None-Match %s: %d %s, want %d %s", tc.line, tc.ifNoneMatch, w.status, w.header.Get("Etag"), tc.status, tc.etag)
		}
		if tc.status == 304 && (w.body.Len() > 0 || w.header.Has("Content-Type")) {
			t.Errorf("%s: a 304 with body %q", tc.line, w.body.String())
		}
	}
}

// echo answers with its query, by all the ways in which a body comes about.
func echo(_ context.Context, h *web.RequestHandler) error {
	q := h.Request.Query
	switch {
	case strings.HasPrefix(q, "pieces"):
		h.WriteString(q[:3])
		h.WriteString(q[3:])
		return nil
	case strings.HasPrefix(q, "html"):
		return h.HTML(q)
	}
	return h.Text(q)
}

func tagOf(body string) string { return fmt.Sprintf(`"%x"`, sha1.Sum([]byte(body))) }

// TestETag_IsThatOfTheBody asks for bodies in an order in which a tag of an earlier one could be taken
// for the present one's: again, shorter, longer, empty, of the same length, beyond what is remembered.
func TestETag_IsThatOfTheBody(t *testing.T) {
	app := web.NewApplicationWith(quiet, web.Func("/", echo))
	long := strings.Repeat("x", 4<<10)
	for i, body := range []string{
		"", "a", "a", "b", "b", "a", "ab", "a", "", "", "pieces", "piece", "pieces", "html", "html", "htm",
		long, long, long + "x", long + "x", long + "y", long, long[1:] + "z", long,
	} {
		r := request("GET /")
		r.Query = body
		if got := do(t, app, r).header.Get("Etag"); got != tagOf(body) {
			t.Errorf("request %d, a body of %d bytes: %s, want %s", i, len(body), got, tagOf(body))
		}
	}
}

func TestETag_IsThatOfTheBodyUnderManyRequests(t *testing.T) {
	app := web.NewApplicationWith(quiet, web.Func("/", echo))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				body := strings.Repeat(string(rune('a'+(i+j/4)%5)), 1+j%3)
				r := request("GET /")
				r.Query = body
				if got := do(t, app, r).header.Get("Etag"); got != tagOf(body) {
					t.Errorf("%q: %s, want %s", body, got, tagOf(body))
				}
			}
		})
	}
	wg.Wait()
}
