package tcp_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// counter is a poller that counts the calls of Accept, by descriptor.
type counter struct {
	*poll.Fake
	mu    sync.Mutex
	calls map[int]int
}

func (c *counter) Files() poll.Files { return countingFiles{c.Fake.Files(), c} }

type countingFiles struct {
	poll.Files
	*counter
}

func (f countingFiles) Accept(fd int) (int, error) {
	f.mu.Lock()
	f.calls[fd]++
	f.mu.Unlock()
	return f.Files.Accept(fd)
}

// accepts returns how often l has tried to accept on fd.
func accepts(l *loop.Loop, fd int) int {
	f := l.Files().(countingFiles)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[fd]
}

// fakeLoop runs f with a loop on a fake poller.
func fakeLoop(t *testing.T, f func(t *testing.T, l *loop.Loop, fake *poll.Fake, logs *strings.Builder)) {
	synctest.Test(t, func(t *testing.T) {
		fake, logs := poll.NewFake(), new(strings.Builder)
		l, err := loop.New(loop.Options{Poller: &counter{Fake: fake, calls: map[int]int{}}, Logger: slog.New(slog.NewTextHandler(logs, nil))})
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
		if s := logs.String(); !strings.Contains(s, "boom") || !strings.Contains(s, "accept_test.go") {
			t.Errorf("the log lacks the panic or its stack: %s", s)
		}
	})
}

// While descriptors are short the rests grow from a tenth of a second to a whole one, and after a
// connection they begin anew. The log tells now and then, of all that were refused.
func TestAccept_RestsLongerWhileDescriptorsAreShort(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, logs *strings.Builder) {
		fd, peer := fake.Listener()
		l.Post(func() { tcp.AcceptOn(l, []int{fd}, func(fd int) { l.Files().Close(fd) }) })
		tries := func(d time.Duration) int {
			before := accepts(l, fd)
			time.Sleep(d)
			synctest.Wait()
			return accepts(l, fd) - before
		}
		peer.SetAcceptError(syscall.EMFILE)
		synctest.Wait()
		// Each try is two calls: the second one with the reserve given up. They come after 0,
		// 0.1, 0.3, 0.7, 1.5 and 2.5 seconds, and so on.
		if n := tries(1400 * time.Millisecond); n != 2*3 {
			t.Errorf("%d calls in 1.4 seconds", n)
		}
		if n := tries(10 * time.Second); n != 2*10 {
			t.Errorf("%d calls in 10 seconds", n)
		}
		if n := strings.Count(logs.String(), "out of descriptors"); n != 2 {
			t.Errorf("%d lines in 11.4 seconds:\n%s", n, logs)
		}
		peer.SetAcceptError(nil)
		peer.Connect()
		time.Sleep(time.Second)
		synctest.Wait()
		peer.SetAcceptError(syscall.EMFILE)
		synctest.Wait()
		if n := tries(1400 * time.Millisecond); n != 2*3 {
			t.Errorf("%d calls in 1.4 seconds after a connection", n)
		}
	})
}

// A log that fails must not take the listener with it.
func TestServer_SurvivesItsLogger(t *testing.T) {
	h := func(context.Context, *stream.Stream) error { return errors.New("boom") }
	o := tcp.ServerOptions{MaxConnections: 1}
	serveFake(t, o, &tcp.ProxyProtocol{}, h, func(s *fakeServer) {
		s.logs.fails.Store(true)
		for _, text := range []string{"PROXY UNKNOWN\r\n", "what?"} {
			p := s.connect()
			p.Send(text)
			synctest.Wait()
			if !closed(p) {
				t.Errorf("%q: the connection is open", text)
			}
		}
		s.door.SetAcceptError(syscall.EMFILE)
		time.Sleep(time.Minute)
		s.door.SetAcceptError(nil)
		time.Sleep(time.Minute)
		if p := s.connect(); closed(s.door) || s.send(p, "PROXY UNKNOWN\r\n") != "" || !closed(p) {
			t.Error("the server does not go on")
		}
	})
}

// One socket's lack is that of all: those beside it must not try in the same turn.
func TestAccept_AllSocketsRest(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, _ *strings.Builder) {
		a, first := fake.Listener()
		b, second := fake.Listener()
		var got []int
		l.Post(func() {
			tcp.AcceptOn(l, []int{a, b}, func(fd int) {
				got = append(got, fd)
				l.Files().Close(fd)
			})
		})
		first.SetAcceptError(syscall.ENFILE)
		second.Connect()
		synctest.Wait()
		if len(got) != 0 || accepts(l, b) != 0 {
			t.Errorf("%d accepted, %d tries", len(got), accepts(l, b))
		}
		first.SetAcceptError(nil)
		first.Connect()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(got) != 2 {
			t.Errorf("%d of 2 were accepted", len(got))
		}
	})
}

func TestAcceptor_CloseWhileItRests(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, _ *strings.Builder) {
		a, first := fake.Listener()
		b, _ := fake.Listener()
		var acceptor *tcp.Acceptor
		l.Post(func() { acceptor, _ = tcp.AcceptOn(l, []int{a, b}, func(int) { t.Error("a connection") }) })
		first.SetAcceptError(syscall.EMFILE)
		synctest.Wait()
		l.Post(func() { acceptor.Close() })
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := fake.Open(); n != 0 {
			t.Errorf("%d descriptors are open", n)
		}
	})
}

// A storm of connections that are gone already costs others no more than their turn.
func TestAccept_StormOfAborts(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ECONNABORTED, syscall.EPROTO, syscall.EPERM, syscall.EHOSTUNREACH} {
		fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, logs *strings.Builder) {
			fd, peer := fake.Listener()
			accepted, turns := 0, 0
			var other func()
			other = func() {
				if turns++; turns == 10 {
					peer.SetAcceptError(nil)
					return
				}
				if n := accepts(l, fd); n > 128*turns+128 {
					t.Errorf("%v: %d tries before turn %d", errno, n, turns)
				}
				l.Post(other)
			}
			peer.SetAcceptError(errno)
			peer.Connect()
			l.Post(func() {
				tcp.AcceptOn(l, []int{fd}, func(fd int) {
					accepted++
					l.Files().Close(fd)
				})
				other()
			})
			synctest.Wait()
			if accepted != 1 || logs.Len() != 0 || accepts(l, fd) < 128 {
				t.Errorf("%v: %d accepted, %d tries, log %q", errno, accepted, accepts(l, fd), logs)
			}
		})
	}
}

// Close in the middle of a batch ends accepting on every socket at once.
func TestAcceptor_CloseInACallbackOfSeveralSockets(t *testing.T) {
	fakeLoop(t, func(t *testing.T, l *loop.Loop, fake *poll.Fake, _ *strings.Builder) {
		a, first := fake.Listener()
		b, second := fake.Listener()
		first.Connect()
		second.Connect()
		accepted := 0
		var acceptor *tcp.Acceptor
		l.Post(func() {
			acceptor, _ = tcp.AcceptOn(l, []int{a, b}, func(fd int) {
				accepted++
				l.Files().Close(fd)
				acceptor.Close()
			})
		})
		synctest.Wait()
		if accepted != 1 || accepts(l, b) != 0 {
			t.Errorf("%d accepted, %d tries on the second", accepted, accepts(l, b))
		}
	})
}
