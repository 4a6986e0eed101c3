package stream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/net/nettest"

	"eddy/internal/testcert"
	"eddy/loop"
	"eddy/stream"
)

// realLoop returns a running loop, which is closed at the end of the test.
func realLoop(t *testing.T) *loop.Loop {
	t.Helper()
	g, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g.Loops()[0]
}

// connected returns the two ends of a TCP connection, of which the first is a stream.
func connected(t *testing.T, l *loop.Loop) (*stream.Stream, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	near, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var s *stream.Stream
	err = l.Do(context.Background(), func(context.Context) error {
		s, err = stream.FromConn(l, near)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, far
}

// secured puts TLS between the two and returns its client's end.
func secured(t *testing.T, s *stream.Stream, far net.Conn) net.Conn {
	t.Helper()
	a := testcert.Shared()
	client := tls.Client(far, a.Client())
	done := make(chan error, 1)
	go func() { done <- client.Handshake() }()
	if err := s.StartTLS(context.Background(), stream.Server, a.Server(t)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return client
}

func mustDetach(t *testing.T, s *stream.Stream) net.Conn {
	t.Helper()
	conn, err := s.Detach(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// With TLS it is a *tls.Conn, which does not pass these tests itself: a write that timed out
// ends it.
func TestDetach_IsANetConn(t *testing.T) {
	l := realLoop(t)
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		s, far := connected(t, l)
		conn, err := s.Detach(context.Background())
		if err != nil {
			return nil, nil, nil, err
		}
		return conn, far, func() { conn.Close(); far.Close() }, nil
	})
}

// What was read before comes first, and what was written has left.
func TestDetach_LosesNothing(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s, far := connected(t, realLoop(t))
		if secure {
			far = secured(t, s, far)
		}
		ctx := context.Background()
		message := "line\n" + strings.Repeat("0123456789", 10_000)
		go io.WriteString(far, message)
		if line, err := s.ReadUntil(ctx, []byte("\n"), 0); string(line) != "line\n" || err != nil {
			t.Fatal(string(line), err)
		}
		if err := s.Write(ctx, []byte("written on the loop, ")); err != nil {
			t.Fatal(err)
		}
		conn := mustDetach(t, s)
		got := make([]byte, len(message)-len("line\n"))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != message[len("line\n"):] {
			t.Errorf("TLS %v: other bytes, %v", secure, err)
		}
		io.WriteString(conn, "and off it")
		conn.(interface{ CloseWrite() error }).CloseWrite()
		if all, err := io.ReadAll(far); string(all) != "written on the loop, and off it" || err != nil {
			t.Errorf("TLS %v: the peer got %q, %v", secure, all, err)
		}
		if _, err := s.Read(ctx, make([]byte, 1)); !errors.Is(err, stream.ErrDetached) {
			t.Errorf("a read of a detached stream: %v", err)
		}
		if state, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok != secure || ok && !state.ConnectionState().HandshakeComplete {
			t.Errorf("TLS %v: ConnectionState is there: %v", secure, ok)
		}
	}
}

func TestDetach_OnlyAnIdleStream(t *testing.T) {
	l := realLoop(t)
	s, far := connected(t, l)
	l.Do(context.Background(), func(context.Context) error {
		s.SendBytes(bytes.Repeat([]byte("x"), 8<<20)) // more than the kernel takes
		s.FlushNow()
		if _, err := s.DetachNow(); err != stream.ErrNotIdle {
			t.Errorf("with unsent bytes: %v", err)
		}
		return nil
	})
	go io.Copy(io.Discard, far)
	mustDetach(t, s)
	if _, err := s.Detach(context.Background()); !errors.Is(err, stream.ErrDetached) {
		t.Errorf("twice: %v", err)
	}
}

func TestFromConn_RefusesWhatHasNoDescriptor(t *testing.T) {
	l := realLoop(t)
	a, b := net.Pipe()
	defer b.Close()
	refused := []net.Conn{tls.Client(a, testcert.Shared().Client())}
	if os.Getenv("EDDY_POLLER") != "net" && runtime.GOOS != "windows" { // that one takes any connection
		refused = append(refused, a)
	}
	for _, conn := range refused {
		l.Do(context.Background(), func(context.Context) error {
			if _, err := stream.FromConn(l, conn); err == nil {
				t.Errorf("%T was taken", conn)
			}
			return nil
		})
	}
}
