package tunnel_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httputil"
	"eddy/internal/poll"
	"eddy/internal/tunnel"
	"eddy/loop"
	"eddy/stream"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// harness is a stream to a proxy, which the test plays, in a bubble of fake time.
type harness struct {
	t     *testing.T
	loop  *loop.Loop
	s     *stream.Stream
	proxy *poll.Peer
}

func bubble(t *testing.T, f func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fake := poll.NewFake()
		l, err := loop.New(loop.Options{Poller: fake, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		h := &harness{t: t, loop: l}
		var fd int
		fd, h.proxy = fake.Socket()
		if err := l.Do(t.Context(), func(context.Context) (err error) {
			h.s, err = stream.New(l, fd)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		f(h)
		l.Close()
		if n := fake.Open(); n != 0 {
			t.Errorf("%d descriptors are open after the loop was closed", n)
		}
	})
}

// open begins Open, and returns where its error comes.
func (h *harness) open(ctx context.Context, proxy string, o tunnel.Options) <-chan error {
	done := make(chan error, 1)
	u := proxyURL(h.t, proxy)
	go func() { done <- tunnel.Open(ctx, h.s, u, "example.com:443", o) }()
	synctest.Wait()
	return done
}

// pending fails if Open has ended.
func (h *harness) pending(done <-chan error) {
	h.t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		h.t.Fatalf("Open has ended: %v", err)
	default:
	}
}

// wantSent fails if something else was sent to the proxy.
func (h *harness) wantSent(want string) {
	h.t.Helper()
	if got := h.proxy.Take(); got != want {
		h.t.Errorf("sent %q, want %q", got, want)
	}
}

const connectRequest = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nUser-Agent: eddy\r\n\r\n"

func TestOpen_LeavesWhatIsTheTargets(t *testing.T) {
	for _, c := range []struct{ proxy, answers string }{
		{"http://p", "HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 200 OK\r\n\r\n"},
		{"socks5://p", "\x05\x00|\x05\x00\x00\x01abcdef"},
	} {
		splits(c.answers+"SSH-2.0", func(pieces ...string) {
			bubble(t, func(h *harness) {
				done := h.open(h.t.Context(), c.proxy, tunnel.Options{})
				for _, p := range pieces {
					h.proxy.Send(strings.ReplaceAll(p, "|", ""))
					synctest.Wait()
				}
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if p, err := h.s.ReadBytes(h.t.Context(), 7); string(p) != "SSH-2.0" || err != nil {
					t.Errorf("%q, %v", p, err)
				}
				h.proxy.Take()
				if err := h.s.Write(h.t.Context(), []byte("hello")); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				h.wantSent("hello")
			})
		})
	}
}

// Each step waits for the one before, and nothing is sent unasked.
func TestOpen_SpeaksByTurns(t *testing.T) {
	bubble(t, func(h *harness) {
		done := h.open(h.t.Context(), "socks5://u:p@proxy", tunnel.Options{})
		h.wantSent("\x05\x02\x00\x02")
		h.proxy.Send("\x05\x02")
		h.pending(done)
		h.wantSent("\x01\x01u\x01p")
		h.proxy.Send("\x01\x00")
		h.pending(done)
		h.wantSent("\x05\x01\x00\x03\x0bexample.com\x01\xbb")
		h.proxy.Send("\x05\x00\x00\x01abcde")
		h.pending(done)
		h.proxy.Send("f")
		if err := <-done; err != nil {
			t.Error(err)
		}
		h.wantSent("")
	})
}

func TestOpen_InACoroutineOfTheLoop(t *testing.T) {
	bubble(t, func(h *harness) {
		done := make(chan error, 1)
		go func() {
			done <- h.loop.Do(h.t.Context(), func(ctx context.Context) error {
				return tunnel.Open(ctx, h.s, proxyURL(t, "http://p"), "example.com:443", tunnel.Options{})
			})
		}()
		h.pending(done)
		h.wantSent(connectRequest)
		h.proxy.Send("HTTP/1.1 200 OK\r\n\r\n")
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A proxy that says nothing more is waited for until the context ends.
func TestOpen_EndsWithItsContext(t *testing.T) {
	for _, c := range []struct{ proxy, answer string }{
		{"http://u:secret@p", ""}, {"http://p", "HTTP/1.1 200 OK\r\n"}, {"http://p", "HTTP/1.1 100 Continue\r\n\r\n"},
		{"socks5://u:secret@p", ""}, {"socks5://p", "\x05\x00"}, {"socks5://p", "\x05\x00\x05\x00\x00\x03"},
	} {
		bubble(t, func(h *harness) {
			ctx, cancel := context.WithTimeout(h.t.Context(), time.Hour)
			defer cancel()
			done := h.open(ctx, c.proxy, tunnel.Options{})
			h.proxy.Send(c.answer)
			time.Sleep(time.Hour - time.Second)
			h.pending(done)
			err := <-done
			if _, ok := errors.AsType[*tunnel.Error](err); !ok || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v", c.answer, err)
			}
		})
	}
	bubble(t, func(h *harness) {
		ctx, cancel := context.WithCancel(h.t.Context())
		cancel()
		if err := <-h.open(ctx, "http://p", tunnel.Options{}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		h.wantSent("")
	})
}

// The body of a refusal is not worth more than a second.
func TestOpen_DoesNotWaitForARefusalsBody(t *testing.T) {
	const refused = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 100\r\n\r\na"
	for _, c := range []struct {
		name  string
		waits bool
		then  func(h *harness)
		keep  bool
	}{
		{"the body stalls", true, func(*harness) {}, false},
		{"it drips", true, func(h *harness) {
			for range 9 {
				time.Sleep(tunnel.RefusalTime / 10)
				h.proxy.Send("b")
			}
		}, false},
		{"the rest comes", false, func(h *harness) { h.proxy.Send(strings.Repeat("b", 99)) }, true},
		{"the proxy closes", false, func(h *harness) { h.proxy.CloseWrite() }, false},
		{"the proxy resets", false, func(h *harness) { h.proxy.Reset(syscall.ECONNRESET) }, false},
	} {
		bubble(t, func(h *harness) {
			done := h.open(h.t.Context(), "http://p", tunnel.Options{})
			start := time.Now()
			h.proxy.Send(refused)
			h.pending(done)
			c.then(h)
			err := <-done
			e, ok := errors.AsType[*tunnel.Error](err)
			if !ok || e.Status != 407 || e.KeepAlive != c.keep || !e.Header.Has("Proxy-Authenticate") {
				t.Errorf("%s: %v, %+v", c.name, err, e)
			}
			if waited := time.Since(start); c.waits != (waited == tunnel.RefusalTime) || waited > tunnel.RefusalTime {
				t.Errorf("%s: it has waited for %v", c.name, waited)
			}
		})
	}
	bubble(t, func(h *harness) { // the caller's own time is up before
		ctx, cancel := context.WithTimeout(h.t.Context(), tunnel.RefusalTime/2)
		defer cancel()
		done := h.open(ctx, "http://p", tunnel.Options{})
		h.proxy.Send(refused)
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestOpen_SecondTryOnOneConnection(t *testing.T) {
	bubble(t, func(h *harness) {
		done := h.open(h.t.Context(), "http://p", tunnel.Options{})
		h.wantSent(connectRequest)
		h.proxy.Send("HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\nContent-Length: 3\r\n\r\nabc")
		e, ok := errors.AsType[*tunnel.Error](<-done)
		if !ok || !e.KeepAlive {
			t.Fatalf("%+v", e)
		}
		if list, err := httputil.ParseChallenges(e.Header.Values("Proxy-Authenticate")...); len(list) != 1 || err != nil {
			t.Errorf("%v, %v", list, err)
		}
		done = h.open(h.t.Context(), "http://p", tunnel.Options{Header: header(t, "Proxy-Authorization", "Digest x")})
		h.wantSent(strings.Replace(connectRequest, "User-Agent", "Proxy-Authorization: Digest x\r\nUser-Agent", 1))
		h.proxy.Send("HTTP/1.1 200 OK\r\n\r\n")
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestOpen_TheProxyFails(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(*poll.Peer)
		want error
	}{
		{"it closes", (*poll.Peer).CloseWrite, io.ErrUnexpectedEOF},
		{"it resets", func(p *poll.Peer) { p.Reset(syscall.ECONNRESET) }, syscall.ECONNRESET},
		{"it closes in its answer", func(p *poll.Peer) { p.Send("\x05"); p.CloseWrite() }, io.ErrUnexpectedEOF},
	} {
		bubble(t, func(h *harness) {
			done := h.open(h.t.Context(), "socks5://u:secret@p:1080", tunnel.Options{})
			c.fail(h.proxy)
			err := <-done
			if !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), `tunnel: socks5://p:1080 to "example.com:443": `) {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
}

func TestOpen_RefusesStreamsThatDoNotFit(t *testing.T) {
	bubble(t, func(h *harness) {
		if err := <-h.open(h.t.Context(), "https://u:secret@p", tunnel.Options{}); err == nil || !strings.Contains(err.Error(), "no TLS") {
			t.Errorf("in clear: %v", err)
		}
		if err := <-h.open(h.t.Context(), "socks4://p", tunnel.Options{}); err == nil || !strings.Contains(err.Error(), "SOCKS4") {
			t.Errorf("SOCKS4: %v", err)
		}
		h.wantSent("")
		h.proxy.Send("HTTP/1.1 200 OK\r\n\r\n")
		if _, err := h.s.Peek(h.t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if err := <-h.open(h.t.Context(), "http://p", tunnel.Options{}); err == nil || !strings.Contains(err.Error(), "before it was asked") {
			t.Errorf("an answer to nothing: %v", err)
		}
		h.wantSent("")
	})
}
