package h2spec_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"eddy"
	"eddy/httpserver"
	"eddy/internal/leaktest"
	"eddy/internal/testcert"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// least is how many of the 146 cases must pass, the strict ones among them. net/http passes as
// many; the others want an error where golang.org/x/net/http2 is lenient on purpose.
const least = 141

func TestH2spec(t *testing.T) {
	for name, secure := range map[string]bool{"TLS": true, "clear": false} {
		t.Run(name, func(t *testing.T) {
			host, port := serve(t, secure)
			c := &config.Config{Host: host, Port: port, Path: "/", Timeout: 2 * time.Second, MaxHeaderLen: 4000,
				Strict: true, TLS: secure, Insecure: true}
			passed, failed := 0, 0
			for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
				group.Test(c)
				passed += group.PassedCount
				failed += group.FailedCount + group.SkippedCount
			}
			t.Logf("%d of %d passed", passed, passed+failed)
			if passed < least {
				t.Errorf("%d cases passed, want %d", passed, least)
			}
		})
	}
}

// serve runs a server of a handler that reads what it gets.
func serve(t *testing.T, secure bool) (host string, port int) {
	t.Helper()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "Hello, World!")
	})
	s, err := eddy.New(echo, eddy.Options{
		Logger: slog.New(slog.DiscardHandler),
		HTTP:   httpserver.Options{H2C: true, TLS: testcert.Shared().Server(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	listen := s.Listen
	if secure {
		listen = s.ListenTLS
	}
	addr, err := listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, text, _ := net.SplitHostPort(addr.String())
	port, _ = strconv.Atoi(text)
	return host, port
}
