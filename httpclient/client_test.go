package httpclient_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"eddy/httpclient"
	"eddy/loop"
)

func TestGet(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.URL.Path) }))
	defer s.Close()
	c := httpclient.New(httpclient.Options{})
	defer c.Close()
	for range 3 {
		r, err := c.Get(context.Background(), s.URL+"/x")
		if err != nil {
			t.Fatal(err)
		}
		if string(r.Body) != "hello /x" || r.Status != 200 {
			t.Errorf("%d %q", r.Status, r.Body)
		}
	}
	g, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	err = g.Pick().Do(context.Background(), func(ctx context.Context) error {
		r, err := c.Get(ctx, s.URL+"/y")
		if err == nil && string(r.Body) != "hello /y" {
			err = fmt.Errorf("%q", r.Body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkGet(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Hello, World!") }))
	defer s.Close()
	c := httpclient.New(httpclient.Options{})
	defer c.Close()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Get(b.Context(), s.URL); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestStream(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 1000 {
			w.Write(make([]byte, 1000))
		}
	}))
	defer s.Close()
	c := httpclient.New(httpclient.Options{})
	defer c.Close()
	r, err := c.Stream(context.Background(), &httpclient.Request{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); n != 1e6 || err != nil {
		t.Error(n, err)
	}
}
