package httputil_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"eddy/httpserver"
	"eddy/httputil"
)

// shout is a writer within another: it sends all letters as capitals. What changes the length of
// the body, too, has a WriteHead that passes on -1.
type shout struct{ httputil.ResponseWriter }

func (w shout) Write(p []byte) (int, error) {
	loud := make([]byte, len(p))
	for i, c := range p {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		loud[i] = c
	}
	return w.ResponseWriter.Write(loud)
}

// What changes responses on their way, Tornado's OutputTransform, is a handler around another, with
// a writer of its own for each request.
func ExampleResponseWriter() {
	hello := httputil.HandlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		httputil.Respond(w, http.StatusOK, "", &httputil.Header{}, []byte("hello, world"))
	})
	loud := httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		hello.ServeRequest(ctx, shout{w}, r)
	})

	srv := httptest.NewServer(httpserver.HTTPHandler(loud)) // or eddy.Run
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	// Output: HELLO, WORLD
}
