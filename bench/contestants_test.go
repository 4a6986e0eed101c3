package bench_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/valyala/fasthttp"

	"eddy/bench"
	"eddy/bench/child"
	"eddy/httpserver"
	"eddy/web"
)

const hello = "Hello, World!"

// contestants serve hello as plain text on a listener's address until the process ends.
// They print the address.
var contestants = map[string]func() error{
	"eddy": func() error {
		app := web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}}, web.URL("/plaintext", plaintext{}))
		return bench.Serve(app, httpserver.Options{})
	},
	"nethttp": func() error {
		return bench.ServeNet(func(l net.Listener) error {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /plaintext", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				io.WriteString(w, hello)
			})
			return http.Serve(l, mux)
		})
	},
	"fasthttp": func() error {
		return bench.ServeNet(func(l net.Listener) error {
			return fasthttp.Serve(l, func(ctx *fasthttp.RequestCtx) {
				ctx.SetContentType("text/plain; charset=utf-8")
				ctx.SetBodyString(hello)
			})
		})
	},
}

type plaintext struct{ web.RequestHandler }

func (h *plaintext) Get(context.Context) error { return h.Text(hello) }

func TestMain(m *testing.M) {
	child.Main(func(name string) error { return contestants[name]() })
	os.Exit(m.Run())
}

func start(tb testing.TB, name string) *child.Process {
	tb.Helper()
	s, err := child.Start(child.Options{Role: name})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Stop() })
	if s.CPU() == 0 {
		tb.Skip("the CPU time of a process cannot be read here")
	}
	return s
}
