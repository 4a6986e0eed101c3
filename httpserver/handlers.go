package httpserver

import (
	"context"
	"net/http"

	"eddy/httputil"
	"eddy/internal/nethttp"
)

// HTTPHandler returns h as an http.Handler, for net/http's server, its middleware, and whatever else
// takes one. A web.Application needs no such thing. On Eddy's own server it stays h: what takes an
// http.Handler there (eddy.New, web.Mount) finds it inside.
//
// Under net/http a custom reason phrase is dropped; a response of unknown length ends when h
// returns, not at Finish; and an error page is net/http's. All else is as on Eddy, by HTTP/2 too: h may
// read the request while it writes the response, and a response without a head becomes a 500.
func HTTPHandler(h httputil.Handler) http.Handler { return hosted{h} }

// Handler returns h as an httputil.Handler, for [New]. What eddy.New and web.Mount take needs no
// such thing. docs/handlers.md says what h can rely on, and in what it differs from net/http.
//
// Whether h blocks its loop is learned as for a route; if it is an *http.ServeMux, for each of its patterns.
func Handler(h http.Handler) httputil.Handler {
	if native, ok := h.(httputil.Handler); ok {
		return native
	}
	return nethttp.Handler(h)
}

// hosted is both kinds of handler.
type hosted struct{ h httputil.Handler }

func (h hosted) ServeHTTP(w http.ResponseWriter, r *http.Request) { nethttp.Serve(w, r, h.h) }

func (h hosted) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	h.h.ServeRequest(ctx, w, r)
}
