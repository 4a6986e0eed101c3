package nethttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/habit"
	"eddy/internal/nethttp"
)

type follower struct{ last *habit.Habit }

func (f *follower) Follow(h *habit.Habit)      { f.last = h }
func (f *follower) RemoteAddr() netip.AddrPort { return netip.AddrPort{} }
func (f *follower) LocalAddr() netip.AddrPort  { return netip.AddrPort{} }

// followed returns the habit that a request to h is said to follow.
func followed(h httputil.Handler, path string) *habit.Habit {
	f := new(follower)
	r := &httputil.Request{Method: "GET", URI: path, Path: path, Host: "h", Version: httputil.HTTP11, Body: http.NoBody, Conn: f}
	h.ServeRequest(context.Background(), &engine{}, r)
	return f.last
}

func TestHandler_PatternsOfAMuxAreToldApartOnceItBlocks(t *testing.T) {
	nothing := func(http.ResponseWriter, *http.Request) {}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /slow/{id}", nothing)
	mux.HandleFunc("/fast", nothing)
	h := nethttp.Handler(mux)
	whole := followed(h, "/fast")
	for i := range 3 {
		if other := followed(h, "/slow/1"); other != whole {
			t.Fatalf("after %d hand-offs it follows %q", i, other.Name())
		}
		whole.HandedOff()
	}
	fast, slow := followed(h, "/fast"), followed(h, "/slow/1")
	if fast == slow || slow != followed(h, "/slow/2") || slow.Name() != "GET /slow/{id}" || fast.Name() != "/fast" {
		t.Fatalf("patterns %q and %q", fast.Name(), slow.Name())
	}
	for range 3 {
		slow.HandedOff()
	}
	if !slow.Apart() || fast.Apart() {
		t.Error("what one pattern's handlers do is held against another")
	}
}

func TestHandler_OtherHandlersLearnAsAWhole(t *testing.T) {
	h := nethttp.Handler(http.FileServerFS(os.DirFS(".")))
	a := followed(h, "/a")
	if a != followed(h, "/b") || !strings.HasPrefix(a.Name(), "*http.fileHandler") {
		t.Errorf("habit %q", a.Name())
	}
	for range 3 {
		a.HandedOff()
	}
	if !a.Apart() {
		t.Error("it does not learn")
	}
}

func serveOne(http.ResponseWriter, *http.Request) {}
func serveTwo(http.ResponseWriter, *http.Request) {}

// The log names a handler by its habit: it must tell one from another.
func TestHandler_EachHasANameOfItsOwn(t *testing.T) {
	one, two := http.HandlerFunc(serveOne), http.HandlerFunc(serveTwo)
	seen := map[string]bool{}
	for i, tt := range []struct {
		h    http.Handler
		want string
	}{
		{one, "eddy/internal/nethttp_test.serveOne"},
		{two, "eddy/internal/nethttp_test.serveTwo"},
		{one, "eddy/internal/nethttp_test.serveOne"},
		{http.StripPrefix("/a", one), "StripPrefix.func"},
		{http.StripPrefix("/b", two), "StripPrefix.func"},
		{http.NewServeMux(), "http.ServeMux"},
		{http.NewServeMux(), "http.ServeMux"},
	} {
		name := followed(nethttp.Handler(tt.h), "/").Name()
		if seen[name] {
			t.Errorf("%d: a second %q", i, name)
		}
		seen[name] = true
		if !strings.Contains(name, tt.want) { // the compiler adds its part, and a number may follow
			t.Errorf("%d: name %q, want %q", i, name, tt.want)
		}
	}
}

// What clients make up must not be remembered.
func TestHandler_ClientsDoNotMakeHabits(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/files/{name}/", func(http.ResponseWriter, *http.Request) {})
	h := nethttp.Handler(mux)
	for range 3 {
		followed(h, "/files/x/").HandedOff()
	}
	seen := map[*habit.Habit]bool{}
	for i := range 1000 {
		f := new(follower)
		path := fmt.Sprintf("/files/evil-%d", i)
		r := &httputil.Request{Method: "CONNECT", URI: path, Path: path, Host: "h", Version: httputil.HTTP11, Body: http.NoBody, Conn: f}
		h.ServeRequest(context.Background(), &engine{}, r)
		if f.last != nil {
			seen[f.last] = true
		}
	}
	if len(seen) > 2 {
		for k := range seen {
			t.Logf("for example %q", k.Name())
			break
		}
		t.Errorf("%d habits for a mux with one pattern", len(seen))
	}
}
