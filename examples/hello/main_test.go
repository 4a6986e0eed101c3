package main

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"eddy"
	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestHello(t *testing.T) {
	server, err := eddy.New(newApplication(), eddy.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	addr, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/", 200, "Hello, world"},
		{"HEAD", "/", 200, ""},
		{"POST", "/", 405, "<html><title>405: Method Not Allowed</title><body>405: Method Not Allowed</body></html>"},
		{"GET", "/other", 404, "<html><title>404: Not Found</title><body>404: Not Found</body></html>"},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+addr.String()+tc.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != tc.status || string(body) != tc.body {
				t.Errorf("status %d, body %q, %v; want %d, %q", resp.StatusCode, body, err, tc.status, tc.body)
			}
		})
	}
}
