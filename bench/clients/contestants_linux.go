package main

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"eddy/async"
	"eddy/httpclient"
	"eddy/loop"
)

// hello is what the server answers.
const hello = "Hello, World!"

// order is that of the tables.
var order = []string{"net/http", "fasthttp", "eddy", "eddy-coroutines", "eddy-futures"}

// fetch gets a URL and returns the length of what it gives.
type fetch func(ctx context.Context, url string) (int, error)

// contestant makes a client that is good for so many fetches at once, and says how to run a function
// as often.
type contestant func(conc int) (fetch, func(f func(context.Context)))

var contestants = map[string]contestant{
	"net/http": func(conc int) (fetch, func(func(context.Context))) {
		c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conc, DisableCompression: true}}
		return func(ctx context.Context, url string) (int, error) {
			r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
			if err != nil {
				return 0, err
			}
			resp, err := c.Do(r)
			if err != nil {
				return 0, err
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			return len(b), err
		}, goroutines(conc)
	},
	"fasthttp": func(conc int) (fetch, func(func(context.Context))) {
		c := &fasthttp.Client{MaxConnsPerHost: conc, ReadTimeout: 20 * time.Second}
		return func(_ context.Context, url string) (int, error) {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(resp)
			req.SetRequestURI(url)
			err := c.Do(req, resp)
			return len(resp.Body()), err
		}, goroutines(conc)
	},
	"eddy-futures": func(conc int) (fetch, func(func(context.Context))) {
		return later(conc), goroutines(conc)
	},
	"eddy": func(conc int) (fetch, func(func(context.Context))) {
		return eddy(conc, nil), goroutines(conc)
	},
	"eddy-coroutines": func(conc int) (fetch, func(func(context.Context))) {
		group, err := loop.NewGroup(0, loop.Options{})
		if err != nil {
			panic(err)
		}
		loops := group.Loops()
		return eddy(conc, group), func(f func(context.Context)) {
			for i := range conc {
				loops[i%len(loops)].Spawn(context.Background(), f)
			}
		}
	},
}

func newClient(conc int, group *loop.Group) *httpclient.Client {
	return httpclient.New(httpclient.Options{MaxClients: conc, NoDecompress: true, Group: group})
}

// later waits for a future, one of its own.
func later(conc int) fetch {
	c := newClient(conc, nil)
	return func(ctx context.Context, url string) (int, error) {
		r, err := c.Fetch(ctx, &httpclient.Request{URL: url}).Wait(ctx)
		if err != nil {
			return 0, err
		}
		return len(r.Body), nil
	}
}

// begin begins so many fetches, and has results told of each. Only those of futures need nobody who waits for each.
func begin(name string, c contestant, n int, url string, results chan<- error) {
	if name == "eddy-futures" {
		client := newClient(n, nil)
		futures := make([]*async.Future[*httpclient.Response], n)
		for i := range futures {
			futures[i] = client.Fetch(context.Background(), &httpclient.Request{URL: url})
		}
		go func() {
			for _, f := range futures {
				r, err := f.Wait(context.Background())
				if err == nil {
					err = check(len(r.Body))
				}
				results <- err
			}
		}()
		return
	}
	get, spread := c(n)
	spread(func(ctx context.Context) {
		size, err := get(ctx, url)
		if err == nil {
			err = check(size)
		}
		results <- err
	})
}

func check(size int) error {
	if size != len(hello) {
		return errAnswer
	}
	return nil
}

func eddy(conc int, group *loop.Group) fetch {
	c := newClient(conc, group)
	return func(ctx context.Context, url string) (int, error) {
		r, err := c.Get(ctx, url)
		if err != nil {
			return 0, err
		}
		return len(r.Body), nil
	}
}

func goroutines(conc int) func(func(context.Context)) {
	return func(f func(context.Context)) {
		for range conc {
			go f(context.Background())
		}
	}
}
