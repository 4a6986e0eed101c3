package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"eddy"
	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func serve(t *testing.T) (get func(path string) (int, string)) {
	t.Helper()
	server, err := newServer(eddy.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	addr, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return func(path string) (int, string) {
		resp, err := http.Get("http://" + addr.String() + path)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		return resp.StatusCode, string(body)
	}
}

func TestBlocking_Answers(t *testing.T) {
	get := serve(t)
	defer http.DefaultClient.CloseIdleConnections()
	for _, tc := range []struct {
		path   string
		status int
		body   string
	}{
		{"/", 200, "<title>What blocks"},
		{"/fast", 200, "fast"},
		{"/state", 200, `"hand_offs":`},
		{"/parks?ms=1", 200, "parked"},
		{"/blocks?ms=1", 200, "blocked"},
		{"/known?ms=1", 200, "blocked"},
		{"/computes?ms=1", 200, "computed"},
		{"/parks?ms=-1", 400, "400"},
		{"/blocks?ms=x", 400, "400"},
		{"/computes?ms=10001", 400, "400"},
	} {
		if status, body := get(tc.path); status != tc.status || !strings.Contains(body, tc.body) {
			t.Errorf("%s: %d %q", tc.path, status, body)
		}
	}
}

// While as many requests block as would fill any pool, others are answered: in the time of
// one that blocks, many times in a row.
func TestBlocking_FastIsFastBesideOthers(t *testing.T) {
	get := serve(t)
	defer http.DefaultClient.CloseIdleConnections()
	for _, kind := range []string{"/parks", "/blocks", "/known"} {
		var held sync.WaitGroup
		done := make(chan struct{})
		for range 30 {
			held.Go(func() { get(kind + "?ms=1000") })
		}
		go func() { held.Wait(); close(done) }()
		answered := 0
		for waiting := true; waiting; answered++ {
			get("/fast")
			select {
			case <-done:
				waiting = false
			default:
			}
		}
		if answered < 100 {
			t.Errorf("%d answers of /fast while 30 requests of %s took a second", answered, kind)
		}
	}
}
