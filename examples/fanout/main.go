// Command fanout is a page made of what several servers say: it asks all at once and, when its time is up, answers
// with what has come.
//
//	go run ./examples/fanout
//	curl http://127.0.0.1:8888/
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"strings"
	"time"

	"eddy"
	"eddy/httpclient"
	"eddy/web"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "listen on `address`")
	deadline := flag.Duration("deadline", 300*time.Millisecond, "answer after this `long`, with what is there")
	var sources []source
	flag.Func("source", "ask a `server`, name=URL, for JSON; again for more; default: three of its own", func(s string) error {
		name, url, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want name=URL")
		}
		sources = append(sources, source{name, url})
		return nil
	})
	flag.Parse()
	if err := run(*addr, *deadline, sources); err != nil {
		log.Fatal(err)
	}
}

func run(addr string, deadline time.Duration, sources []source) error {
	if len(sources) == 0 {
		own, stop, err := startUpstreams()
		if err != nil {
			return err
		}
		defer stop()
		sources = own
	}
	client := newClient()
	defer client.Close()
	return eddy.Run(context.Background(), addr, newApplication(client, sources, deadline))
}

// newClient returns the client that all requests share, and with it connections and bounds: a server that is slow
// gets no more than 50 requests at once, and others have their turn.
func newClient() *httpclient.Client {
	return httpclient.New(httpclient.Options{MaxPerHost: 50, MaxBody: 1 << 20})
}

func newApplication(client *httpclient.Client, sources []source, deadline time.Duration) *web.Application {
	return web.NewApplication(web.URL("/", Page{client: client, sources: sources, deadline: deadline}))
}
