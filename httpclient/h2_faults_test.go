package httpclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"eddy/http1"
	"eddy/httpclient"
	"eddy/internal/testcert"
	"eddy/tcp"
)

// newH2Client returns a client that trusts the servers of newFrames.
func newH2Client(t *testing.T, o httpclient.Options) *httpclient.Client {
	o.TLS = testcert.Shared().Client()
	return newClient(t, o)
}

func TestHTTP2_RequestsThatWereNotLookedAtAreSentAgain(t *testing.T) {
	for name, refuse := range map[string]func(c *frames, stream uint32){
		"REFUSED_STREAM": func(c *frames, stream uint32) { c.WriteRSTStream(stream, http2.ErrCodeRefusedStream) },
		"GOAWAY":         func(c *frames, stream uint32) { c.WriteGoAway(stream-2, http2.ErrCodeNo, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var refused atomic.Int32
			url := newFrames(t, nil, func(_ int, c *frames) {
				for {
					stream := c.request()
					if stream == 0 {
						return
					}
					if stream > 1 && refused.Add(1) == 1 {
						refuse(c, stream)
						continue
					}
					c.answer(stream, "200", "ok")
				}
			})
			inBoth(t, func(t *testing.T, ctx context.Context) {
				for kind, r := range bodyKinds("body") {
					refused.Store(0)
					c := newH2Client(t, httpclient.Options{})
					fetched(t, ctx, c, &httpclient.Request{URL: url})
					r.Method, r.URL = "POST", url
					resp, err := c.Do(ctx, r)
					if (err != nil || string(resp.Body) != "ok") && kind != "once" {
						t.Errorf("%s: %v", kind, err)
					}
					if kind == "once" && err == nil && refused.Load() > 2 {
						t.Error("a body that was gone was sent again")
					}
					c.Close()
				}
			})
		})
	}
}

func TestHTTP2_FaultsOfServers(t *testing.T) {
	for _, test := range []struct {
		name  string
		f     func(c *frames, stream uint32)
		phase httpclient.Phase
		err   error // nil: none
	}{
		{"reset", func(c *frames, s uint32) { c.WriteRSTStream(s, http2.ErrCodeInternal) }, httpclient.PhaseHead, httpclient.ErrCut},
		{"reset in the body", func(c *frames, s uint32) {
			c.answer(s, "200", "")
			c.WriteData(s, false, []byte("x"))
			c.WriteRSTStream(s, http2.ErrCodeInternal)
		}, httpclient.PhaseBody, httpclient.ErrCut},
		{"close", func(c *frames, s uint32) { c.conn.Close() }, httpclient.PhaseHead, httpclient.ErrCut},
		{"GOAWAY and the rest", func(c *frames, s uint32) {
			c.WriteGoAway(s, http2.ErrCodeNo, nil)
			c.answer(s, "200", "ok")
		}, "", nil},
		{"GOAWAY and close", func(c *frames, s uint32) {
			c.WriteGoAway(s, http2.ErrCodeNo, nil)
			c.conn.Close()
		}, httpclient.PhaseHead, httpclient.ErrCut},
		{"a long head", func(c *frames, s uint32) { c.answer(s, "200", "ok", "x-long", strings.Repeat("x", 5000)) }, httpclient.PhaseHead, nil},
		{"a length over the limit", func(c *frames, s uint32) { c.answer(s, "200", "", "content-length", "1001") }, httpclient.PhaseHead, httpclient.ErrBodyTooLarge},
		{"silence", func(c *frames, s uint32) {}, httpclient.PhaseHead, httpclient.ErrTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked atomic.Int32
			url := newFrames(t, nil, func(_ int, c *frames) {
				for {
					stream := c.request()
					if stream == 0 {
						return
					}
					asked.Add(1)
					test.f(c, stream)
				}
			})
			inBoth(t, func(t *testing.T, ctx context.Context) {
				asked.Store(0)
				o := httpclient.Options{MaxBody: 1000, Limits: http1.Limits{HeaderBytes: 3000}, MaxClients: 1}
				if test.err == httpclient.ErrTimeout {
					o.ReadTimeout = 50 * time.Millisecond
				}
				c := newH2Client(t, o)
				resp, err := c.Get(ctx, url)
				if test.phase == "" {
					if err != nil || string(resp.Body) != "ok" {
						t.Error(err)
					}
				} else if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != test.phase || test.err != nil && !errors.Is(err, test.err) {
					t.Errorf("%v", err)
				}
				if n := asked.Load(); n != 1 {
					t.Errorf("asked %d times", n)
				}
				// The place is free again.
				c.Do(ctx, &httpclient.Request{URL: url, RequestTimeout: judgeTime})
				if asked.Load() < 2 {
					t.Error("the place was lost")
				}
			})
		})
	}
}

// The rest of a response that redirects is not waited for, but reset.
func TestHTTP2_RedirectsAreNotWaitedFor(t *testing.T) {
	reset := make(chan uint32, 1)
	url := newFrames(t, nil, func(_ int, c *frames) {
		for {
			switch f := c.next().(type) {
			case nil:
				return
			case *http2.HeadersFrame:
				if f.StreamID%4 == 1 {
					c.answer(f.StreamID, "302", "", "location", "/end")
				} else {
					c.answer(f.StreamID, "200", "end")
				}
			case *http2.RSTStreamFrame:
				reset <- f.StreamID
			}
		}
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newH2Client(t, httpclient.Options{MaxClients: 1})
		for i := range 3 {
			if got := fetched(t, ctx, c, &httpclient.Request{URL: url}).Body; string(got) != "end" {
				t.Errorf("%q", got)
			}
			if stream := <-reset; stream != uint32(4*i+1) {
				t.Errorf("stream %d was reset", stream)
			}
		}
	})
}

// What nobody waits for any more is reset, whenever its context ends, and its place is free.
func TestHTTP2_ContextsEndRequests(t *testing.T) {
	for _, phase := range []string{"head", "body", "upload"} {
		t.Run(phase, func(t *testing.T) {
			reset := make(chan uint32, 10)
			begun := make(chan struct{}, 10)
			url := newFrames(t, nil, func(_ int, c *frames) {
				for {
					switch f := c.next().(type) {
					case nil:
						return
					case *http2.HeadersFrame:
						if phase == "body" {
							c.answer(f.StreamID, "200", "")
							c.WriteData(f.StreamID, false, []byte("x"))
						}
						if phase != "upload" {
							begun <- struct{}{}
						}
					case *http2.RSTStreamFrame:
						reset <- f.StreamID
					}
				}
			})
			inBoth(t, func(t *testing.T, ctx context.Context) {
				c := newH2Client(t, httpclient.Options{MaxClients: 1})
				for range 2 {
					ctx, cancel := context.WithCancel(ctx)
					r := &httpclient.Request{URL: url}
					stopped := make(chan error, 1)
					if phase == "upload" {
						r.Method = "POST"
						r.BodyProducer = func(ctx context.Context, w io.Writer) error {
							begun <- struct{}{}
							for {
								if _, err := w.Write(make([]byte, 10_000)); err != nil {
									stopped <- err
									return err
								}
							}
						}
					}
					go func() {
						<-begun
						cancel()
					}()
					_, err := c.Do(ctx, r)
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					<-reset
					if phase == "upload" {
						<-stopped
					}
				}
			})
		})
	}
}

func TestHTTP2_CloseEndsFetches(t *testing.T) {
	begun := make(chan struct{}, 10)
	url := newFrames(t, nil, func(_ int, c *frames) {
		for c.request() != 0 {
			begun <- struct{}{}
		}
	})
	for _, idle := range []bool{false, true} {
		c := newH2Client(t, httpclient.Options{})
		errs := make(chan error, 1)
		go func() {
			_, err := c.Get(context.Background(), url)
			errs <- err
		}()
		<-begun
		if idle {
			c.CloseIdle() // it is none
			select {
			case err := <-errs:
				t.Error("CloseIdle:", err)
			default:
			}
		}
		c.Close()
		if err := <-errs; !errors.Is(err, httpclient.ErrClosed) {
			t.Error(err)
		}
	}
}

// A server that takes few requests at once is given few on each connection.
func TestHTTP2_FewStreamsEach(t *testing.T) {
	const most, fetches = 10, 100
	url := newFrames(t, []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: most}}, func(_ int, c *frames) {
		var open atomic.Int32
		answers := &frames{http2.NewFramer(c.conn, nil), c.conn}
		var wg sync.WaitGroup
		defer wg.Wait()
		work := make(chan uint32, fetches)
		defer close(work)
		wg.Go(func() {
			for stream := range work {
				if len(work) < most-1 {
					time.Sleep(time.Millisecond) // so that there are many
				}
				open.Add(-1)
				answers.answer(stream, "200", "ok")
			}
		})
		for stream := c.request(); stream != 0; stream = c.request() {
			if open.Add(1) > most {
				t.Error("more than the server takes")
			}
			work <- stream
		}
	})
	c := newH2Client(t, httpclient.Options{})
	var wg sync.WaitGroup
	for range fetches {
		wg.Go(func() {
			if _, err := c.Get(context.Background(), url); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Many that come at once to a server that nobody knows yet make one connection.
func TestHTTP2_ColdStartDialsOnce(t *testing.T) {
	for _, h2 := range []bool{true, false} {
		var conns atomic.Int32
		s := newSecure(t, func(w http.ResponseWriter, r *http.Request) {}, h2)
		c := newH2Client(t, httpclient.Options{Allow: countAllow(&conns)})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if _, err := c.Get(context.Background(), s.URL); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := conns.Load(); h2 && n != 1 || n > 100 {
			t.Errorf("HTTP/2 %v: %d connections", h2, n)
		}
	}
}

// countAllow counts what is connected to.
func countAllow(n *atomic.Int32) func(netip.AddrPort) error {
	return func(netip.AddrPort) error { n.Add(1); return nil }
}

// resolverFunc is a resolver that knows nothing.
type resolverFunc func(ctx context.Context) error

func (f resolverFunc) Resolve(ctx context.Context, _ tcp.Query) ([]netip.AddrPort, error) {
	return nil, f(ctx)
}

// One whose time is over, or who is refused, does not leave the others waiting.
func TestHTTP2_ColdStartThatFails(t *testing.T) {
	boom := errors.New("boom")
	release := make(chan struct{})
	var tries atomic.Int32
	s := newSecure(t, func(http.ResponseWriter, *http.Request) {}, true)
	resolver := resolverFunc(func(ctx context.Context) error {
		if tries.Add(1) == 1 {
			<-ctx.Done()
			return ctx.Err()
		}
		<-release
		return boom
	})
	c := newH2Client(t, httpclient.Options{Resolver: resolver})
	url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.Get(ctx, url); !errors.Is(err, context.Canceled) {
			t.Error("the first one:", err)
		}
	})
	for tries.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		wg.Go(func() {
			if _, err := c.Get(t.Context(), url); !errors.Is(err, boom) {
				t.Error("one who waits:", err)
			}
		})
	}
	cancel()
	close(release)
	wg.Wait()
}
