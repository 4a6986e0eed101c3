package tcp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"eddy/internal/testcert"
	"eddy/internal/testlog"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// tlsServer serves h with TLS on loopback and two loops.
func tlsServer(t *testing.T, o tcp.ServerOptions, h tcp.Handler) (*tcp.Server, string, *testlog.Log) {
	t.Helper()
	logs, logger := testlog.New()
	o.Logger, o.TLS = logger, testcert.Shared().Server(t)
	// A handshake takes milliseconds on a busy machine, of which the log would tell.
	g, err := loop.NewGroup(2, loop.Options{Logger: logger, HandOffAfter: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := tcp.NewServer(h, o)
	if err := s.ServeTLS(g, l); err != nil {
		t.Fatal(err)
	}
	return s, l.Addr().String(), logs
}

func TestServer_TLS(t *testing.T) {
	s, addr, logs := tlsServer(t, tcp.ServerOptions{}, func(ctx context.Context, s *stream.Stream) error {
		var name string
		s.Loop().Do(ctx, func(context.Context) error {
			state, _ := s.ConnectionState()
			name = state.ServerName
			return nil
		})
		if err := s.Write(ctx, []byte("hello "+name+"\n")); err != nil {
			return err
		}
		return echo(ctx, s)
	})
	for range 10 {
		c, err := tls.Dial("tcp", addr, testcert.Shared().Client())
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(c)
		io.WriteString(c, "line\n")
		for _, want := range []string{"hello localhost\n", "line\n"} {
			if got, err := r.ReadString('\n'); got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
		c.CloseWrite()
		if rest, err := io.ReadAll(r); len(rest) != 0 || err != nil {
			t.Errorf("after the end: %q, %v", rest, err)
		}
		c.Close()
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Accepted != 10 || st.Connections != 0 {
		t.Errorf("%+v", st)
	}
	if log := logs.String(); log != "" {
		t.Error(log)
	}
}

func TestServer_TLSPortScansAreQuiet(t *testing.T) {
	s, addr, logs := tlsServer(t, tcp.ServerOptions{}, func(context.Context, *stream.Stream) error {
		t.Error("the handler was called")
		return nil
	})
	for _, sent := range []string{"", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.0\r\n\r\n"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, sent)
		if strings.HasPrefix(sent, "GET") {
			io.ReadAll(c)
			if log := logs.Take(); !strings.Contains(log, "TLS handshake failed") || !strings.Contains(log, c.LocalAddr().String()) {
				t.Errorf("garbage was logged as %q", log)
			}
		}
		c.Close()
		await(t, "the connection is gone", func() bool { return s.Stats().Connections == 0 })
		if log := logs.Take(); log != "" {
			t.Errorf("%q: %s", sent, log)
		}
	}
}

func TestServer_TLSHandshakeDeadline(t *testing.T) {
	s, addr, _ := tlsServer(t, tcp.ServerOptions{HandshakeTimeout: 50 * time.Millisecond}, echo)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "\x16\x03")
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, io.EOF) {
		t.Log(err) // a reset will do, too
	}
	await(t, "the connection is gone", func() bool { return s.Stats().Connections == 0 })
}

func TestServer_ShutdownDuringAHandshake(t *testing.T) {
	s, addr, _ := tlsServer(t, tcp.ServerOptions{}, echo)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "\x16\x03")
	await(t, "the connection is there", func() bool { return s.Stats().Connections == 1 })
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	io.ReadAll(c)
}

func TestServeTLS_NeedsAConfiguration(t *testing.T) {
	_, g, _, _ := realServer(t, 1, tcp.ServerOptions{}, echo)
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := tcp.NewServer(echo, tcp.ServerOptions{}).ServeTLS(g, l); err != tcp.ErrNoTLS {
		t.Error(err)
	}
}
