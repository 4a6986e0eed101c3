package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"eddy/internal/habit"
	"eddy/web"
)

// follower is a connection that notes which habits its requests are said to follow.
type follower struct{ habits []*habit.Habit }

func (f *follower) Follow(h *habit.Habit)      { f.habits = append(f.habits, h) }
func (f *follower) RemoteAddr() netip.AddrPort { return netip.AddrPort{} }
func (f *follower) LocalAddr() netip.AddrPort  { return netip.AddrPort{} }

type both struct{ web.RequestHandler }

func (h *both) Get(context.Context) error  { return h.Text("get") }
func (h *both) Post(context.Context) error { return h.Text("post") }

// What a request is said to belong to is its rule and its method.
func TestPlace_HabitsOfRules(t *testing.T) {
	any := func(_ context.Context, h *web.RequestHandler) error { return h.Text("any") }
	app := web.NewApplication(
		web.URL("/learned/{id}", both{}),
		web.URL("/loop", both{}, web.OnLoop()),
		web.URL("/goroutine", both{}, web.InGoroutine()),
		web.Func("/func", any, web.Methods("GET", "LOCK")),
		web.Mount("/app/", web.NewApplication(web.URL("/app/inner", both{})), web.InGoroutine()),
		web.Mount("/http/", http.NotFoundHandler()),
		web.Mount("/forced/", http.NotFoundHandler(), web.OnLoop()),
	)
	for _, tc := range []struct {
		method, path string
		want         []string
	}{
		{"GET", "/learned/1", []string{"GET /learned/{id} learned"}},
		{"HEAD", "/learned/1", []string{"GET /learned/{id} learned"}},
		{"POST", "/learned/2", []string{"POST /learned/{id} learned"}},
		{"OPTIONS", "/learned/2", nil},
		{"DELETE", "/learned/2", nil}, // 405
		{"GET", "/loop", []string{"GET /loop forced to the loop"}},
		{"POST", "/goroutine", []string{"POST /goroutine forced apart"}},
		{"GET", "/func", []string{"/func learned"}},
		{"LOCK", "/func", []string{"/func learned"}},
		{"GET", "/app/inner", []string{"/app/ forced apart", "GET /app/inner learned"}},
		{"GET", "/http/x", []string{"net/http.NotFound learned"}},
		{"GET", "/forced/x", []string{"/forced/ forced to the loop", "net/http.NotFound learned"}},
		{"GET", "/nothing", nil},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			var first, second follower
			for _, f := range []*follower{&first, &second} {
				r := get(tc.path)
				r.Method, r.Conn = tc.method, f
				do(t, app, r)
			}
			var got []string
			for _, h := range first.habits {
				how := "learned"
				switch {
				case h.Forced() && h.Apart():
					how = "forced apart"
				case h.Forced():
					how = "forced to the loop"
				}
				name, _, _ := strings.Cut(h.Name(), " (") // the number of handlers mounted before
				got = append(got, fmt.Sprint(name, " ", how))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("followed %q, want %q", got, tc.want)
			}
			if !slices.Equal(first.habits, second.habits) {
				t.Error("the next request follows other habits")
			}
		})
	}
}
