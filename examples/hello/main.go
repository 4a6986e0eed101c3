// Command hello is the smallest application: one handler that says hello.
package main

import (
	"context"
	"flag"
	"log"

	"eddy"
	"eddy/web"
)

// Main answers for the front page.
type Main struct{ web.RequestHandler }

// Get says hello.
func (h *Main) Get(ctx context.Context) error { return h.Text("Hello, world") }

func newApplication() *web.Application { return web.NewApplication(web.URL("/", Main{})) }

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "address to listen on")
	flag.Parse()
	if err := eddy.Run(context.Background(), *addr, newApplication()); err != nil {
		log.Fatal(err)
	}
}
