package web_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/web"
)

// hookHandler notes the order of its calls, and does at each what the test says.
type hookHandler struct {
	web.RequestHandler
	calls  *[]string
	do     map[string]func(h *hookHandler) error
	visits int // counts on the request's own copy
}

func (h *hookHandler) note(call string) error {
	*h.calls = append(*h.calls, call)
	h.visits++
	if f := h.do[call]; f != nil {
		return f(h)
	}
	return nil
}

func (h *hookHandler) SetDefaultHeaders()            { h.note("defaults") }
func (h *hookHandler) Prepare(context.Context) error { return h.note("prepare") }
func (h *hookHandler) Get(context.Context) error     { return h.note("get") }
func (h *hookHandler) Post(context.Context) error    { return h.note("post") }
func (h *hookHandler) OnFinish()                     { h.note("finish") }

func (h *hookHandler) WriteError(_ context.Context, status int, err error) error {
	if err := h.note("error"); err != nil {
		return err
	}
	return h.Text("page for " + http.StatusText(status))
}

func (h *hookHandler) LogError(_ context.Context, err error) { h.note("log") }

type does = map[string]func(h *hookHandler) error

func fails(err error) func(*hookHandler) error { return func(*hookHandler) error { return err } }
func panics(v any) func(*hookHandler) error    { return func(*hookHandler) error { panic(v) } }

func TestLifecycle(t *testing.T) {
	broken := errors.New("broken")
	flush := func(h *hookHandler) error { return h.Flush(context.Background()) }
	for _, tc := range []struct {
		name   string
		method string
		do     does
		calls  string
		status int
		body   string
		cut    bool
	}{
		{name: "plain", calls: "defaults prepare get finish", status: 200},
		{name: "method missing", method: "PUT", calls: "defaults log defaults error finish", status: 405,
			body: "page for Method Not Allowed"},
		{name: "options", method: "OPTIONS", calls: "defaults prepare finish", status: 204},
		{name: "prepare finishes", do: does{"prepare": func(h *hookHandler) error { h.Text("p"); return h.Finish() }},
			calls: "defaults prepare finish", status: 200, body: "p"},
		{name: "prepare fails", do: does{"prepare": fails(&web.HTTPError{Status: 403})},
			calls: "defaults prepare log defaults error finish", status: 403, body: "page for Forbidden"},
		{name: "method fails", do: does{"get": fails(broken)},
			calls: "defaults prepare get log defaults error finish", status: 500, body: "page for Internal Server Error"},
		{name: "method panics", do: does{"get": panics("no")},
			calls: "defaults prepare get log defaults error finish", status: 500, body: "page for Internal Server Error"},
		{name: "panic with a status is a 500", do: does{"get": panics(&web.HTTPError{Status: 404})},
			calls: "defaults prepare get log defaults error finish", status: 500, body: "page for Internal Server Error"},
		{name: "error page fails", do: does{"get": fails(&web.HTTPError{Status: 404}), "error": fails(broken)},
			calls: "defaults prepare get log defaults error log finish", status: 404,
			body: "<html><title>404: Not Found</title><body>404: Not Found</body></html>"},
		{name: "error page panics", do: does{"get": fails(broken), "error": panics("no")},
			calls: "defaults prepare get log defaults error log finish", status: 500,
			body: "<html><title>500: Internal Server Error</title><body>500: Internal Server Error</body></html>"},
		{name: "logging panics", do: does{"get": fails(broken), "log": panics("no")},
			calls: "defaults prepare get log defaults error finish", status: 500, body: "page for Internal Server Error"},
		{name: "default headers panic", do: does{"defaults": panics("no")},
			calls: "defaults log defaults log finish", status: 500,
			body: "<html><title>500: Internal Server Error</title><body>500: Internal Server Error</body></html>"},
		{name: "OnFinish panics", do: does{"finish": panics("no")}, calls: "defaults prepare get finish", status: 200},
		{name: "quiet end", do: does{"get": func(h *hookHandler) error { h.Text("so far"); return web.ErrFinish }},
			calls: "defaults prepare get finish", status: 200, body: "so far"},
		{name: "quiet end in prepare", do: does{"prepare": fails(web.ErrFinish)}, calls: "defaults prepare finish", status: 200},
		{name: "error after finish", do: does{"get": func(h *hookHandler) error { h.Finish(); return broken }},
			calls: "defaults prepare get log finish", status: 200},
		{name: "error after the head", do: does{"get": func(h *hookHandler) error { flush(h); return broken }},
			calls: "defaults prepare get log finish", status: 200, cut: true},
		{name: "panic after the head", do: does{"get": func(h *hookHandler) error { flush(h); panic("no") }},
			calls: "defaults prepare get log finish", status: 200, cut: true},
		{name: "abort", do: does{"get": panics(http.ErrAbortHandler)},
			calls: "defaults prepare get finish", status: 0, cut: true},
		{name: "client gone", do: does{"get": fails(httputil.ErrClosed)},
			calls: "defaults prepare get finish", status: 0},
		{name: "SendError", do: does{"get": func(h *hookHandler) error { return h.SendError(context.Background(), 410) }},
			calls: "defaults prepare get defaults error finish", status: 410, body: "page for Gone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var calls []string
			app := web.NewApplicationWith(quiet, web.URL("/", hookHandler{calls: &calls, do: tc.do}))
			if tc.method == "" {
				tc.method = "GET"
			}
			var w recorder
			w.serve(t.Context(), app, request(tc.method+" /"))
			if got := strings.Join(calls, " "); got != tc.calls {
				t.Errorf("calls %q\nwant  %q", got, tc.calls)
			}
			if w.status != tc.status || tc.body != "" && w.body.String() != tc.body {
				t.Errorf("%d %q, want %d %q", w.status, w.body.String(), tc.status, tc.body)
			}
			if cut := w.panicked == http.ErrAbortHandler; cut != tc.cut {
				t.Errorf("panic %v; want the connection cut: %v", w.panicked, tc.cut)
			}
		})
	}
}

// TestFreshHandler holds that a request cannot see what another left in its handler.
func TestFreshHandler(t *testing.T) {
	var calls []string
	app := web.NewApplicationWith(quiet, web.URL("/", hookHandler{calls: &calls, do: does{
		"get": func(h *hookHandler) error {
			if h.visits != 3 {
				t.Errorf("visits %d, want 3", h.visits)
			}
			return nil
		},
	}}))
	for range 3 {
		do(t, app, request("GET /"))
	}
}

// TestGoexit holds that OnFinish is called when a method ends its goroutine.
func TestGoexit(t *testing.T) {
	var calls []string
	app := web.NewApplicationWith(quiet, web.URL("/", hookHandler{calls: &calls, do: does{
		"get": func(h *hookHandler) error { runtime.Goexit(); return nil },
	}}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		app.ServeRequest(context.Background(), &recorder{}, request("GET /"))
	}()
	<-done
	if got := strings.Join(calls, " "); got != "defaults prepare get finish" {
		t.Errorf("calls %q", got)
	}
}

type closeHandler struct {
	web.RequestHandler
	cancel context.CancelFunc
	leave  bool
	events chan string
}

func (h *closeHandler) Get(ctx context.Context) error {
	if h.leave {
		h.cancel()
		<-ctx.Done()
	}
	return ctx.Err()
}

func (h *closeHandler) OnFinish() { h.events <- "finish" }

func (h *closeHandler) OnConnectionClose() {
	h.events <- "close"
	panic("contained")
}

func TestOnConnectionClose(t *testing.T) {
	for leave, want := range map[bool]string{true: "close finish", false: "finish"} {
		ctx, cancel := context.WithCancel(t.Context())
		events := make(chan string, 4)
		app, j := logged(web.URL("/", closeHandler{cancel: cancel, leave: leave, events: events}))
		var w recorder
		w.serve(ctx, app, request("GET /"))
		cancel() // as an engine does when ServeRequest has returned
		close(events)
		var got []string
		for e := range events {
			got = append(got, e)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("events %q, want %q", got, want)
		}
		if leave {
			mustContain(t, "log", j.text(), "OnConnectionClose", "contained", "WARN 499 GET / ")
		}
	}
}
