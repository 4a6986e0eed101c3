// Command chat is a chat room for browsers, by long polling.
package main

import (
	"context"
	"embed"
	"flag"
	"io/fs"
	"log"

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
		web.URL("/{path...}", page{web.StaticFileHandler{
			Files: &web.StaticFiles{FS: []fs.FS{files}}, DefaultFilename: "index.html",
		}}),
	)
}

// A page is one of the files. It loads nothing from elsewhere, runs no script but its own, and is
// framed by nobody.
type page struct{ web.StaticFileHandler }

func (h *page) SetDefaultHeaders() {
	h.SetHeader("Content-Security-Policy",
		"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.SetHeader("X-Content-Type-Options", "nosniff")
	h.SetHeader("Referrer-Policy", "no-referrer")
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
