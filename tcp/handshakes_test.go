package tcp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/internal/testcert"
	"eddy/internal/testlog"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// serveTLS serves echo over TLS on one real loop.
func serveTLS(t *testing.T, o tcp.ServerOptions, h tcp.Handler) (s *tcp.Server, g *loop.Group, addr string) {
	t.Helper()
	g, err := loop.NewGroup(1, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	l := listen(t, "127.0.0.1:0")
	if o.TLS == nil {
		o.TLS = testcert.Shared().Server(t)
	}
	if o.Logger == nil {
		o.Logger = quiet
	}
	s = tcp.NewServer(h, o)
	if err := s.ServeTLS(g, l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, g, l.Addr().String()
}

// says fails the test unless the server at addr serves a client.
func says(t *testing.T, addr string) {
	t.Helper()
	c, err := tls.Dial("tcp", addr, testcert.Shared().Client())
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	io.WriteString(c, "hello\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "hello\n" || err != nil {
		t.Errorf("%q, %v", line, err)
	}
}

// stall connects, sends what begins like a hello, and waits until the server has closed.
func stall(t *testing.T, addr string) (gone chan error) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("\x16\x03\x01\x00\x05\x01\x00\x02\x00\x03")); err != nil {
		t.Fatal(err)
	}
	gone = make(chan error, 1)
	go func() {
		defer c.Close()
		_, err := io.Copy(io.Discard, c)
		gone <- err
	}()
	return gone
}

// Whoever stalls holds a place for a while; the next one has it then.
func TestServer_StalledHandshakesGiveTheirPlaceBack(t *testing.T) {
	_, _, addr := serveTLS(t, tcp.ServerOptions{MaxHandshakes: 1, HandshakeTimeout: time.Second}, echo)
	var stalled []chan error
	for range 5 {
		stalled = append(stalled, stall(t, addr))
	}
	for _, gone := range stalled {
		<-gone
	}
	says(t, addr)
}

func TestServer_EndsWithHandshakesUnderWay(t *testing.T) {
	for name, end := range map[string]func(s *tcp.Server, g *loop.Group) error{
		"close": func(s *tcp.Server, _ *loop.Group) error { return s.Close() },
		"shutdown": func(s *tcp.Server, _ *loop.Group) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		},
		"loop": func(_ *tcp.Server, g *loop.Group) error { return g.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s, g, addr := serveTLS(t, tcp.ServerOptions{MaxHandshakes: 1, HandshakeTimeout: time.Hour}, echo)
			var stalled []chan error
			for range 5 {
				stalled = append(stalled, stall(t, addr))
			}
			for s.Stats().Connections < 5 {
				runtime.Gosched()
			}
			if err := end(s, g); err != nil {
				t.Error(err)
			}
			for _, gone := range stalled {
				<-gone
			}
			for s.Stats().Connections > 0 {
				runtime.Gosched()
			}
		})
	}
}

// A callback that blocks takes a goroutine, and neither the loop nor, when its connection has
// gone meanwhile, anything else.
func TestServer_CallbackThatBlocks(t *testing.T) {
	a := testcert.Shared()
	config, cert := &tls.Config{}, a.Issue(t, "localhost", "slow.localhost")
	release, entered := make(chan struct{}), make(chan struct{}, 10)
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "slow.localhost" {
			entered <- struct{}{}
			<-release
		}
		return &cert, nil
	}
	s, _, addr := serveTLS(t, tcp.ServerOptions{TLS: config}, echo)
	slow := a.Client()
	slow.ServerName = "slow.localhost"
	var wg sync.WaitGroup
	for i := range 4 {
		raw, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer raw.Close()
			err := tls.Client(raw, slow).Handshake()
			if (err == nil) != (i < 2) {
				t.Errorf("client %d: %v", i, err)
			}
		})
		<-entered
		if i >= 2 {
			raw.Close()
		}
	}
	says(t, addr)
	close(release)
	wg.Wait()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestServer_CallbackThatPanics(t *testing.T) {
	logs, logger := testlog.New()
	config := testcert.Shared().Server(t)
	config.VerifyConnection = func(tls.ConnectionState) error { panic("not today") }
	_, _, addr := serveTLS(t, tcp.ServerOptions{TLS: config, MaxHandshakes: 1, Logger: logger}, echo)
	for range 3 {
		c, err := tls.Dial("tcp", addr, testcert.Shared().Client())
		if err == nil {
			if _, err = c.Read(make([]byte, 1)); err == nil {
				t.Error("served")
			}
			c.Close()
		}
	}
	for strings.Count(logs.String(), stream.ErrPanicked.Error()) < 3 { // the log comes after the client's end
		runtime.Gosched()
	}
}
