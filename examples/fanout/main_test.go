package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"eddy"
	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the access log
	leaktest.Main(m)
}

// merged is an answer as its reader sees it.
type merged struct {
	Complete bool
	Parts    map[string]struct {
		Data  any
		Error string
	}
}

// open serves the page, and returns a function that asks for it.
func open(t *testing.T, deadline time.Duration, sources []source) func() (int, merged) {
	t.Helper()
	client := newClient()
	server, err := eddy.New(newApplication(client, sources, deadline), eddy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	addr, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return func() (int, merged) {
		t.Helper()
		resp, err := http.Get("http://" + addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var m merged
		if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
			t.Fatal(err)
		}
		if noStore := resp.Header.Get("Cache-Control") == "no-store"; noStore == m.Complete {
			t.Errorf("complete: %v, Cache-Control: %s", m.Complete, resp.Header.Get("Cache-Control"))
		}
		return resp.StatusCode, m
	}
}

func serve(t *testing.T, name string, h http.HandlerFunc) source {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return source{name, s.URL}
}

func saying(t *testing.T, name, text string) source {
	return serve(t, name, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) })
}

// never is longer than a test takes.
const never = time.Hour

// Every source waits until all were asked.
func TestPage_AsksAllAtOnce(t *testing.T) {
	var all sync.WaitGroup
	all.Add(3)
	var sources []source
	for i := range 3 {
		sources = append(sources, serve(t, fmt.Sprint("s", i), func(w http.ResponseWriter, r *http.Request) {
			all.Done()
			all.Wait()
			fmt.Fprintf(w, `{"i": %d}`, i)
		}))
	}
	status, m := open(t, never, sources)()
	if status != 200 || !m.Complete || len(m.Parts) != 3 || fmt.Sprint(m.Parts["s2"]) != "{map[i:2] }" {
		t.Errorf("%d %+v", status, m)
	}
}

func TestPage_GoesWithoutWhoIsLate(t *testing.T) {
	gone := make(chan struct{})
	late := serve(t, "late", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // it is not waited for any more
		close(gone)
	})
	// The deadline leaves the others time on a slow machine, too.
	status, m := open(t, time.Second, []source{saying(t, "a", `1`), late, saying(t, "b", `"x"`)})()
	<-gone
	if status != 200 || m.Complete || m.Parts["a"].Data != 1.0 || m.Parts["b"].Data != "x" || m.Parts["late"].Error != "late" {
		t.Errorf("%d %+v", status, m)
	}
}

func TestPage_GoesWithoutWhatFails(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	failing := []source{
		{"refused", "http://" + nobody.Addr().String()},
		saying(t, "no JSON", `{"a":`),
		serve(t, "status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); io.WriteString(w, `{}`) }),
		saying(t, "long", `"`+string(make([]byte, 1<<20))+`"`),
	}
	check := func(status, want int, m merged) {
		t.Helper()
		if status != want || m.Complete {
			t.Errorf("%d %+v", status, m)
		}
		for _, s := range failing {
			if m.Parts[s.name].Error != "failed" || m.Parts[s.name].Data != nil {
				t.Errorf("%s: %+v", s.name, m.Parts[s.name])
			}
		}
	}
	status, m := open(t, never, failing)()
	check(status, http.StatusBadGateway, m)
	status, m = open(t, never, append(failing, saying(t, "good", `[]`)))()
	check(status, http.StatusOK, m)
	if m.Parts["good"].Error != "" {
		t.Errorf("%+v", m)
	}
}

func TestPage_OfItsOwnSources(t *testing.T) {
	sources, stop, err := startUpstreams()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	get := open(t, time.Second, sources)
	for i := range 3 {
		status, m := get()
		if status != 200 || len(m.Parts) != 3 || m.Complete != (i < 2) {
			t.Errorf("%d: %d %+v", i, status, m)
		}
	}
}
