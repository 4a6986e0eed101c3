package httpserver_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"eddy/httpserver"
	"eddy/loop"
	"eddy/tcp"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// real runs a server of echo on real sockets and loops.
func real(t *testing.T, loops int) (*httpserver.Server, *loop.Group, string) {
	t.Helper()
	g, err := loop.NewGroup(loops, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	s := httpserver.New(echo, httpserver.Options{Logger: quiet})
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	return s, g, l.Addr().String()
}

func TestServe_SpreadsConnectionsEvenly(t *testing.T) {
	s, g, addr := real(t, 3)
	var conns []net.Conn
	for range 30 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
		// An answer shows that the connection has been accepted and handed over.
		io.WriteString(c, get)
		if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range g.Loops() {
		if l.Load() != 10 {
			t.Errorf("loop %d has %d of 30 connections", i, l.Load())
		}
	}
	if n := s.Connections(); n != 30 {
		t.Errorf("%d connections", n)
	}
	for _, c := range conns {
		c.Close()
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	for i, l := range g.Loops() {
		if l.Load() != 0 {
			t.Errorf("loop %d still has %d connections", i, l.Load())
		}
	}
}

func TestServe_AfterShutdown(t *testing.T) {
	s, g, _ := real(t, 1)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(g, l); !errors.Is(err, httpserver.ErrClosed) {
		t.Errorf("Serve: %v, want ErrClosed", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("the listener is open")
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Errorf("second Shutdown: %v", err)
	}
}
