package eddy_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"eddy"
	"eddy/http1"
	"eddy/httpserver"
	"eddy/web"
)

// A server with limits of its own. A program that does nothing else calls server.Run(ctx) at its end: that waits for
// a signal, and shuts the server down.
func ExampleNew() {
	ctx := context.Background()
	app := web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}},
		web.Func("/", func(_ context.Context, h *web.RequestHandler) error { return h.Text("hello") }))
	server, err := eddy.New(app, eddy.Options{
		HTTP: httpserver.Options{
			Limits:         http1.Limits{Body: 1 << 20},
			IdleTimeout:    5 * time.Minute,
			MaxConnections: 100_000,
		},
		DrainTimeout: 10 * time.Second,
		Logger:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	addr, err := server.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + addr.String() + "/")
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	fmt.Println(resp.Status, string(body))
	fmt.Println(server.Shutdown(ctx))
	// Output:
	// 200 OK hello
	// <nil>
}
