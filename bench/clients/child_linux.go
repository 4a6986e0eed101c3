package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"eddy/async"
	"eddy/bench"
	"eddy/bench/child"
	"eddy/httpserver"
	"eddy/web"
)

// be is the server, or the client that orders name.
func be(role string) error {
	if role == "server" {
		return serve()
	}
	return obey(role)
}

// serve answers at once on /fast, and after a second on /slow.
func serve() error {
	app := web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}}, web.URL("/fast", fast{}), web.URL("/slow", slow{}))
	return bench.Serve(app, httpserver.Options{})
}

type fast struct{ web.RequestHandler }

func (h *fast) Get(context.Context) error { return h.Text(hello) }

type slow struct{ web.RequestHandler }

func (h *slow) Get(ctx context.Context) error {
	if err := async.Sleep(ctx, time.Second); err != nil {
		return err
	}
	return h.Text(hello)
}

// start starts a child, on one CPU unless that is negative.
func (o options) start(role string) (*child.Process, error) {
	c := child.Options{Role: role}
	if o.cpu >= 0 {
		c.Env = []string{"GOMAXPROCS=1"}
	}
	return child.StartOn(o.cpu, c)
}

// measure has one client measured in a process of its own.
func (o options) measure(name, url string) (r result, err error) {
	c, err := o.start(fmt.Sprint(name, " ", url, " ", o.conc, " ", int64(o.period), " ", o.inflight))
	if err != nil {
		return r, err
	}
	defer c.Stop()
	return r, json.Unmarshal([]byte(c.Said), &r)
}

// obey measures one client and prints the result.
func obey(orders string) error {
	var name, url string
	var o options
	if _, err := fmt.Sscan(orders, &name, &url, &o.conc, &o.period, &o.inflight); err != nil {
		return err
	}
	r, err := o.fetchMany(name, url)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
