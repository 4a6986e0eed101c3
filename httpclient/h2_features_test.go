package httpclient_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"eddy/httpclient"
	"eddy/httputil"
	"eddy/internal/testcert"
	"eddy/loop"
)

func TestHTTP2_HeadsAndBodiesOfEveryForm(t *testing.T) {
	s := newSecure(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		switch r.URL.Path {
		case "/gzip":
			h.Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, "unpacked")
			z.Close()
		case "/hints":
			w.WriteHeader(103)
			io.WriteString(w, "final")
		case "/204":
			w.WriteHeader(204)
		case "/length":
			h.Set("Content-Length", "5")
			io.WriteString(w, "12345")
		case "/fields":
			fmt.Fprintf(w, "%q %q %q %q %q", r.Header["Te"], r.Header["X-Hop"], r.Header["Connection"], r.Header["X-Own"], r.Header["User-Agent"])
		case "/order":
			for _, name := range []string{"C", "A", "B"} {
				h.Add("X-"+name, "1")
				h.Add("X-"+name, "2")
			}
		}
	}, true)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newH2Client(t, httpclient.Options{UserAgent: "-"})
		for _, test := range []struct {
			method, path, body string
			status             int
			length             int64
		}{
			{"GET", "/gzip", "unpacked", 200, 33},
			{"GET", "/hints", "final", 200, -1},
			{"GET", "/204", "", 204, 0},
			{"GET", "/length", "12345", 200, 5},
			{"HEAD", "/length", "", 200, 5},
			{"POST", "/none", "", 200, 0},
		} {
			resp, err := c.Do(ctx, &httpclient.Request{Method: test.method, URL: s.URL + test.path})
			if err != nil || resp.Status != test.status || string(resp.Body) != test.body {
				t.Errorf("%s %s: %v, %+v", test.method, test.path, err, resp)
			}
			if err == nil && test.path == "/length" && resp.ContentLength != test.length {
				t.Errorf("%s %s: a length of %d", test.method, test.path, resp.ContentLength)
			}
		}
		r := &httpclient.Request{URL: s.URL + "/fields"}
		for name, value := range map[string]string{"Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "trailers", "X-Own": "kept", "Keep-Alive": "x"} {
			r.Header.Set(name, value)
		}
		if got := fetched(t, ctx, c, r).Body; string(got) != `["trailers"] [] [] ["kept"] []` {
			t.Errorf("%s", got)
		}
		for range 5 {
			text := fetched(t, ctx, c, &httpclient.Request{URL: s.URL + "/order"}).Header.Text()
			if i := strings.Index(text, "X-A: 1\r\nX-A: 2\r\nX-B: 1\r\nX-B: 2\r\nX-C: 1\r\nX-C: 2\r\n"); i < 0 {
				t.Errorf("order: %q", text)
			}
		}
	})
}

// A request that changes the protocol has a connection of HTTP/1.1, also if the server is known to speak HTTP/2, and so has
// one that HTTP/2 was not offered for.
func TestHTTP2_IsNotOfferedWhereItCannotServe(t *testing.T) {
	s := newSecure(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }, true)
	both := testcert.Shared().Client()
	both.NextProtos = []string{"h2", "http/1.1"}
	only := testcert.Shared().Client()
	only.NextProtos = []string{"http/1.1"}
	inBoth(t, func(t *testing.T, ctx context.Context) {
		upgrade := new(httpclient.Request)
		upgrade.Header.Set("Connection", "upgrade")
		upgrade.Header.Set("Upgrade", "something")
		for _, test := range []struct {
			name string
			o    httpclient.Options
			r    *httpclient.Request
			want string
		}{
			{"as it is", httpclient.Options{}, new(httpclient.Request), "HTTP/2.0"},
			{"upgrade", httpclient.Options{}, upgrade, "HTTP/1.1"},
			{"NoHTTP2", httpclient.Options{NoHTTP2: true}, new(httpclient.Request), "HTTP/1.1"},
			{"NoHTTP2 with NextProtos", httpclient.Options{NoHTTP2: true}, &httpclient.Request{TLS: both}, "HTTP/1.1"},
			{"NextProtos of both", httpclient.Options{}, &httpclient.Request{TLS: both}, "HTTP/2.0"},
			{"NextProtos of HTTP/1.1", httpclient.Options{}, &httpclient.Request{TLS: only}, "HTTP/1.1"},
		} {
			c := newH2Client(t, test.o)
			for range 2 {
				test.r.URL = s.URL
				if got := fetched(t, ctx, c, test.r).Body; string(got) != test.want {
					t.Errorf("%s: %s", test.name, got)
				}
				if test.r == upgrade { // the server is known now
					fetched(t, ctx, c, &httpclient.Request{URL: s.URL})
				}
			}
		}
		if len(both.NextProtos) != 2 || both.NextProtos[0] != "h2" {
			t.Error("the caller's configuration was changed:", both.NextProtos)
		}
	})
}

// A server is asked for HTTP/2 with every connection, whatever it chose before.
func TestHTTP2_ServersChangeTheirMind(t *testing.T) {
	var h2 atomic.Bool
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		io.WriteString(w, r.Proto)
	}))
	s.EnableHTTP2, s.TLS = true, testcert.Shared().Server(t)
	config := s.TLS.Clone()
	s.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		config := config.Clone()
		config.NextProtos = []string{"http/1.1"}
		if h2.Load() {
			config.NextProtos = []string{"h2"}
		}
		return config, nil
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newH2Client(t, httpclient.Options{})
		for i := range 6 {
			h2.Store(i%2 == 1)
			want := "HTTP/1.1"
			if i%2 == 1 {
				want = "HTTP/2.0"
			}
			if got := fetched(t, ctx, c, &httpclient.Request{URL: s.URL}).Body; string(got) != want {
				t.Errorf("%s, want %s", got, want)
			}
			c.CloseIdle()
		}
	})
}

// What is not read stays with the server but for the window of a stream.
func TestHTTP2_SlowReadersHoldUpTheirServer(t *testing.T) {
	var sent atomic.Int64
	s := newSecure(t, func(w http.ResponseWriter, r *http.Request) {
		for range 1000 {
			n, err := w.Write(make([]byte, 16<<10))
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}, true)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		sent.Store(0)
		c := newH2Client(t, httpclient.Options{})
		r, err := c.Stream(ctx, &httpclient.Request{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		for last := int64(-1); last != sent.Load(); { // until it does not move
			last = sent.Load()
			time.Sleep(50 * time.Millisecond)
		}
		if n := sent.Load(); n > 3<<20 {
			t.Errorf("%d bytes were sent to nobody", n)
		}
		// Others on the connection go on meanwhile.
		fetched(t, ctx, c, &httpclient.Request{Method: "HEAD", URL: s.URL})
		if n, err := io.Copy(io.Discard, r); n != 1000*16<<10 || err != nil {
			t.Error(n, err)
		}
		r.Close()
	})
}

// A producer runs where its caller does, and waits for the server without holding up its loop.
func TestHTTP2_ProducersAreAsSlowAsTheServer(t *testing.T) {
	release := make(chan struct{}, 1)
	s := newSecure(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	}, true)
	const size = 5_000_000
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newH2Client(t, httpclient.Options{})
		var written atomic.Int64
		on := loop.FromContext(ctx)
		body := func(ctx context.Context, w io.Writer) error {
			if on != nil && (loop.FromContext(ctx) == nil || loop.FromContext(ctx).Loop() != on.Loop() || !loop.FromContext(ctx).Current()) {
				t.Error("the producer of a coroutine is none")
			}
			for range size / 10_000 {
				n, err := w.Write(make([]byte, 10_000))
				if written.Add(int64(n)); err != nil {
					return err
				}
			}
			return nil
		}
		go func() {
			for last := int64(-1); last != written.Load() || last == 0; {
				last = written.Load()
				time.Sleep(50 * time.Millisecond)
			}
			if n := written.Load(); n > size/2 {
				t.Errorf("%d bytes were taken from it", n)
			}
			if on != nil && on.Loop().Stats().Away > 0 {
				t.Error("the producer blocks and does not park")
			}
			release <- struct{}{}
		}()
		resp := fetched(t, ctx, c, &httpclient.Request{Method: "POST", URL: s.URL, BodyProducer: body})
		if string(resp.Body) != fmt.Sprint(size) {
			t.Errorf("%s", resp.Body)
		}
	})
}

func TestHTTP2_FaultsOfBodies(t *testing.T) {
	s := newSecure(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }, true)
	boom := errors.New("boom")
	write := func(text string, err error) func(context.Context, io.Writer) error {
		return func(_ context.Context, w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			return err
		}
	}
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newH2Client(t, httpclient.Options{MaxClients: 1})
		for name, test := range map[string]struct {
			r   httpclient.Request
			err error
		}{
			"error":     {httpclient.Request{BodyProducer: write("x", boom)}, boom},
			"too short": {httpclient.Request{BodyProducer: write("x", nil), BodyLength: 2}, httputil.ErrBodyLength},
			"too long":  {httpclient.Request{BodyProducer: write("abc", nil), BodyLength: 2}, httputil.ErrBodyLength},
			"panic":     {httpclient.Request{BodyProducer: func(context.Context, io.Writer) error { panic(boom) }}, nil},
		} {
			test.r.Method, test.r.URL = "POST", s.URL
			_, err := c.Do(ctx, &test.r)
			if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != httpclient.PhaseSend || test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		fetched(t, ctx, c, &httpclient.Request{URL: s.URL})
	})
}

func TestHTTP2_EarlyAnswersAndExpectations(t *testing.T) {
	var read atomic.Int64
	s := newSecure(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/early" {
			w.WriteHeader(413)
			io.WriteString(w, "too much")
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		read.Store(n)
	}, true)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newH2Client(t, httpclient.Options{ExpectTimeout: time.Minute})
		body := func() io.Reader { return strings.NewReader(strings.Repeat("x", 10_000_000)) }
		resp, err := c.Do(ctx, &httpclient.Request{Method: "POST", URL: s.URL + "/early", BodyReader: body()})
		if err != nil || resp.Status != 413 || string(resp.Body) != "too much" {
			t.Errorf("early: %v", err)
		}
		asked := &httpclient.Request{Method: "POST", URL: s.URL + "/early", ExpectContinue: true, BodyReader: bodyFunc(func([]byte) (int, error) {
			t.Error("the body was read that nobody asked for")
			return 0, io.EOF
		})}
		if resp, err = c.Do(ctx, asked); err != nil || resp.Status != 413 {
			t.Errorf("refused: %v", err)
		}
		read.Store(0)
		fetched(t, ctx, c, &httpclient.Request{Method: "POST", URL: s.URL, ExpectContinue: true, BodyReader: body()})
		if read.Load() != 10_000_000 {
			t.Errorf("%d bytes came", read.Load())
		}
	})
}

type bodyFunc func(p []byte) (int, error)

func (f bodyFunc) Read(p []byte) (int, error) { return f(p) }

// A connection whose server wants no more requests there is not used again.
func TestHTTP2_LostConnectionsAreReplaced(t *testing.T) {
	var conns atomic.Int32
	url := newFrames(t, nil, func(n int, c *frames) {
		conns.Add(1)
		c.answer(c.request(), "200", "ok")
		if n == 0 {
			c.WriteGoAway(1, http2.ErrCodeNo, nil)
			c.next()
			return
		}
		c.answer(c.request(), "200", "ok")
	})
	c := newH2Client(t, httpclient.Options{})
	for range 3 {
		fetched(t, t.Context(), c, &httpclient.Request{URL: url})
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections", n)
	}
}
