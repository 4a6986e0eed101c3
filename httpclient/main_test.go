package httpclient_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"eddy/httpclient"
	"eddy/internal/leaktest"
	"eddy/loop"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// newClient returns a client that ends with the test.
func newClient(t testing.TB, o httpclient.Options) *httpclient.Client {
	c := httpclient.New(o)
	t.Cleanup(func() { c.Close() })
	return c
}

// newServer returns a server of net/http that ends with the test, after the clients that were made later.
func newServer(t testing.TB, f http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s
}

// inBoth runs f in a goroutine and in a coroutine of a loop.
func inBoth(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Run("goroutine", func(t *testing.T) { f(t, context.Background()) })
	t.Run("coroutine", func(t *testing.T) {
		g, err := loop.NewGroup(1, loop.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		done := make(chan struct{})
		g.Pick().Spawn(context.Background(), func(ctx context.Context) {
			defer close(done)
			f(t, ctx)
		})
		<-done
	})
}

// fetched returns the response to r, which must be 200.
func fetched(t *testing.T, ctx context.Context, c *httpclient.Client, r *httpclient.Request) *httpclient.Response {
	t.Helper()
	resp, err := c.Do(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != 200 {
		t.Fatalf("status %d: %s", resp.Status, resp.Body)
	}
	return resp
}

// echo answers with the request's method, its Authorization and its body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // net/http does not read on once it has answered
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	io.WriteString(w, r.Method+" "+r.Header.Get("Authorization")+" ")
	w.Write(body)
}
