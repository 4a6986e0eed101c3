package httpserver_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
	"eddy/internal/testdir"
	"eddy/loop"
	"eddy/tcp"
)

// hijackEcho takes the connection, says what type it is, and echoes.
func hijackEcho(t *testing.T) handlerFunc {
	return func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path == "/plain" {
			respond(w, 200, "plain")
			return
		}
		if r.Path == "/stream" {
			streamEcho(t, ctx, w)
			return
		}
		if r.Path == "/slow" {
			time.Sleep(5 * time.Millisecond)
		}
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		kind := "other"
		switch c.(type) {
		case *tls.Conn:
			kind = "tls"
		case *net.TCPConn:
			kind = "tcp"
		case *net.UnixConn:
			kind = "unix"
		case interface{ CloseWrite() error }:
			kind = "wrapped"
		}
		go func() {
			defer c.Close()
			io.WriteString(c, kind+"\n")
			for {
				line, err := rw.ReadString('\n')
				if err != nil {
					return
				}
				io.WriteString(rw, line)
				rw.Flush()
			}
		}()
	}
}

// streamEcho is the same on the loop.
func streamEcho(t *testing.T, ctx context.Context, w httputil.ResponseWriter) {
	s, err := httpserver.Detach(w, nil)
	if err != nil {
		t.Error(err)
		return
	}
	s.Loop().Spawn(context.WithoutCancel(ctx), func(ctx context.Context) {
		defer s.CloseNow()
		s.Write(ctx, []byte("stream\n"))
		for {
			line, err := s.ReadUntil(ctx, []byte("\n"), 100)
			if err != nil {
				return
			}
			s.Write(ctx, line)
		}
	})
}

// served runs a server of h on real sockets.
func served(t *testing.T, h httputil.Handler, addr string, o httpserver.Options) (*httpserver.Server, *tcp.Listener) {
	t.Helper()
	g, err := loop.NewGroup(1, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	o.Logger = quiet
	s := httpserver.New(h, o)
	t.Cleanup(func() { s.Close() })
	l, err := tcp.Listen(t.Context(), addr, tcp.ListenOptions{})
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
	return s, l
}

// talks checks that what is at the other end of c has taken the connection.
func talks(t *testing.T, c net.Conn, path, kind string) *bufio.Reader {
	t.Helper()
	if kind != "tls" && kind != "stream" && (os.Getenv("EDDY_POLLER") == "net" || runtime.GOOS == "windows") {
		kind = "wrapped" // that poller reads ahead
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\none\ntw")
	r := bufio.NewReader(c)
	expect(t, r, kind+"\n", "one\n")
	io.WriteString(c, "o\n")
	expect(t, r, "two\n")
	return r
}

func expect(t *testing.T, r *bufio.Reader, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if got, err := r.ReadString('\n'); got != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
}

func TestHijack_Kinds(t *testing.T) {
	a := testcert.Shared()
	for _, tt := range []struct {
		name, network, kind string
		options             httpserver.Options
	}{
		{"TCP", "tcp", "tcp", httpserver.Options{}},
		{"Unix", "unix", "unix", httpserver.Options{}},
		{"TLS", "tcp", "tls", httpserver.Options{TLS: a.Server(t)}},
		{"TCP, bounded", "tcp", "wrapped", httpserver.Options{MaxConnections: 3}},
		{"Unix, bounded", "unix", "wrapped", httpserver.Options{MaxConnections: 3}},
		{"TLS, bounded", "tcp", "tls", httpserver.Options{MaxConnections: 3, TLS: a.Server(t)}},
	} {
		for _, path := range []string{"/fast", "/slow", "/stream"} {
			t.Run(tt.name+path, func(t *testing.T) {
				addr := "127.0.0.1:0"
				if tt.network == "unix" {
					if runtime.GOOS == "windows" {
						t.Skip("Wine has no Unix sockets")
					}
					addr = "unix:" + filepath.Join(testdir.New(t), "s")
				}
				s, l := served(t, hijackEcho(t), addr, tt.options)
				c, err := net.Dial(tt.network, l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if tt.options.TLS != nil {
					c = tls.Client(c, a.Client())
				}
				kind := tt.kind
				if path == "/stream" {
					kind = "stream"
				}
				r := talks(t, c, path, kind)
				if err := s.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
				io.WriteString(c, "after Shutdown\n")
				expect(t, r, "after Shutdown\n")
			})
		}
	}
}

// A connection that was taken over keeps its place among MaxConnections until it is closed.
func TestHijack_KeepsItsPlace(t *testing.T) {
	for _, secure := range []bool{false, true} {
		o := httpserver.Options{MaxConnections: 1}
		a := testcert.Shared()
		dial := func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }
		kind := "wrapped"
		if secure {
			o.TLS, kind = a.Server(t), "tls"
			plain := dial
			dial = func(addr string) (net.Conn, error) {
				c, err := plain(addr)
				if err != nil {
					return nil, err
				}
				return tls.Client(c, a.Client()), nil
			}
		}
		s, l := served(t, hijackEcho(t), "127.0.0.1:0", o)
		first, err := dial(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer first.Close()
		r := talks(t, first, "/fast", kind)
		if n := s.Connections(); n != 0 {
			t.Errorf("%d connections are the server's", n)
		}
		second, err := dial(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		answered := make(chan error, 1)
		go func() {
			io.WriteString(second, "GET /plain HTTP/1.1\r\nHost: h\r\n\r\n")
			_, err := http.ReadResponse(bufio.NewReader(second), nil)
			answered <- err
		}()
		// The first one works on, and meanwhile the second is not served.
		for range 20 {
			io.WriteString(first, "again\n")
			expect(t, r, "again\n")
		}
		select {
		case err := <-answered:
			t.Fatalf("the second connection was served beyond the bound: %v", err)
		default:
		}
		first.Close()
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
}

// The hijacked connection lives on when the loops have ended.
func TestHijack_OutlivesTheLoops(t *testing.T) {
	g, err := loop.NewGroup(1, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	s := httpserver.New(hijackEcho(t), httpserver.Options{Logger: quiet})
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := talks(t, c, "/fast", "tcp")
	s.Close()
	g.Close()
	io.WriteString(c, "after the loops\n")
	expect(t, r, "after the loops\n")
}
