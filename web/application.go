package web

import (
	"context"
	"fmt"
	"net/http"

	"eddy/httputil"
	"eddy/httputil/compress"
	"eddy/internal/nethttp"
)

// Application is a set of rules and settings that answers requests. It is an
// httputil.Handler, for Eddy's server, and an http.Handler, for every other. It does not
// change once made; any number of goroutines may use it.
type Application struct {
	settings   Settings
	router     router
	named      map[string]*pattern
	compressor *compress.Compressor // nil if no rule wants it
}

var (
	_ httputil.Handler = (*Application)(nil)
	_ http.Handler     = (*Application)(nil)
)

// NewApplication returns an application with the default [Settings]. It panics if two
// rules have the same name.
func NewApplication(rules ...Rule) *Application {
	return NewApplicationWith(Settings{}, rules...)
}

// NewApplicationWith is [NewApplication] with settings. It also panics if those of compression, which is
// wanted, are wrong.
func NewApplicationWith(settings Settings, rules ...Rule) *Application {
	settings.fill()
	a := &Application{settings: settings, named: make(map[string]*pattern)}
	flat := flatten(flatten(nil, settings.staticRules(), nil), rules, nil)
	for _, e := range flat {
		if a.compressor == nil && a.packs(e) {
			a.compressor = compress.New(settings.Compress)
		}
		if e.name == "" {
			continue
		}
		if a.named[e.name] != nil {
			panic(fmt.Sprintf("web: two rules are named %q", e.name))
		}
		a.named[e.name] = e.pattern
	}
	a.router = newRouter(flat)
	return a
}

// ServeRequest answers a request by the first rule that matches it, or with 404.
func (a *Application) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	var storage [4]string
	e, args, err := a.router.find(r, storage[:0])
	switch {
	case err != nil:
		e = &badPath
	case e == nil && r.Method == http.MethodOptions && r.Path == "*":
		e = &serverOptions
	case e == nil:
		e = &notFound
	case e.packing == packNever:
		leave(w)
	case a.compressor != nil && a.packs(e):
		a.servePacked(ctx, e, args, w, r)
		return
	}
	a.serve(ctx, e, args, w, r)
}

// serve answers a request by the rule that it goes to.
func (a *Application) serve(ctx context.Context, e *entry, args []string, w httputil.ResponseWriter, r *httputil.Request) {
	if e.mounted != nil {
		e.follow(r, verbAny)
		e.mounted.ServeRequest(ctx, w, r)
		return
	}
	self := e.route.fresh()
	h := self.handler()
	h.init(a, e, self, w, r, args)
	h.serve(ctx)
}

// ServeHTTP answers a request of net/http. It also makes an application a target for
// [Mount] and a handler for net/http's middleware.
func (a *Application) ServeHTTP(w http.ResponseWriter, r *http.Request) { nethttp.Serve(w, r, a) }

// ReverseURL returns the path that leads to the rule called name, with args in the
// places of its wildcards or groups, formatted as by fmt.Sprint and percent-encoded. It
// fails for an unknown name, a wrong number of arguments, arguments that would not lead
// back to the rule, and patterns that have no one path, such as alternatives.
func (a *Application) ReverseURL(name string, args ...any) (string, error) {
	p := a.named[name]
	if p == nil {
		return "", fmt.Errorf("web: no rule is named %q", name)
	}
	return p.reverse(args)
}

// What answers when no rule does.
var (
	badPath       = entry{pattern: &pattern{}, route: newRoute(ErrorHandler{Status: http.StatusBadRequest})}
	notFound      = entry{pattern: &pattern{}, route: newRoute(ErrorHandler{Status: http.StatusNotFound})}
	serverOptions = entry{pattern: &pattern{}, route: newRoute(optionsHandler{})}
)

// optionsHandler answers `OPTIONS *`, which asks about the server as a whole
// (RFC 9110 §9.3.7).
type optionsHandler struct{ RequestHandler }

func (h *optionsHandler) Options(context.Context) error { return h.noContent() }
