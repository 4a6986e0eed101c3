package tcp_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"eddy/internal/leaktest"
	"eddy/loop"
	"eddy/tcp"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func listen(t *testing.T, addr string) *tcp.Listener {
	t.Helper()
	l, err := tcp.Listen(t.Context(), addr, tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// accept runs a loop that accepts l's connections and reports their descriptors.
func accept(t *testing.T, l *tcp.Listener) (*loop.Loop, <-chan int) {
	t.Helper()
	lp, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go lp.Run()
	t.Cleanup(func() { lp.Close() })
	fds := make(chan int, 1000)
	err = lp.Do(t.Context(), func(context.Context) error {
		_, err := l.Accept(lp, func(fd int) { fds <- fd })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lp, fds
}

func TestListen_AcceptsAndKnowsAddresses(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", "localhost:0"} {
		t.Run(addr, func(t *testing.T) {
			l, err := tcp.Listen(t.Context(), addr, tcp.ListenOptions{})
			if err != nil {
				if strings.HasPrefix(addr, "[") {
					t.Skipf("no IPv6 here: %v", err)
				}
				t.Fatal(err)
			}
			lp, fds := accept(t, l)
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fd := <-fds
			var peer, local netip.AddrPort
			lp.Do(t.Context(), func(context.Context) error {
				peer, local = lp.Files().PeerAddr(fd), lp.Files().LocalAddr(fd)
				return lp.Files().Close(fd)
			})
			if peer.String() != c.LocalAddr().String() || local.String() != c.RemoteAddr().String() {
				t.Errorf("addresses %v, %v; the client says %v, %v", peer, local, c.LocalAddr(), c.RemoteAddr())
			}
			if lp.Files().PeerAddr(-1).IsValid() {
				t.Error("a closed descriptor has an address")
			}
		})
	}
}

func TestListen_UnixSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Wine has no Unix sockets")
	}
	path := filepath.Join(t.TempDir(), "s")
	l := listen(t, "unix:"+path)
	lp, fds := accept(t, l)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fd := <-fds
	lp.Do(t.Context(), func(context.Context) error {
		if lp.Files().PeerAddr(fd).IsValid() {
			t.Error("a Unix socket has an IP address")
		}
		return lp.Files().Close(fd)
	})
	lp.Close()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket's file is left: %v", err)
	}
}

func TestListener_CloseAndAcceptOnce(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	lp, fds := accept(t, l)
	lp.Do(t.Context(), func(context.Context) error {
		if _, err := l.Accept(lp, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a second Accept: %v", err)
		}
		return nil
	})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("the second Accept closed the first one's socket: %v", err)
	}
	c.Close()
	lp.Files().Close(<-fds)
	unused := listen(t, "127.0.0.1:0")
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", unused.Addr().String()); err == nil {
		c.Close()
		t.Error("a closed listener still listens")
	}
}

func TestListen_FailsClearly(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	_, _ = accept(t, l)
	for _, addr := range []string{l.Addr().String(), "127.0.0.1:99999", "nonsense", "unix:/nonexistent/dir/s"} {
		if _, err := tcp.Listen(t.Context(), addr, tcp.ListenOptions{}); err == nil || !strings.HasPrefix(err.Error(), "tcp: ") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
