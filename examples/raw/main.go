// Command raw is a server that is a plain function of the request: no application, no routes.
//
//	go run ./examples/raw
//	curl -d hello http://127.0.0.1:8888/some/path
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"eddy"
	"eddy/httpserver"
	"eddy/httputil"
)

func answer(ctx context.Context, r *httputil.Request, body []byte) httpserver.Response {
	return httpserver.Text(200, fmt.Sprintf("You requested %s with %d bytes\n", r.URI, len(body)))
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "address to listen on")
	flag.Parse()
	if err := eddy.Run(context.Background(), *addr, httpserver.Func(answer)); err != nil {
		log.Fatal(err)
	}
}
