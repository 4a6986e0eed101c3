package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httpclient"
	"eddy/loop"
)

// A coroutine that is ended while it waits, as one is that goes on when its loop is closed, leaves no stream behind, and
// no place taken.
func TestHTTP2_EndedCoroutinesResetTheirStreams(t *testing.T) {
	begun := make(chan struct{}, 1)
	s, config := newH2(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			select {
			case begun <- struct{}{}:
			default:
			}
			<-r.Context().Done() // else the server does not end
		}
	})
	c := newClient(t, httpclient.Options{TLS: config, MaxClients: 1, QueueTimeout: judgeTime, RequestTimeout: -1, ReadTimeout: -1})
	g, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	g.Pick().Spawn(context.Background(), func(ctx context.Context) {
		defer close(ended)
		for {
			c.Get(context.WithoutCancel(ctx), s.URL+"/hold")
		}
	})
	<-begun
	g.Close()
	<-ended
	fetched(t, t.Context(), c, &httpclient.Request{URL: s.URL})
}

// What has come of a body that nobody reads holds nothing when its reader, or the client, is gone: leaktest counts.
func TestHTTP2_LeftBodiesHoldNothing(t *testing.T) {
	s, config := newH2(t, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 4<<20)) })
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, end := range []string{"close", "client", "context"} {
			c := httpclient.New(httpclient.Options{TLS: config})
			var left []*httpclient.Stream
			ctx, cancel := context.WithCancel(ctx)
			for range 20 {
				r, err := c.Stream(ctx, &httpclient.Request{URL: s.URL})
				if err != nil {
					t.Fatal(err)
				}
				io.ReadFull(r, make([]byte, 100<<10))
				left = append(left, r)
			}
			switch end {
			case "close":
				for _, r := range left {
					r.Close()
				}
			case "client":
				c.Close()
				if _, err := io.Copy(io.Discard, left[0]); !errors.Is(err, httpclient.ErrClosed) {
					t.Error(err)
				}
			case "context":
				cancel()
				if _, err := io.Copy(io.Discard, left[0]); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
			cancel()
			c.Close()
		}
	})
}

// Servers that break the protocol are told from those that are gone, and all that they send is bounded.
func TestHTTP2_HeadsAreJudged(t *testing.T) {
	many := make([]string, 0, 200)
	for i := range 100 {
		many = append(many, fmt.Sprintf("x-%d", i), "v")
	}
	for _, test := range []struct {
		name string
		f    func(c *frames, stream uint32)
	}{
		{"many fields", func(c *frames, s uint32) { c.answer(s, "200", "ok", many...) }},
		{"interim heads without end", func(c *frames, s uint32) {
			for range 1000 {
				c.answer(s, "103", "", "link", strings.Repeat("x", 100))
			}
		}},
		{"no status", func(c *frames, s uint32) { c.answer(s, "", "ok") }},
		{"a field in capitals", func(c *frames, s uint32) { c.answer(s, "200", "ok", "X-A", "b") }},
		{"a head over the limit", func(c *frames, s uint32) {
			c.answer(s, "200", "ok", "a", strings.Repeat("x", 5_000), "b", strings.Repeat("x", 5_000))
		}},
		{"a field over the limit, which ends the connection", func(c *frames, s uint32) { c.answer(s, "200", "ok", "x", strings.Repeat("x", 10_000)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := newFrames(t, nil, func(_ int, c *frames) {
				for stream := c.request(); stream != 0; stream = c.request() {
					test.f(c, stream)
				}
			})
			c := newH2Client(t, httpclient.Options{Limits: http1.Limits{HeaderFields: 50, HeaderBytes: 9000}, ReadTimeout: judgeTime})
			for range 2 {
				_, err := c.Get(t.Context(), url)
				e, ok := errors.AsType[*httpclient.Error](err)
				if !ok || e.Phase != httpclient.PhaseHead || errors.Is(err, httpclient.ErrCut) != strings.Contains(test.name, "connection") || e.Timeout() || !errors.As(err, new(*http1.Error)) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}
