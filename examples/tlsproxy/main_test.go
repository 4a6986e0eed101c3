package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"eddy/internal/leaktest"
	"eddy/internal/testcert"
	"eddy/internal/testdir"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // failures of connections
	leaktest.Main(m)
}

func TestMain_IsShort(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if n := bytes.Count(text, []byte("\n")); n >= 100 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
}

// site is a proxy in front of a listener of the test.
type site struct {
	t        *testing.T
	upstream net.Listener
	addr     string
	stop     context.CancelFunc
	ended    chan error
}

func open(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, ended: make(chan error, 1)}
	var err error
	if s.upstream, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.upstream.Close() })
	dir := testdir.New(t)
	cert, key := testcert.PEM(t, testcert.Shared().Issue(t, "localhost"))
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := errors.Join(os.WriteFile(certFile, cert, 0o600), os.WriteFile(keyFile, key, 0o600)); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	listening := make(chan string, 1)
	go func() {
		s.ended <- run(ctx, "127.0.0.1:0", certFile, keyFile, s.upstream.Addr().String(), func(addr string) { listening <- addr })
	}()
	select {
	case s.addr = <-listening:
	case err := <-s.ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

const patience = 20 * time.Second // with what should come

func (s *site) dial() *tls.Conn {
	c, err := tls.Dial("tcp", s.addr, testcert.Shared().Client())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

func (s *site) accept() *net.TCPConn {
	s.upstream.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	c, err := s.upstream.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// ender is a connection that can say that it has said all.
type ender interface {
	net.Conn
	CloseWrite() error
}

// say sends everything, and then the end.
func say(c ender, p []byte) error {
	_, err := c.Write(p)
	return errors.Join(err, c.CloseWrite())
}

func TestProxy_PassesEverythingBothWays(t *testing.T) {
	s := open(t)
	sizes := []int{0, 1, 16<<10 - 1, 16 << 10, 16<<10 + 1, 64 << 10, 128<<10 + 1, 1 << 20}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		sizes = append(sizes, rng.IntN(2<<20))
	}
	random := rand.NewChaCha8([32]byte{})
	for i, n := range sizes {
		there, back := make([]byte, n), make([]byte, sizes[len(sizes)-1-i])
		random.Read(there)
		random.Read(back)
		client, server := s.dial(), s.accept()
		var wg sync.WaitGroup
		for _, end := range []struct {
			c          ender
			says, want []byte
		}{{client, there, back}, {server, back, there}} {
			wg.Go(func() {
				if err := say(end.c, end.says); err != nil {
					t.Errorf("sending %d bytes: %v", len(end.says), err)
				}
			})
			wg.Go(func() {
				if got, err := io.ReadAll(end.c); !bytes.Equal(got, end.want) || err != nil {
					t.Errorf("%d bytes came of %d, %v", len(got), len(end.want), err)
				}
			})
		}
		wg.Wait()
	}
}

func TestProxy_HalfClose(t *testing.T) {
	s := open(t)
	for name, order := range map[string]func() (first, second ender){
		"the client ends first":   func() (ender, ender) { c := s.dial(); return c, s.accept() },
		"the upstream ends first": func() (ender, ender) { c := s.dial(); return s.accept(), c },
	} {
		t.Run(name, func(t *testing.T) {
			first, second := order()
			if err := say(first, []byte("question")); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(second); string(got) != "question" || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
			if err := say(second, []byte("answer")); err != nil { // only now: the way back was open
				t.Fatal(err)
			}
			if got, err := io.ReadAll(first); string(got) != "answer" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestProxy_UpstreamDown(t *testing.T) {
	s := open(t)
	s.upstream.Close()
	if got, err := io.ReadAll(s.dial()); len(got) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestProxy_GarbageInsteadOfTLS(t *testing.T) {
	s := open(t)
	for _, garbage := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x00\x05hello", string(make([]byte, 64<<10)), ""} {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, garbage) // it may fail: the proxy need not read all
		c.(*net.TCPConn).CloseWrite()
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.20q: the connection was left open", garbage)
		}
		c.Close()
	}
	// The first that comes to the upstream is the first that speaks TLS.
	client, server := s.dial(), s.accept()
	if err := say(client, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(server); string(got) != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestProxy_DrainsWhenItIsStopped(t *testing.T) {
	s := open(t)
	client, server := s.dial(), s.accept()
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	s.stop()
	for { // until nobody listens any more
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			break
		}
		c.Close()
	}
	if err := errors.Join(say(client, []byte("the last question")), say(server, []byte("the last answer"))); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(client); string(got) != "the last answer" || err != nil {
		t.Errorf("client: %q, %v", got, err)
	}
	if got, err := io.ReadAll(server); string(got) != "the last question" || err != nil {
		t.Errorf("upstream: %q, %v", got, err)
	}
}

func TestRun_WithoutACertificate(t *testing.T) {
	if err := run(t.Context(), "127.0.0.1:0", "none.pem", "none.pem", "", nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
