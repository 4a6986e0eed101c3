package main

import (
	"context"
	"sync/atomic"
	"time"

	"eddy"
	"eddy/async"
	"eddy/web"
)

// startUpstreams serves three sources to ask. The third one is slow now and then.
func startUpstreams() (sources []source, stop func(), err error) {
	var asked atomic.Int64
	server, err := eddy.New(web.NewApplicationWith(
		web.Settings{AccessLog: func(*web.RequestHandler) {}},
		upstream("/user", `{"name": "Ada"}`, func() time.Duration { return 5 * time.Millisecond }),
		upstream("/orders", `[{"id": 1, "what": "a loom"}]`, func() time.Duration { return 20 * time.Millisecond }),
		upstream("/news", `["an engine was begun"]`, func() time.Duration {
			if asked.Add(1)%3 == 0 {
				return 2 * time.Second
			}
			return 50 * time.Millisecond
		}),
	), eddy.Options{})
	if err != nil {
		return nil, nil, err
	}
	addr, err := server.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		server.Close()
		return nil, nil, err
	}
	for _, name := range []string{"user", "orders", "news"} {
		sources = append(sources, source{name, "http://" + addr.String() + "/" + name})
	}
	return sources, func() { server.Close() }, nil
}

func upstream(path, json string, takes func() time.Duration) web.Rule {
	return web.Func(path, func(ctx context.Context, h *web.RequestHandler) error {
		if err := async.Sleep(ctx, takes()); err != nil {
			return err
		}
		h.SetHeader("Content-Type", "application/json")
		_, err := h.WriteString(json)
		return err
	})
}
