package nethttp

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"sync"

	"eddy/httputil"
	"eddy/internal/habit"
)

// Handler returns an httputil.Handler that answers by h. The request's context is the
// engine's; a panic in h, http.ErrAbortHandler among them, passes through to the engine.
//
// Whether h blocks is learned as for a route; if h is an *http.ServeMux that has been seen
// to block, for each of its patterns. The name for the log is the type, that of a function its
// own, and a number if there are several.
func Handler(h http.Handler) httputil.Handler {
	mux, ok := h.(*http.ServeMux)
	name := nameOf(h)
	if ok {
		name = "http.ServeMux, whose patterns are told apart"
	}
	return &hosted{Handler: h, mux: mux, whole: habit.New(names.unique(name), habit.Learned)}
}

type hosted struct {
	http.Handler
	whole    *habit.Habit
	mux      *http.ServeMux // nil if it is none
	patterns sync.Map       // from a pattern of mux to its *habit.Habit
}

// redirect is the type of what a ServeMux answers by for a path that it would rather have
// another way. Its pattern is that path, which the client has made up.
var redirect = reflect.TypeOf(http.RedirectHandler("/", http.StatusMovedPermanently))

// habitOf returns what a request follows. To find its pattern costs as much as to route it, so
// that is done only for a mux that blocks.
func (h *hosted) habitOf(req *http.Request) *habit.Habit {
	if h.mux == nil || !h.whole.Apart() {
		return h.whole
	}
	by, pattern := h.mux.Handler(req)
	if reflect.TypeOf(by) == redirect {
		pattern = ""
	}
	known, ok := h.patterns.Load(pattern)
	if !ok {
		known, _ = h.patterns.LoadOrStore(pattern, habit.New(pattern, habit.Learned))
	}
	return known.(*habit.Habit)
}

// ServeRequest translates the request, or hands on the originals when the engine is
// net/http itself.
func (h *hosted) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	if sw, ok := w.(*serveWriter); ok && sw.status == 0 && isOriginal(r, sw.req) {
		h.serveOriginal(ctx, sw)
		return
	}
	if r.Method == http.MethodOptions && r.URI == "*" {
		answer(w, http.StatusOK, "") // about the server, not about h: net/http does so, too
		return
	}
	c := &crossing{}
	req, err := c.request(ctx, r)
	if err != nil {
		answer(w, http.StatusBadRequest, "400 Bad Request")
		return
	}
	r.Follow(h.habitOf(req))
	c.w = responseWriter{w: w, ctx: ctx, method: r.Method, header: make(http.Header, 4), length: -1}
	h.ServeHTTP(&c.w, req)
	c.w.end()
	c.body.end()
	removeForm(req)
}

// isOriginal reports whether r's body is still that of the request that it was made of. A
// layer in between may have put another in its place.
func isOriginal(r *httputil.Request, of *http.Request) bool {
	b, ok := r.Body.(*serverBody)
	return ok && b.r == of
}

// serveOriginal lets h have net/http's own writer and request.
func (h *hosted) serveOriginal(ctx context.Context, w *serveWriter) {
	w.status = http.StatusOK
	req := w.req
	if ctx != req.Context() {
		req = req.WithContext(ctx)
		defer removeForm(req) // net/http knows its own request only
	}
	h.ServeHTTP(w.rw, req)
}

// removeForm removes the files of a form that h has parsed.
func removeForm(req *http.Request) {
	if req.MultipartForm != nil {
		_ = req.MultipartForm.RemoveAll() // what cannot be removed is the system's to clean up
	}
}

// answer is the whole response where h is not asked.
func answer(w httputil.ResponseWriter, status int, text string) {
	var header httputil.Header
	if text != "" {
		header.Append("Content-Type", "text/plain; charset=utf-8")
	}
	if w.WriteHead(status, "", &header, int64(len(text))) == nil {
		_, _ = io.WriteString(w, text)
	}
}
