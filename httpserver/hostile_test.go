package httpserver_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
	"eddy/loop"
	"eddy/tcp"
)

// onSockets serves h on a free port of this machine, by TLS if the options have it.
func onSockets(t *testing.T, h httputil.Handler, o httpserver.Options) (*httpserver.Server, string) {
	t.Helper()
	g, err := loop.NewGroup(1, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return onGroup(t, g, h, o)
}

// onGroup is onSockets for servers that share their loops.
func onGroup(t *testing.T, g *loop.Group, h httputil.Handler, o httpserver.Options) (*httpserver.Server, string) {
	t.Helper()
	o.Logger = quiet
	s := httpserver.New(h, o)
	l, err := tcp.Listen(context.Background(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	serve := s.Serve
	if o.TLS != nil {
		serve = s.ServeTLS
	}
	if err := serve(g, l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, l.Addr().String()
}

// dial connects, by TLS or not.
func dial(t *testing.T, addr string, secure bool) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if secure {
		return tls.Client(c, testcert.Shared().Client())
	}
	return c
}

// last reads a response that must be the connection's last, and returns its body.
func last(t *testing.T, name string, c net.Conn, status int) string {
	t.Helper()
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || !resp.Close {
		t.Errorf("%s: got %s, close %v, %q, %v; want %d", name, resp.Status, resp.Close, body, err, status)
	}
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("%s: %q behind the last response, %v", name, rest[:min(len(rest), 100)], err)
	}
	return string(body)
}

// deaf answers uploads without a look at them.
var deaf = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	if r.Path == "/read" {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the engine answers
		}
	}
	respond(w, 200, "early")
})

// filler is what clients send on after they should have stopped: more than draining reads at once.
var filler = strings.Repeat("x", 2<<20)

var refusals = []struct {
	status int
	send   string
	says   string
}{
	{200, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n", "early"},
	{200, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", "early"},
	{400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "whitespace before the colon"},
	{408, "GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ", "head did not arrive in time"},
	{408, "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n", "body did not arrive in time"},
	{413, "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000001\r\n\r\n", "body is too large"},
	{413, "POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", "body is too large"},
	{414, "GET /" + strings.Repeat("x", 9000), "start line is too long"},
	{417, "POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 1000000000\r\n\r\n", "unknown expectation"},
	{431, "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 70_000), "head is too large"},
	{501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unsupported Transfer-Encoding"},
	{505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "unsupported HTTP version"},
}

// Every refusal, and every answer that comes before its request is complete, says that it is the
// last, and reaches clients that go on sending: also those that look for it only afterwards.
func TestRefusals_ReachClientsThatStillSend(t *testing.T) {
	t.Parallel() // for the timeouts
	o := httpserver.Options{Limits: http1.Limits{Body: 1e9}}
	for _, secure := range []bool{false, true} {
		o.TLS = nil
		if secure {
			o.TLS = testcert.Shared().Server(t)
		}
		_, patient := onSockets(t, deaf, o)
		hasty := o
		hasty.HeaderTimeout, hasty.BodyTimeout = 200*time.Millisecond, 200*time.Millisecond
		_, short := onSockets(t, deaf, hasty)
		for _, tt := range refusals {
			for _, first := range []bool{false, true} {
				name := fmt.Sprintf("TLS %v, %d to %q, sends all first: %v", secure, tt.status, tt.send[:min(len(tt.send), 60)], first)
				addr := patient
				if tt.status == http.StatusRequestTimeout {
					addr = short
				}
				c := dial(t, addr, secure)
				if _, err := io.WriteString(c, tt.send); err != nil {
					t.Fatal(err)
				}
				rest := strings.NewReader(filler)
				sent := make(chan error, 1)
				go func() {
					var err error
					if tt.status != http.StatusRequestTimeout {
						_, err = io.Copy(c, rest)
					}
					sent <- err
				}()
				if first {
					err := <-sent
					if sent <- err; err != nil { // a reset, which would eat answers on their way
						t.Errorf("%s: %v", name, err)
					}
				}
				if body := last(t, name, c, tt.status); !strings.Contains(body, tt.says) {
					t.Errorf("%s: the answer says %q", name, body)
				}
				c.Close()
				<-sent
			}
		}
	}
}
