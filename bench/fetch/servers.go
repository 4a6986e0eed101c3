package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"eddy/bench"
	"eddy/httpclient"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/web"
)

// order is that of the rounds and of the table.
var order = []string{"eddy", "net/http"}

// servers print their address and serve until they are killed.
var servers = map[string]func() error{
	"upstream": upstream,
	"eddy":     withEddy,
	"net/http": withNetHTTP,
}

// be is a server.
func be(name string) error { return servers[name]() }

// sizeEnv has the length of upstream's body.
const sizeEnv = "EDDY_BENCH_FETCH_SIZE"

// upstream is who is asked, the same for both.
func upstream() error {
	size, err := strconv.Atoi(os.Getenv(sizeEnv))
	if err != nil {
		return err
	}
	answer := httpserver.Text(200, strings.Repeat("x", size))
	return bench.Serve(httpserver.Func(func(context.Context, *httputil.Request, []byte) httpserver.Response { return answer }), httpserver.Options{})
}

// fetch is Eddy's handler.
type fetch struct {
	web.RequestHandler
	client *httpclient.Client
}

// Get answers with what the server in the argument url says.
func (h *fetch) Get(ctx context.Context) error {
	url, err := h.QueryArgument("url")
	if err != nil {
		return err
	}
	resp, err := h.client.Get(ctx, url)
	if err != nil {
		return err
	}
	h.SetStatus(resp.Status)
	h.SetHeader("Content-Type", resp.Header.Get("Content-Type"))
	_, err = h.Write(resp.Body)
	return err
}

func withEddy() error {
	return bench.Serve(web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}},
		web.URL("/fetch", fetch{client: httpclient.New(httpclient.Options{})})), httpserver.Options{})
}

// withNetHTTP does the same by the standard library. Its client keeps as many connections to one host as
// Eddy's would: by default it keeps two, and dials for most requests.
func withNetHTTP() error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = httpclient.DefaultMaxIdle, httpclient.DefaultMaxIdle
	client := &http.Client{Transport: transport, Timeout: httpclient.DefaultRequestTimeout}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /fetch", func(w http.ResponseWriter, r *http.Request) {
		if err := pass(client, w, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	return bench.ServeNet(func(l net.Listener) error { return http.Serve(l, mux) })
}

func pass(client *http.Client, w http.ResponseWriter, r *http.Request) error {
	req, err := http.NewRequestWithContext(r.Context(), "GET", r.URL.Query().Get("url"), nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	w.Write(body)
	return nil
}
