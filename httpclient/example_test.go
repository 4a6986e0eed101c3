package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"eddy/async"
	"eddy/httpclient"
)

// newSite starts a server to ask in the examples.
func newSite() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Hello, world") })
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("much ", 100_000)) })
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("POST /form", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s is welcome", r.FormValue("name")) })
	return httptest.NewServer(mux)
}

func ExampleClient_Get() {
	site := newSite()
	defer site.Close()
	client := httpclient.New(httpclient.Options{})
	defer client.Close()

	resp, err := client.Get(context.Background(), site.URL+"/hello")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d %s: %s\n", resp.Status, resp.Header.Get("Content-Type"), resp.Body)
	// Output: 200 text/plain; charset=utf-8: Hello, world
}

// A limit of one request goes before the client's.
func ExampleClient_Do() {
	site := newSite()
	defer site.Close()
	client := httpclient.New(httpclient.Options{RequestTimeout: time.Minute})
	defer client.Close()

	_, err := client.Do(context.Background(), &httpclient.Request{
		URL:            site.URL + "/slow",
		RequestTimeout: 50 * time.Millisecond,
	})
	if e, ok := errors.AsType[*httpclient.Error](err); ok {
		fmt.Printf("in phase %q: %v\n", e.Phase, e.Err)
	}
	fmt.Println(errors.Is(err, httpclient.ErrTimeout), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// in phase "head": timeout: RequestTimeout of 50ms
	// true true
}

// Several fetches at once, and one wait for all.
func ExampleClient_Fetch() {
	site := newSite()
	defer site.Close()
	client := httpclient.New(httpclient.Options{})
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // for all of them
	defer cancel()
	var asked []*async.Future[*httpclient.Response]
	for _, path := range []string{"/hello", "/long", "/absent"} {
		asked = append(asked, client.Fetch(ctx, &httpclient.Request{URL: site.URL + path}))
	}
	responses, err := async.Gather(ctx, asked...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range responses {
		fmt.Println(r.Status, len(r.Body))
	}
	// Output:
	// 200 12
	// 200 500000
	// 404 19
}

// A response of any length goes to a file, with 64 KiB of it in memory.
func ExampleClient_Stream() {
	site := newSite()
	defer site.Close()
	client := httpclient.New(httpclient.Options{})
	defer client.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	save := func(ctx context.Context, url, name string) (int64, error) {
		resp, err := client.Stream(ctx, &httpclient.Request{URL: url})
		if err != nil {
			return 0, err
		}
		defer resp.Close()
		if err := resp.Rethrow(); err != nil {
			return 0, err
		}
		file, err := os.Create(name)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(file, resp)
		return n, errors.Join(err, file.Close())
	}
	n, err := save(context.Background(), site.URL+"/long", filepath.Join(dir, "long.txt"))
	fmt.Println(n, err)
	// Output: 500000 <nil>
}

func ExampleClient_Post() {
	site := newSite()
	defer site.Close()
	client := httpclient.New(httpclient.Options{})
	defer client.Close()

	form := url.Values{"name": {"Ada Lovelace"}}
	resp, err := client.Post(context.Background(), site.URL+"/form", "application/x-www-form-urlencoded", []byte(form.Encode()))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", resp.Body)
	// Output: Ada Lovelace is welcome
}

// A status of 400 or more is a response; Rethrow makes an error of it.
func ExampleResponse_Rethrow() {
	site := newSite()
	defer site.Close()
	client := httpclient.New(httpclient.Options{})
	defer client.Close()

	resp, err := client.Get(context.Background(), site.URL+"/absent")
	if err == nil {
		err = resp.Rethrow()
	}
	if e, ok := errors.AsType[*httpclient.StatusError](err); ok {
		fmt.Println(e.Code())
	}
	// Output: 404
}

// What to do about a failure depends on how far the request came.
func ExampleError() {
	site := newSite()
	site.Close() // nobody listens there any more
	client := httpclient.New(httpclient.Options{})
	defer client.Close()

	_, err := client.Get(context.Background(), site.URL+"/hello")
	e, ok := errors.AsType[*httpclient.Error](err)
	if !ok {
		return
	}
	switch e.Phase {
	case httpclient.PhaseQueue, httpclient.PhaseResolve, httpclient.PhaseConnect, httpclient.PhaseProxy, httpclient.PhaseTLS:
		fmt.Println("the server has seen nothing of the request: ask again")
	case httpclient.PhaseSend, httpclient.PhaseHead, httpclient.PhaseBody:
		fmt.Println("it may have done what was asked for")
	default:
		fmt.Println("this makes no sense: do not ask again")
	}
	// Output: the server has seen nothing of the request: ask again
}
