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
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/leaktest"
	"eddy/internal/poll"
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

// fakeLoop runs f with a loop on a fake poller.
func fakeLoop(t *testing.T, f func(t *testing.T, l *loop.Loop, fake *poll.Fake, logs *strings.Builder)) {
	synctest.Test(t, func(t *testing.T) {
		fake, logs := poll.NewFake(), new(strings.Builder)
		l, err := loop.New(loop.Options{Poller: fake, Logger: slog.New(slog.NewTextHandler(logs, nil))})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		f(t, l, fake, logs)
		l.Close()
	})
}

func TestAccept_SurvivesALackOfDescriptors(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.EBADF} {
		fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, logs *strings.Builder) {
			fd, peer := fake.Listener()
			accepted := 0
			l.Post(func() {
				if _, err := tcp.AcceptOn(l, []int{fd}, func(fd int) {
					accepted++
					l.Files().Close(fd)
				}); err != nil {
					t.Error(err)
				}
			})
			peer.SetAcceptError(errno)
			peer.Connect()
			synctest.Wait()
			time.Sleep(10 * time.Second) // it must rest, not spin
			synctest.Wait()
			if n := strings.Count(logs.String(), "\n"); n < 1 || n > 2 {
				t.Errorf("%v: %d log lines in 10 seconds", errno, n)
			}
			peer.SetAcceptError(nil)
			time.Sleep(time.Second)
			synctest.Wait()
			if accepted != 1 {
				t.Errorf("%v: %d connections were accepted afterwards", errno, accepted)
			}
		})
	}
}

func TestAccept_IsBoundedInATurn(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, _ *strings.Builder) {
		fd, peer := fake.Listener()
		accepted, between := 0, -1
		for range 1000 {
			peer.Connect()
		}
		l.Post(func() {
			tcp.AcceptOn(l, []int{fd}, func(fd int) {
				if accepted++; accepted == 1 {
					l.Post(func() { between = accepted })
				}
				l.Files().Close(fd)
			})
		})
		synctest.Wait()
		if accepted != 1000 || between > 128 {
			t.Errorf("%d accepted; a callback had to wait for %d", accepted, between)
		}
	})
}

func TestAccept_ConnectionGoneBeforeItWasAccepted(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, logs *strings.Builder) {
		fd, peer := fake.Listener()
		peer.SetAcceptError(syscall.ECONNABORTED)
		accepted := 0
		l.Post(func() {
			tcp.AcceptOn(l, []int{fd}, func(fd int) {
				accepted++
				l.Files().Close(fd)
			})
			// The batch of this turn meets the error; then it is over.
			l.CallLater(0, func() { peer.SetAcceptError(nil) })
		})
		peer.Connect()
		synctest.Wait()
		if accepted != 1 || logs.Len() != 0 {
			t.Errorf("%d accepted, log %q", accepted, logs)
		}
	})
}

func TestAcceptor_CloseInACallback(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, _ *strings.Builder) {
		fd, peer := fake.Listener()
		for range 10 {
			peer.Connect()
		}
		accepted := 0
		l.Post(func() {
			var a *tcp.Acceptor
			a, _ = tcp.AcceptOn(l, []int{fd}, func(fd int) {
				accepted++
				l.Files().Close(fd)
				a.Close()
				a.Close()
			})
		})
		synctest.Wait()
		if accepted != 1 {
			t.Errorf("%d connections were accepted after Close", accepted-1)
		}
	})
}

// One connection that cannot be served must not end accepting.
func TestAccept_GoesOnAfterAPanic(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, logs *strings.Builder) {
		fd, peer := fake.Listener()
		accepted := 0
		l.Post(func() {
			if _, err := tcp.AcceptOn(l, []int{fd}, func(fd int) {
				l.Files().Close(fd)
				if accepted++; accepted == 1 {
					panic("boom")
				}
			}); err != nil {
				t.Error(err)
			}
		})
		for range 3 {
			peer.Connect()
		}
		synctest.Wait()
		if accepted != 3 {
			t.Errorf("%d of 3 connections were accepted", accepted)
		}
		if s := logs.String(); !strings.Contains(s, "boom") || !strings.Contains(s, "tcp_test.go") {
			t.Errorf("the log lacks the panic or its stack: %s", s)
		}
	})
}
