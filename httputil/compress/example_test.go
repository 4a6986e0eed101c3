package compress_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/httputil/compress"
)

func ExampleHandler() {
	list := httputil.HandlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var h httputil.Header
		h.Set("Content-Type", "application/json")
		h.Set("ETag", `"v1"`)
		httputil.Respond(w, http.StatusOK, "", &h, bytes.Repeat([]byte(`{"the same":"all over"},`), 1000))
	})
	packed := compress.Handler(list, compress.Options{Codings: []string{"gzip"}})

	srv := httptest.NewServer(httpserver.HTTPHandler(packed)) // or eddy.Run
	defer srv.Close()
	req, _ := http.NewRequest("GET", srv.URL, nil)
	req.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.Header["Content-Encoding"], resp.Header["Vary"], resp.Header["Etag"], resp.ContentLength < 24000)
	// Output: [gzip] [Accept-Encoding] [W/"v1"] true
}
