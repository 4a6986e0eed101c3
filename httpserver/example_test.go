package httpserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/loop"
	"eddy/tcp"
)

// Example serves plain functions of a request, without package web.
func Example() {
	ctx := context.Background()
	group, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer group.Close()
	listener, err := tcp.Listen(ctx, "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	hello := func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		text := "hello from " + r.Path
		w.WriteHead(200, "", &httputil.Header{}, int64(len(text)))
		io.WriteString(w, text)
	}
	server := httpserver.New(httputil.HandlerFunc(hello), httpserver.Options{})
	if err := server.Serve(group, listener); err != nil {
		fmt.Println(err)
		return
	}

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + listener.Addr().String() + "/here")
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	fmt.Println(string(body))
	fmt.Println(server.Shutdown(ctx))
	// Output:
	// hello from /here
	// <nil>
}
