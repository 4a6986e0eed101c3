package tcp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"eddy/internal/testcert"
	"eddy/internal/testdir"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// tlsEcho is echoing by crypto/tls; names are those that its clients asked for.
func tlsEcho(t *testing.T) (addr string, names chan string) {
	t.Helper()
	config := testcert.Shared().Server(t)
	names = make(chan string, 10)
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		names <- hello.ServerName
		return nil, nil
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	return l.Addr().String(), names
}

// home knows no host but this one.
type home struct{}

func (home) Resolve(_ context.Context, q tcp.Query) ([]netip.AddrPort, error) {
	return []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(q.Port))}, nil
}

func trusting() *tls.Config {
	config := testcert.Shared().Client()
	config.ServerName = ""
	return config
}

func TestDial_TLS(t *testing.T) {
	l := dialLoop(t)
	addr, names := tlsEcho(t)
	_, port, _ := net.SplitHostPort(addr)
	shared := trusting()
	for host, name := range map[string]string{"localhost": "localhost", "localhost.": "localhost", "127.0.0.1": ""} {
		s, err := tcp.Dial(t.Context(), net.JoinHostPort(host, port), tcp.DialOptions{Loop: l, TLS: shared, Resolver: home{}})
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if got := <-names; got != name {
			t.Errorf("%s: the server was asked for %q", host, got)
		}
		talk(t, s)
	}
	if shared.ServerName != "" {
		t.Error("the caller's configuration was changed")
	}
	// From a coroutine, whose own loop it is then.
	var s *stream.Stream
	err := l.Do(t.Context(), func(ctx context.Context) (err error) {
		s, err = tcp.Dial(ctx, addr, tcp.DialOptions{TLS: trusting()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	talk(t, s)
}

func TestDial_TLSFailures(t *testing.T) {
	l := dialLoop(t)
	addr, _ := tlsEcho(t)
	fails := func(addr string, o tcp.DialOptions) error {
		t.Helper()
		o.Loop = l
		_, err := tcp.Dial(t.Context(), addr, o)
		var failed *tcp.DialError
		if !errors.As(err, &failed) || failed.Phase != tcp.PhaseTLS {
			t.Errorf("%v, want one of the phase of TLS", err)
		}
		return err
	}
	config := trusting()
	config.ServerName = "elsewhere.example"
	var name x509.HostnameError
	if err := fails(addr, tcp.DialOptions{TLS: config}); !errors.As(err, &name) {
		t.Error(err)
	}
	var unknown x509.UnknownAuthorityError
	if err := fails(addr, tcp.DialOptions{TLS: &tls.Config{RootCAs: testcert.New().Pool()}}); !errors.As(err, &unknown) {
		t.Error(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var phase *tcp.DialError
	for d := 20 * time.Millisecond; phase == nil || phase.Phase == tcp.PhaseConnect && d < time.Minute; d *= 4 { // a busy machine may need more to connect
		_, err = tcp.Dial(t.Context(), silent.Addr().String(), tcp.DialOptions{Loop: l, TLS: trusting(), Timeout: d})
		if !errors.As(err, &phase) {
			t.Fatal(err)
		}
	}
	if phase.Phase != tcp.PhaseTLS {
		t.Errorf("%v, want one of the phase of TLS", err)
	}
	if e, ok := err.(net.Error); !ok || !e.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that says nothing: %v", err)
	}
	var clear tls.RecordHeaderError
	if err := fails(echoing(t, "tcp", "127.0.0.1:0"), tcp.DialOptions{TLS: trusting()}); err != nil && !errors.As(err, &clear) {
		// An echo looks like TLS: its own hello comes back.
		var alert *stream.TLSError
		if !errors.As(err, &alert) {
			t.Error(err)
		}
	}
	// What failed leaves nothing open: the loop would keep it.
	for range 200 {
		if n := descriptors(l); n == 0 {
			break
		}
		l.Do(t.Context(), func(ctx context.Context) error { return nil })
	}
}

func descriptors(l *loop.Loop) (n int) {
	l.Do(context.Background(), func(context.Context) error { n = l.Descriptors(); return nil })
	return n
}

// A Unix socket has no name that a certificate could be for.
func TestDial_TLSOverAUnixSocket(t *testing.T) {
	l := dialLoop(t)
	config, names := testcert.Shared().Server(t), make(chan string, 1)
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		names <- hello.ServerName
		return nil, nil
	}
	listener, err := net.Listen("unix", filepath.Join(testdir.New(t), "s")) // not under Wine
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c = tls.Server(c, config)
				io.Copy(c, c)
			}()
		}
	}()
	addr := "unix:" + listener.Addr().String()
	if _, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: l, TLS: trusting()}); err == nil || !strings.Contains(err.Error(), "ServerName") {
		t.Errorf("without a name: %v, want to be told of ServerName", err)
	}
	named := trusting()
	named.ServerName = "localhost"
	for name, config := range map[string]*tls.Config{"": {InsecureSkipVerify: true}, "localhost": named} {
		s, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: l, TLS: config})
		if err != nil {
			t.Fatal(err)
		}
		if got := <-names; got != name {
			t.Errorf("the server was asked for %q, want %q", got, name)
		}
		talk(t, s)
	}
}
