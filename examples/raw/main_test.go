package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"eddy"
	"eddy/httpserver"
	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestRaw(t *testing.T) {
	server, err := eddy.New(httpserver.Func(answer), eddy.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	addr, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for body, want := range map[string]string{
		"":      "You requested /some/path?q with 0 bytes\n",
		"hello": "You requested /some/path?q with 5 bytes\n",
	} {
		resp, err := client.Post("http://"+addr.String()+"/some/path?q", "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != want || resp.StatusCode != 200 || err != nil {
			t.Errorf("%d %q, %v", resp.StatusCode, got, err)
		}
	}
}
