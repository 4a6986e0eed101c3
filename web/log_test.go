package web_test

import (
	"context"
	"log/slog"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"eddy/httputil"
	"eddy/internal/habit"
	"eddy/web"
)

type address string

func (a address) Follow(*habit.Habit)        {}
func (a address) RemoteAddr() netip.AddrPort { return netip.MustParseAddrPort(string(a)) }
func (a address) LocalAddr() netip.AddrPort  { return netip.AddrPort{} }

func TestAccessLog(t *testing.T) {
	for _, tc := range []struct {
		status int
		uri    string
		conn   httputil.Conn
		want   string
	}{
		{200, "/?a=%20b", address("127.0.0.1:80"), `^INFO 200 GET /\?a=%20b \(127\.0\.0\.1\) [0-9]+\.[0-9][0-9]ms$`},
		{302, "/", address("[::1]:80"), `^INFO 302 GET / \(::1\) [0-9.]+ms$`},
		{404, "/", nil, `^WARN 404 GET / \(0\.0\.0\.0\) `},
		{500, "/", nil, `^ERROR 500 GET / `},
		{200, "/\r\n\x1b[31m\x7fé\"", nil, `^INFO 200 GET /%0D%0A%1B\[31m%7F%C3%A9" `},
	} {
		app, j := logged(web.Func("/", func(_ context.Context, h *web.RequestHandler) error {
			h.SetStatus(tc.status)
			return nil
		}))
		r := request("GET /")
		r.URI, r.Conn, r.Start = tc.uri, tc.conn, time.Now()
		do(t, app, r)
		if got := j.text(); !regexp.MustCompile(tc.want).MatchString(got) {
			t.Errorf("logged %q, want %s", got, tc.want)
		}
	}
}

func TestAccessLog_Level(t *testing.T) {
	j := &journal{level: slog.LevelWarn}
	app := web.NewApplicationWith(web.Settings{Logger: slog.New(j)}, web.URL("/", textHandler{}))
	do(t, app, request("GET /"))
	do(t, app, request("GET /x"))
	if got := j.text(); got != "WARN 404 GET /x (0.0.0.0) 0.00ms" {
		t.Errorf("logged %q", got)
	}
}

func TestAccessLog_Hook(t *testing.T) {
	j := &journal{}
	var seen []int
	app := web.NewApplicationWith(web.Settings{
		Logger: slog.New(j),
		AccessLog: func(h *web.RequestHandler) {
			seen = append(seen, h.Status())
			if h.Elapsed() < 0 || h.Request.Path == "/panic" {
				panic("in the hook")
			}
		},
	}, web.URL("/", textHandler{}))
	do(t, app, request("GET /"))
	do(t, app, request("GET /x"))
	if len(seen) != 2 || seen[0] != 200 || seen[1] != 404 || j.text() != "" {
		t.Errorf("seen %v, logged %q", seen, j.text())
	}
	do(t, app, request("GET /panic"))
	mustContain(t, "log", j.text(), "in the hook")
}

// TestDefaultLogger holds that slog.SetDefault works also after the application is made.
func TestDefaultLogger(t *testing.T) {
	app := web.NewApplication(web.URL("/", textHandler{}))
	before, j := slog.Default(), &journal{}
	slog.SetDefault(slog.New(j))
	defer slog.SetDefault(before)
	do(t, app, request("GET /"))
	mustContain(t, "log", j.text(), "200 GET /")
}
