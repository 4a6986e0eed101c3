package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"eddy/httputil"
	"eddy/web"
)

// sink is an engine that costs nothing, so that only web is measured.
type sink struct{ status, body int }

func (s *sink) SetTrailer(*httputil.Header) error { return nil }

func (s *sink) WriteHead(status int, _ string, _ *httputil.Header, _ int64) error {
	s.status = status
	return nil
}

func (s *sink) Write(p []byte) (int, error) { s.body += len(p); return len(p), nil }
func (s *sink) Flush() error                { return nil }
func (s *sink) Finish() error               { return nil }

var quiet = web.Settings{Logger: slog.New(slog.DiscardHandler)}

func get(path string) *httputil.Request {
	return &httputil.Request{Method: "GET", URI: path, Path: path, Version: httputil.HTTP11, Body: http.NoBody}
}

type textHandler struct{ web.RequestHandler }

func (h *textHandler) Get(context.Context) error { return h.Text("Hello, World!") }

type jsonHandler struct{ web.RequestHandler }

func (h *jsonHandler) Get(context.Context) error {
	return h.JSON(struct {
		Message string `json:"message"`
	}{"Hello, World!"})
}

type valueHandler struct{ web.RequestHandler }

func (h *valueHandler) Get(context.Context) error { return h.Text(h.PathValue("id")) }

func benchmark(b *testing.B, app *web.Application, path string) {
	ctx, r := context.Background(), get(path)
	var s sink
	app.ServeRequest(ctx, &s, r)
	if s.status != 200 || s.body == 0 {
		b.Fatalf("status %d, %d bytes", s.status, s.body)
	}
	b.ReportAllocs()
	for b.Loop() {
		app.ServeRequest(ctx, &s, r)
	}
}

func BenchmarkText(b *testing.B) {
	benchmark(b, web.NewApplicationWith(quiet, web.URL("/", textHandler{})), "/")
}

func BenchmarkJSON(b *testing.B) {
	benchmark(b, web.NewApplicationWith(quiet, web.URL("/", jsonHandler{})), "/")
}

// fiftyRules is an application's usual mix; the benchmarks ask for its last ones.
func fiftyRules() *web.Application {
	var rules []web.Rule
	for i := range 25 {
		rules = append(rules,
			web.URL(fmt.Sprintf("/section%d/", i), textHandler{}),
			web.URL(fmt.Sprintf("/section%d/{id}/edit", i), valueHandler{}))
	}
	return web.NewApplicationWith(quiet, rules...)
}

func BenchmarkRoute50(b *testing.B) {
	b.Run("literal", func(b *testing.B) { benchmark(b, fiftyRules(), "/section24/") })
	b.Run("wildcard", func(b *testing.B) { benchmark(b, fiftyRules(), "/section24/4711/edit") })
}

// TestAllocations holds the promise of the package: the handler, its path values and the body. The Etag is
// that of the request before, unless a collection, or the race detector, has emptied the pool.
func TestAllocations(t *testing.T) {
	app, ctx, r := fiftyRules(), context.Background(), get("/section24/4711/edit")
	var s sink
	least := 100.0
	for range 20 {
		least = min(least, testing.AllocsPerRun(1, func() { app.ServeRequest(ctx, &s, r) }))
	}
	if least > 3 {
		t.Errorf("%v allocations a request, want at most 3", least)
	}
}
