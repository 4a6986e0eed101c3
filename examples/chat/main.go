// Command chat is a chat room for browsers, by long polling.
package main

import (
	"context"
	"embed"
	"flag"
	"io/fs"
	"log"
	"net/http"

	"eddy"
	"eddy/web"
)

//go:embed static
var static embed.FS

func newApplication(r *room) *web.Application {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the name is wrong
	}
	return web.NewApplicationWith(web.Settings{MaxBody: 16 << 10},
		web.URL("/messages", messages{room: r}),
		web.Mount("/", guard(http.FileServerFS(files))),
	)
}

// guard lets the page load nothing from elsewhere, run no script but its own, and be
// framed by nobody.
func guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy",
			"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		h.ServeHTTP(w, r)
	})
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "address to listen on")
	flag.Parse()
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

func run(addr string) error {
	server, err := newServer(newRoom())
	if err != nil {
		return err
	}
	defer server.Close()
	ctx := context.Background()
	if _, err := server.Listen(ctx, addr); err != nil {
		return err
	}
	return server.Run(ctx) // until Ctrl-C
}

// newServer returns a server of a room. Polls would end in their own time when it shuts
// down: the room sends them home first.
func newServer(r *room) (*eddy.Server, error) {
	return eddy.New(newApplication(r), eddy.Options{OnShutdown: r.close})
}
