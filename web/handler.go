package web

import (
	"context"
	"net/http"
	"time"

	"eddy/httputil"
)

// RequestHandler is what every handler type embeds, by value: the request, and the
// response under construction. One goroutine at a time may use it, and only until the
// handler's method returns.
//
// Its memory is one allocation together with the handler that embeds it. The usual few
// header fields lie inside.
type RequestHandler struct {
	// Request is the request to answer. A handler that streams an upload reads
	// Request.Body itself instead of calling Body.
	Request *httputil.Request

	app   *Application
	entry *entry
	self  Handler // the handler that embeds this
	w     httputil.ResponseWriter

	header httputil.Header
	body   []byte    // output that is held back
	rare   *rarities // nil until something of it is needed
	input  *input    // nil until the request's body is asked for

	status   int16
	headSent bool
	finished bool
	aborted  bool // the connection is to be cut

	// Few answers have more fields, and many are no longer.
	fieldStorage [3]httputil.Field
	bodyStorage  [32]byte
}

// rarities are what few requests have.
type rarities struct {
	reason  string // of the status, "" for its own
	failed  error  // the first refused header field or status; it ends in a 500
	args    []string
	storage [2]string // for args
}

func (h *RequestHandler) uncommon() *rarities {
	if h.rare == nil {
		h.rare = new(rarities)
	}
	return h.rare
}

// failure returns what latch has kept.
func (h *RequestHandler) failure() error {
	if h.rare == nil {
		return nil
	}
	return h.rare.failed
}

func (h *RequestHandler) handler() *RequestHandler { return h }

func (h *RequestHandler) init(a *Application, e *entry, self Handler, w httputil.ResponseWriter, r *httputil.Request, args []string) {
	h.Request, h.app, h.entry, h.self, h.w = r, a, e, self, w
	if len(args) > 0 {
		rare := h.uncommon()
		rare.args = append(rare.storage[:0], args...) // they lie on the router's stack
	}
	h.header = httputil.HeaderOver(h.fieldStorage[:])
	h.body = h.bodyStorage[:0]
}

// PathValue returns the decoded value of a wildcard {name} or of a named group of a
// regular expression; "" if the pattern has none of that name.
func (h *RequestHandler) PathValue(name string) string {
	for i, n := range h.entry.pattern.names {
		if n == name && n != "" {
			return h.rare.args[i]
		}
	}
	return ""
}

// PathArgs returns the decoded values of all wildcards or groups, in the pattern's order.
func (h *RequestHandler) PathArgs() []string {
	if h.rare == nil {
		return nil
	}
	return h.rare.args
}

// Application returns the application that the request came to.
func (h *RequestHandler) Application() *Application { return h.app }

// ReverseURL is [Application.ReverseURL].
func (h *RequestHandler) ReverseURL(name string, args ...any) (string, error) {
	return h.app.ReverseURL(name, args...)
}

// Elapsed returns the time since the request's head was complete.
func (h *RequestHandler) Elapsed() time.Duration {
	if h.Request.Start.IsZero() { // a request made by hand
		return 0
	}
	return time.Since(h.Request.Start)
}

// serve takes one request from SetDefaultHeaders to the access log.
func (h *RequestHandler) serve(ctx context.Context) {
	// Deferred, so that it also runs when the method ends its goroutine (t.FailNow does).
	defer h.end(ctx)
	h.reset()
	err := h.invoke(ctx)
	if err == nil && !h.finished {
		err = h.Finish()
	}
	if err != nil {
		h.fail(ctx, err)
	}
}

// invoke runs the handler's own code; a panic in it becomes an error.
func (h *RequestHandler) invoke(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	rt := h.entry.route
	h.setDefaults()
	v := rt.verbFor(h.Request.Method)
	if v == verbNone {
		return errMethodNotAllowed
	}
	h.entry.follow(h.Request, v)
	if rt.has(hookClose) {
		defer h.watch(ctx)()
	}
	if rt.has(hookPrepare) {
		if err := h.self.(Preparer).Prepare(ctx); err != nil || h.finished {
			return err
		}
	}
	if v == verbAllow {
		h.setField("Allow", rt.allow)
		return h.noContent()
	}
	return v.call(ctx, h.self)
}

func (h *RequestHandler) noContent() error {
	h.SetStatus(http.StatusNoContent)
	return h.Finish()
}

// watch calls OnConnectionClose when ctx is cancelled before the returned function is
// called. That one waits for a call under way, so that OnFinish comes after it.
func (h *RequestHandler) watch(ctx context.Context) (stop func()) {
	called := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(called)
		h.connectionClosed(ctx)
	})
	return func() {
		switch {
		case !cancel():
			<-called
		case ctx.Err() != nil: // cancelled just now: the method may have seen it first
			h.connectionClosed(ctx)
		}
	}
}

func (h *RequestHandler) connectionClosed(ctx context.Context) {
	defer h.contain(ctx, "OnConnectionClose")
	h.self.(ConnectionCloser).OnConnectionClose()
}

// end comes last, whatever happened before.
func (h *RequestHandler) end(ctx context.Context) {
	// Deferred, as what comes before it may panic, or be the first to ask for the form.
	defer h.closeForm(ctx)
	if h.entry.route.has(hookFinish) {
		h.finish(ctx)
	}
	h.logAccess(ctx)
	if h.aborted {
		panic(http.ErrAbortHandler)
	}
}

func (h *RequestHandler) finish(ctx context.Context) {
	defer h.contain(ctx, "OnFinish")
	h.self.(Finisher).OnFinish()
}
