// Command blocking shows that a handler which blocks does not stop the others. Its page asks
// for /fast all the time and draws how long the answers take, while you let other
// handlers park, block and compute beside it.
//
//	go run ./examples/blocking
//
// then open http://127.0.0.1:8888/, or measure /fast by a tool of your own while
//
//	curl 'http://127.0.0.1:8888/blocks?ms=500'
//
// runs a few times at once.
package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"flag"
	"log"
	"net/http"
	"strconv"
	"time"

	"eddy"
	"eddy/async"
	"eddy/loop"
	"eddy/web"
)

//go:embed page.html
var page string

// Front is the page.
type Front struct{ web.RequestHandler }

// Get sends the page.
func (h *Front) Get(context.Context) error {
	h.SetHeader("Content-Type", "text/html; charset=utf-8")
	_, err := h.WriteString(page)
	return err
}

// Fast answers at once, on the loop.
type Fast struct{ web.RequestHandler }

// Get answers.
func (h *Fast) Get(context.Context) error { return h.Text("fast") }

// Parks waits by its context: the loop serves others meanwhile.
type Parks struct{ web.RequestHandler }

// Get waits.
func (h *Parks) Get(ctx context.Context) error {
	d, err := duration(&h.RequestHandler)
	if err != nil {
		return err
	}
	if err := async.Sleep(ctx, d); err != nil {
		return err
	}
	return h.Text("parked")
}

// Blocks stands for a driver, a lock or a file that knows nothing of loops. After about a
// millisecond the loop goes on without it, and after three such requests the route
// starts in a goroutine at once.
type Blocks struct{ web.RequestHandler }

// Get blocks.
func (h *Blocks) Get(context.Context) error {
	d, err := duration(&h.RequestHandler)
	if err != nil {
		return err
	}
	time.Sleep(d)
	return h.Text("blocked")
}

// Computes keeps a processor busy. The loop goes on without it, but has one processor less.
type Computes struct{ web.RequestHandler }

// Get computes.
func (h *Computes) Get(ctx context.Context) error {
	d, err := duration(&h.RequestHandler)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(h.Request.URI))
	for end := time.Now().Add(d); time.Now().Before(end); {
		if ctx.Err() != nil {
			return ctx.Err() // nobody waits for the answer any more
		}
		for range 1000 {
			sum = sha256.Sum256(sum[:])
		}
	}
	return h.Text("computed")
}

// duration returns the request's argument ms, at most ten seconds.
func duration(h *web.RequestHandler) (time.Duration, error) {
	text, err := h.QueryArgumentOr("ms", "200")
	if err != nil {
		return 0, err
	}
	ms, err := strconv.Atoi(text)
	if err != nil || ms < 0 || ms > 10_000 {
		return 0, web.Errorf(http.StatusBadRequest, "ms must be a number from 0 to 10000")
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// State tells what the loops have done so far.
type State struct {
	web.RequestHandler
	Stats func() loop.GroupStats
}

// Get answers with the loops' numbers.
func (h *State) Get(context.Context) error { return h.JSON(h.Stats().Total) }

func newApplication(stats func() loop.GroupStats) *web.Application {
	return web.NewApplication(
		web.URL("/state", State{Stats: stats}),
		web.URL("/", Front{}),
		web.URL("/fast", Fast{}),
		web.URL("/parks", Parks{}),
		web.URL("/blocks", Blocks{}),                        // it is learned that this blocks,
		web.URL("/known", Blocks{}, web.InGoroutine()),      // and this is said
		web.URL("/computes", Computes{}, web.InGoroutine()), // this, too
	)
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "listen on `address`")
	flag.Parse()
	if err := run(context.Background(), *addr); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string) error {
	server, err := newServer(eddy.Options{})
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Listen(ctx, addr); err != nil {
		return err
	}
	return server.Run(ctx) // until Ctrl-C
}

// newServer returns a server of an application that shows the server's own numbers.
func newServer(o eddy.Options) (*eddy.Server, error) {
	var server *eddy.Server
	app := newApplication(func() loop.GroupStats { return server.Stats() })
	server, err := eddy.New(app, o)
	return server, err
}
