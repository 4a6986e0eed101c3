package httpserver

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"eddy/httputil"
	"eddy/internal/nethttp"
)

// http2Exchange is one request of HTTP/2 with its response. The engine runs it in a goroutine;
// what HTTP/1 promises a handler beyond net/http is kept here.
type http2Exchange struct {
	host   *http2Host
	writer http2Writer
	body   *http2Body // nil without one
	req    *http.Request
}

// ServeHTTP serves a request that the engine has read.
func (h *http2Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(http2ConnKey{}).(*http2Conn)
	if !c.acquire() {
		return // nobody is there, and the server does not wait any more
	}
	defer c.returned()
	if status, reason := h.check(r); status != 0 {
		h.refuse(w, r, status, reason)
		return
	}
	o := &h.server.options
	ctx, cancel := withCauses(r.Context(), o.RequestTimeout)
	defer cancel()
	x := &http2Exchange{host: h, req: r.WithContext(ctx)}
	x.writer.init(w.(http2ResponseWriter), r.Method, o.WriteTimeout)
	x.writer.last = c.isLast() || o.NoKeepAlive
	if r.ContentLength != 0 || r.Header["Content-Length"] != nil { // of 0 bytes, and yet its end has perhaps not come
		x.body = newHTTP2Body(o, &x.writer, r)
		x.req.Body, x.writer.body = x.body, x.body
	}
	if c.state != nil && r.TLS == nil { // the client says :scheme http, which changes nothing
		state := c.state()
		x.req.TLS = &state
	}
	if o.Proxies != nil {
		x.req = nethttp.Introduce(x.req, o.Proxies, o.Protocol)
	}
	x.run()
}

// check applies the rules and the limits of HTTP/1 that the engine does not know.
func (h *http2Host) check(r *http.Request) (status int, reason string) {
	limits := &h.server.options.Limits
	fields := 0
	for _, values := range r.Header {
		fields += len(values)
	}
	switch {
	case !httputil.IsToken(r.Method):
		return http.StatusBadRequest, "malformed method"
	case !isPathAndQuery(r.RequestURI), r.RequestURI == "*" && r.Method != http.MethodOptions && r.Method != "M-SEARCH":
		return http.StatusBadRequest, "malformed target"
	case !isLengthOf(r):
		return http.StatusBadRequest, "malformed Content-Length"
	case len(r.Method)+len(r.RequestURI)+len("  HTTP/2.0") > limits.RequestLine:
		return http.StatusRequestURITooLong, "request line too long"
	case fields > limits.HeaderFields:
		return http.StatusRequestHeaderFieldsTooLarge, "too many header fields"
	}
	return 0, ""
}

// isPathAndQuery reports whether s may be a target in a request line, too. A fragment is not sent (RFC 9113 §8.3.1).
func isPathAndQuery(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '#' {
			return false
		}
	}
	return true
}

// isLengthOf reports whether the field Content-Length, if it is there, says once what the engine has read of it. That takes
// the first of several, nonsense for none, and any with a head that ends its stream (RFC 9113 §8.1.1).
func isLengthOf(r *http.Request) bool {
	values := r.Header["Content-Length"]
	if len(values) == 0 {
		return true
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	return len(values) == 1 && err == nil && int64(n) == r.ContentLength
}

// refuse answers a request that is not served. Its stream ends; the connection goes on.
func (h *http2Host) refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	h.errors.info("malformed request", slog.Int("status", status), slog.String("reason", reason),
		slog.String("client", r.RemoteAddr))
	respondError(w, status, ": "+reason)
}

func respondError(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%d %s%s\n", status, http.StatusText(status), reason)
}

// withCauses returns ctx with the causes that HTTP/1 gives: the engine ends a request's context when
// the client has reset the stream or left. limit is the RequestTimeout, if there is one.
func withCauses(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	told, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(httputil.ErrClosed) })
	release := func() {}
	if limit > 0 {
		told, release = context.WithTimeoutCause(told, limit, httputil.ErrRequestTimeout)
	}
	return told, func() {
		stop()
		release()
		cancel(nil)
	}
}

func (x *http2Exchange) run() {
	returned := false
	defer func() {
		var p any
		if !returned {
			p = recover()
		}
		x.end(returned, p)
	}()
	nethttp.ServeAs(x.host.server.options.Protocol, &x.writer, x.req, x.host.server.handler)
	returned = true
}

// end ends the exchange, with what the handler has panicked with if it has not returned. A
// panic becomes a 500, or resets the stream if the response has begun or is to have no end.
func (x *http2Exchange) end(returned bool, panicked any) {
	if x.body != nil {
		x.body.watch.end()
	}
	if x.req.MultipartForm != nil {
		x.req.MultipartForm.RemoveAll() // the engine does it for the request that it made
	}
	failed := panicked != nil && panicked != http.ErrAbortHandler
	if failed {
		x.log("panic in a handler", slog.Any("panic", panicked), slog.String("stack", string(debug.Stack())))
	}
	short := returned && x.writer.short()
	if short {
		x.log("incomplete response", slog.Any("error", httputil.ErrBodyLength))
	}
	switch begun := x.writer.begun(); {
	case begun:
	case failed:
		clear(x.writer.Header())
		respondError(&x.writer, http.StatusInternalServerError, "")
		panicked = nil
	case returned:
		x.writer.WriteHeader(http.StatusOK) // as the engine would, but for what belongs to the last response
	}
	x.writer.end()
	if short || panicked != nil {
		panic(http.ErrAbortHandler) // RST_STREAM, without a word in the log
	}
}

func (x *http2Exchange) log(message string, more ...any) {
	x.host.server.options.Logger.Error(message,
		append(more, slog.String("method", x.req.Method), slog.String("path", x.req.URL.EscapedPath()))...)
}
