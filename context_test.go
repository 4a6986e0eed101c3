package eddy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"eddy"
	"eddy/async"
	"eddy/httputil"
	"eddy/internal/testlog"
	"eddy/web"
)

// What Tornado had stack contexts for is ctx: the request's values and its end reach
// whatever is done on its behalf, and a panic there is that request's.

type ctxKey struct{}

// withValue is a middleware on Eddy's own seam.
func withValue(app *web.Application) http.Handler {
	return &middleware{app}
}

type middleware struct{ *web.Application }

func (m *middleware) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	m.Application.ServeRequest(context.WithValue(ctx, ctxKey{}, r.Query), w, r)
}

// ways are the ways in which code comes to run on behalf of a request. Each calls f with the
// context that such code is given, and waits for it.
var ways = map[string]func(ctx context.Context, f func(context.Context) error) error{
	"the handler itself": func(ctx context.Context, f func(context.Context) error) error { return f(ctx) },
	"a coroutine": func(ctx context.Context, f func(context.Context) error) error {
		return waitFor(ctx, f)
	},
	"a coroutine of a coroutine": func(ctx context.Context, f func(context.Context) error) error {
		return waitFor(ctx, func(ctx context.Context) error { return waitFor(ctx, f) })
	},
	"one of several": func(ctx context.Context, f func(context.Context) error) error {
		ok := func(context.Context) (int, error) { return 0, nil }
		_, err := async.Gather(ctx, async.Go(ctx, ok), async.Go(ctx, func(ctx context.Context) (int, error) { return 0, f(ctx) }))
		return err
	},
	"an executor": func(ctx context.Context, f func(context.Context) error) error {
		_, err := async.RunInExecutor(ctx, nil, func(ctx context.Context) (int, error) { return 0, f(ctx) }).Wait(ctx)
		return err
	},
	"a handler that has lost its loop": func(ctx context.Context, f func(context.Context) error) error {
		time.Sleep(5 * time.Millisecond)
		return f(ctx)
	},
	"a coroutine that has lost its loop": func(ctx context.Context, f func(context.Context) error) error {
		return waitFor(ctx, func(ctx context.Context) error {
			time.Sleep(5 * time.Millisecond)
			return f(ctx)
		})
	},
	"a goroutine of its own": func(ctx context.Context, f func(context.Context) error) error {
		var p async.Promise[int]
		go func() {
			defer func() {
				if v := recover(); v != nil {
					p.Reject(&async.PanicError{Value: v, Stack: []byte("panicHere")})
				}
			}()
			if err := f(ctx); err != nil {
				p.Reject(err)
			} else {
				p.Resolve(0)
			}
		}()
		_, err := p.Future().Wait(ctx)
		return err
	},
	"a lock": func(ctx context.Context, f func(context.Context) error) error {
		var l async.Lock
		if err := l.Lock(ctx); err != nil {
			return err
		}
		defer l.Unlock()
		return f(ctx)
	},
}

func waitFor(ctx context.Context, f func(context.Context) error) error {
	_, err := async.Go(ctx, func(ctx context.Context) (int, error) { return 0, f(ctx) }).Wait(ctx)
	return err
}

// served runs f with a server of handlers that go each way; place is forced on all.
func served(t *testing.T, do func(way string, ctx context.Context, h *web.RequestHandler) error, options ...web.RuleOption) (addr string, logs *testlog.Log) {
	t.Helper()
	logs, logger := testlog.New()
	var rules []web.Rule
	for i, way := range slices.Sorted(maps.Keys(ways)) {
		rules = append(rules, web.Func(fmt.Sprint("/", i), func(ctx context.Context, h *web.RequestHandler) error {
			return do(way, ctx, h)
		}, options...))
	}
	app := web.NewApplicationWith(web.Settings{Logger: logger}, rules...)
	server, err := eddy.New(withValue(app), eddy.Options{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	a, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return a.String(), logs
}

var forced = map[string][]web.RuleOption{"on the loop": {web.OnLoop()}, "in goroutines": {web.InGoroutine()}}

func TestContext_ValuesReachEverything(t *testing.T) {
	for place, options := range forced {
		t.Run(place, func(t *testing.T) {
			addr, _ := served(t, func(way string, ctx context.Context, h *web.RequestHandler) error {
				var value any
				err := ways[way](ctx, func(ctx context.Context) error {
					value = ctx.Value(ctxKey{})
					return nil
				})
				if err != nil {
					return err
				}
				return h.Text(fmt.Sprint(value))
			}, options...)
			for i, way := range slices.Sorted(maps.Keys(ways)) {
				resp, err := http.Get(fmt.Sprintf("http://%s/%d?%d", addr, i, i))
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(body) != fmt.Sprint(i) {
					t.Errorf("%s: the value is %q, want %d", way, body, i)
				}
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

func TestContext_TheClientsLeavingReachesEverything(t *testing.T) {
	for place, options := range forced {
		t.Run(place, func(t *testing.T) {
			begun := make(chan string, 1)
			ended := make(chan error, 1)
			addr, _ := served(t, func(way string, ctx context.Context, h *web.RequestHandler) error {
				return ways[way](ctx, func(ctx context.Context) error {
					begun <- way
					var never async.Event
					err := never.Wait(ctx)
					ended <- err
					return err
				})
			}, options...)
			for i := range len(ways) {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i)
				way := <-begun
				c.Close()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("%s: the wait ended with %v", way, err)
				}
			}
		})
	}
}

func TestContext_APanicIsItsRequests500(t *testing.T) {
	for place, options := range forced {
		t.Run(place, func(t *testing.T) {
			addr, logs := served(t, func(way string, ctx context.Context, h *web.RequestHandler) error {
				return ways[way](ctx, panicHere)
			}, options...)
			for i, way := range slices.Sorted(maps.Keys(ways)) {
				resp, err := http.Get(fmt.Sprintf("http://%s/%d", addr, i))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				log := logs.Take()
				if resp.StatusCode != 500 || resp.Header.Get("Connection") == "close" {
					t.Errorf("%s: %s %v", way, resp.Status, resp.Header)
				}
				if !strings.Contains(log, fmt.Sprintf("request failed: GET /%d", i)) || !strings.Contains(log, "panicHere") {
					t.Errorf("%s: the log does not tell the request and the place:\n%s", way, log)
				}
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

func panicHere(context.Context) error { panic("boom") }
