package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"eddy/httputil"
	"eddy/web"
)

// A recorder is an engine that keeps the response. By it a test sees a request through
// to its very end, logs and hooks included, without a connection.
type recorder struct {
	status   int
	reason   string
	header   httputil.Header
	length   int64
	body     strings.Builder
	flushes  int
	finishes int
	writeErr error // what Write answers, if set
	panicked any   // what came out of ServeRequest
}

func (w *recorder) WriteHead(status int, reason string, header *httputil.Header, length int64) error {
	w.status, w.reason, w.header, w.length = status, reason, header.Clone(), length
	return nil
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.writeErr != nil {
		return 0, w.writeErr
	}
	return w.body.Write(p)
}

func (w *recorder) SetTrailer(*httputil.Header) error { return w.writeErr }

func (w *recorder) Flush() error  { w.flushes++; return w.writeErr }
func (w *recorder) Finish() error { w.finishes++; return w.writeErr }

func (w *recorder) serve(ctx context.Context, app *web.Application, r *httputil.Request) {
	defer func() { w.panicked = recover() }()
	app.ServeRequest(ctx, w, r)
}

// request makes a request by hand: "GET /path?query".
func request(line string, fields ...string) *httputil.Request {
	method, uri, _ := strings.Cut(line, " ")
	path, query, _ := strings.Cut(uri, "?")
	r := &httputil.Request{Method: method, URI: uri, Path: path, Query: query, Version: httputil.HTTP11, Body: http.NoBody}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Append(name, value)
	}
	return r
}

func withBody(r *httputil.Request, contentType, body string) *httputil.Request {
	r.Header.Append("Content-Type", contentType)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return r
}

// do answers one request and returns everything of the answer.
func do(t *testing.T, app *web.Application, r *httputil.Request) *recorder {
	t.Helper()
	var w recorder
	w.serve(t.Context(), app, r)
	if w.panicked != nil {
		t.Fatalf("%s %s: panic: %v", r.Method, r.URI, w.panicked)
	}
	return &w
}

// A journal keeps what was logged, a line each: level, message, attributes.
type journal struct {
	mu    sync.Mutex
	lines []string
	level slog.Level
}

func (j *journal) Enabled(_ context.Context, l slog.Level) bool { return l >= j.level }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	return nil
}

func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }
func (j *journal) WithGroup(string) slog.Handler      { return j }

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, "\n")
}

// logged returns an application that logs into a journal.
func logged(rules ...web.Rule) (*web.Application, *journal) {
	j := &journal{}
	return web.NewApplicationWith(web.Settings{Logger: slog.New(j)}, rules...), j
}

// answering returns an application whose only path "/" is answered by f.
func answering(f func(ctx context.Context, h *web.RequestHandler) error) *web.Application {
	return web.NewApplicationWith(quiet, web.Func("/", f))
}

func mustContain(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s has no %q:\n%s", what, part, text)
		}
	}
}
