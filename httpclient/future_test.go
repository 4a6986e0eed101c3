package httpclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpclient"
	"eddy/internal/testcert"
	"eddy/loop"
	"eddy/tcp"
)

func TestFetch_IsWhatDoReturns(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch n, _ := strconv.Atoi(r.URL.Query().Get("n")); {
		case n > 0:
			http.Redirect(w, r, "/?n="+strconv.Itoa(n-1), http.StatusTemporaryRedirect)
		case r.URL.Path == "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(gzipped("decoded"))
		default:
			echo(w, r)
		}
	}
	trusting := testcert.Shared().Client()
	for _, s := range []string{newServer(t, handler).URL, newSecure(t, handler, false).URL, newSecure(t, handler, true).URL} {
		inBoth(t, func(t *testing.T, ctx context.Context) {
			c := newClient(t, httpclient.Options{TLS: trusting})
			for name, r := range map[string]httpclient.Request{
				"GET":       {URL: s},
				"a body":    {Method: "PUT", URL: s + "?n=3", Body: []byte("body")},
				"a reader":  {Method: "PUT", URL: s + "?n=1", BodyReader: strings.NewReader("body")},
				"a coding":  {URL: s + "/gzip"},
				"redirects": {URL: s + "?n=9"},
				"a URL":     {URL: "ftp://host"},
				"a method":  {Method: "A B", URL: s},
			} {
				want, wrong := c.Do(ctx, &r)
				if reader, ok := r.BodyReader.(io.Seeker); ok {
					reader.Seek(0, io.SeekStart)
				}
				got, err := c.Fetch(ctx, &r).Wait(ctx)
				if (err == nil) != (wrong == nil) || err != nil && err.Error() != wrong.Error() {
					t.Fatalf("%s: %v, of Do %v", name, err, wrong)
				}
				if err == nil && (string(got.Body) != string(want.Body) || got.Status != want.Status || len(got.History) != len(want.History)) {
					t.Errorf("%s: %d %q, of Do %d %q", name, got.Status, got.Body, want.Status, want.Body)
				}
			}
		})
	}
}

func TestFetch_ManyAtOnce(t *testing.T) {
	s := newServer(t, echo)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{MaxClients: 10})
		futures := make([]*async.Future[*httpclient.Response], 300)
		for i := range futures {
			futures[i] = c.Fetch(ctx, &httpclient.Request{Method: "POST", URL: s.URL, Body: []byte(strconv.Itoa(i))})
		}
		all, err := async.Gather(ctx, futures...)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range all {
			if string(r.Body) != "POST  "+strconv.Itoa(i) {
				t.Errorf("%d: %q", i, r.Body)
			}
		}
	})
}

func TestFetch_Ends(t *testing.T) {
	hold := make(chan struct{})
	s := newServer(t, func(http.ResponseWriter, *http.Request) { <-hold })
	defer close(hold)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{MaxClients: 1})
		short, cancel := context.WithCancel(ctx)
		future := c.Fetch(short, &httpclient.Request{URL: s.URL})
		queued := c.Fetch(short, &httpclient.Request{URL: s.URL})
		async.Sleep(ctx, 20*time.Millisecond)
		cancel()
		for _, f := range []*async.Future[*httpclient.Response]{future, queued} {
			if _, err := f.Wait(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("by its context: %v", err)
			}
		}
		future = c.Fetch(ctx, &httpclient.Request{URL: s.URL, RequestTimeout: 20 * time.Millisecond})
		if _, err := future.Wait(ctx); !errors.Is(err, httpclient.ErrTimeout) {
			t.Errorf("by its limit: %v", err)
		}
		future = c.Fetch(ctx, &httpclient.Request{URL: s.URL})
		async.Sleep(ctx, 20*time.Millisecond)
		closed := async.Go(context.Background(), func(context.Context) (struct{}, error) { return struct{}{}, c.Close() })
		if _, err := future.Wait(ctx); !errors.Is(err, httpclient.ErrClosed) {
			t.Errorf("with the client: %v", err)
		}
		closed.Wait(ctx)
		_, err := c.Fetch(ctx, &httpclient.Request{URL: s.URL}).Wait(ctx)
		failsIn(t, err, "queue", httpclient.ErrClosed)
	})
}

// panicking is a jar that does not survive its use.
type panicking struct{ http.CookieJar }

// panickingResolver is a resolver that does not, either.
type panickingResolver struct{}

func (panickingResolver) Resolve(context.Context, tcp.Query) ([]netip.AddrPort, error) {
	panic("resolver")
}

func TestFetch_PanicsAreErrors(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		io.WriteString(w, "ok")
	})
	for phase, o := range map[httpclient.Phase]httpclient.Options{
		httpclient.PhaseRequest: {Jar: panicking{}},
		httpclient.PhaseResolve: {Resolver: panickingResolver{}},
	} {
		c := newClient(t, o)
		_, err := c.Fetch(t.Context(), &httpclient.Request{URL: strings.Replace(s.URL, "127.0.0.1", "name", 1)}).Wait(t.Context())
		if e, ok := err.(*httpclient.Error); !ok || e.Phase != phase {
			t.Errorf("%v", err)
		}
		if _, ok := errors.AsType[*async.PanicError](err); !ok {
			t.Errorf("%v", err)
		}
	}
}

// A body that waits to be asked for is sent after the fetch has been begun.
func TestFetch_BodyWaitsToBeAskedFor(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Write(b)
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{})
		r := &httpclient.Request{Method: "POST", URL: s.URL, Body: []byte("body"), ExpectContinue: true}
		resp, err := c.Fetch(ctx, r).Wait(ctx)
		if err != nil || string(resp.Body) != "body" {
			t.Errorf("%v, %+v", err, resp)
		}
	})
}

// Goexit in code of the user settles the future, and gives back what the fetch holds.
func TestFetch_GoexitEndsIt(t *testing.T) {
	onFakeNet(t, httpclient.Options{CheckRedirect: func(*httpclient.Redirect) error { runtime.Goexit(); return nil }}, func(n *fakeNet) {
		f := n.client.Fetch(context.Background(), &httpclient.Request{URL: server})
		synctest.Wait()
		n.answer("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 5\r\n\r\n")
		_, err := f.Wait(context.Background())
		if _, ok := errors.AsType[*httpclient.Error](err); !ok {
			t.Errorf("%T %v", err, err)
		}
	})
}

// Every future is settled and every place given back, whoever ends what, and when.
func TestFetch_SettlesWheneverAllEnds(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		echo(w, r)
	})
	for round := range 12 {
		g, err := loop.NewGroup(2, loop.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := httpclient.New(httpclient.Options{Group: g, MaxClients: 20})
		ctx, cancel := context.WithCancel(context.Background())
		futures := make([]*async.Future[*httpclient.Response], 200)
		for i := range futures {
			futures[i] = c.Fetch(async.Quiet(ctx), &httpclient.Request{URL: s.URL})
		}
		futures[round*15].Wait(context.Background())
		switch round % 3 {
		case 0:
			cancel()
		case 1:
			c.Close()
		default:
			g.Close()
		}
		for _, f := range futures {
			if _, err := f.Wait(context.Background()); err != nil {
				if _, ok := err.(*httpclient.Error); !ok {
					t.Errorf("%T %v", err, err)
				}
			}
		}
		c.Close()
		g.Close()
		if active, queued, _ := c.Busy(); active != 0 || queued != 0 {
			t.Errorf("%d places are taken, %d wait", active, queued)
		}
		cancel()
	}
}
