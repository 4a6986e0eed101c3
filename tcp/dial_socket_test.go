package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"eddy/internal/poll"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// dialLoop returns a running loop with the poller that the environment names.
func dialLoop(t testing.TB) *loop.Loop {
	t.Helper()
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	t.Cleanup(func() { l.Close() })
	return l
}

// echoing answers every connection with what it is sent, and returns its address.
func echoing(t testing.TB, network, addr string) string {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			} else if err != nil {
				continue // no descriptor is left
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// talk sends something through the echo and closes the stream.
func talk(t *testing.T, s *stream.Stream) {
	t.Helper()
	ctx := t.Context()
	if err := s.Write(ctx, []byte("hello")); err != nil {
		t.Error(err)
	}
	if got, err := s.ReadBytes(ctx, 5); string(got) != "hello" {
		t.Errorf("the echo of hello is %q, %v", got, err)
	}
	s.Loop().Do(ctx, func(context.Context) error { s.CloseNow(); return nil })
}

func TestDial_Connects(t *testing.T) {
	l := dialLoop(t)
	port := func(addr string) string { _, p, _ := net.SplitHostPort(addr); return p }
	for _, c := range []struct{ listen, dial string }{
		{"127.0.0.1:0", "127.0.0.1:"},
		{"127.0.0.1:0", "localhost:"},
		{"127.0.0.1:0", "[::ffff:127.0.0.1]:"},
		{"127.0.0.1:0", "0.0.0.0:"},
		{"[::1]:0", "[::1]:"},
		{"[::1]:0", "[::]:"},
	} {
		t.Run(c.dial, func(t *testing.T) {
			addr := c.dial + port(echoing(t, "tcp", c.listen))
			s, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: l})
			if err != nil {
				t.Fatal(err)
			}
			talk(t, s)
			err = l.Do(t.Context(), func(ctx context.Context) error {
				s, err := tcp.Dial(ctx, addr, tcp.DialOptions{})
				if err == nil {
					s.CloseNow()
				}
				return err
			})
			if err != nil {
				t.Errorf("in a coroutine: %v", err)
			}
		})
	}
}

func TestDial_UnixSockets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Wine has no Unix sockets")
	}
	l := dialLoop(t)
	path := filepath.Join(t.TempDir(), "s")
	paths := []string{path}
	if runtime.GOOS == "linux" {
		paths = append(paths, "@eddy-dial-"+filepath.Base(filepath.Dir(path)))
	}
	for _, path := range paths {
		_, err := tcp.Dial(t.Context(), "unix:"+path, tcp.DialOptions{Loop: l})
		if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: %v before anybody listens", path, err)
		}
		echoing(t, "unix", path)
		s, err := tcp.Dial(t.Context(), "unix:"+path, tcp.DialOptions{Loop: l})
		if err != nil {
			t.Fatal(err)
		}
		talk(t, s)
	}
}

// The peer may have said all and gone before anybody looks.
func TestDial_PeerClosesAtOnce(t *testing.T) {
	lp := dialLoop(t)
	networks := map[string]string{"tcp": "127.0.0.1:0"}
	if runtime.GOOS != "windows" {
		networks["unix"] = filepath.Join(t.TempDir(), "s")
	}
	for network, addr := range networks {
		l, err := net.Listen(network, addr)
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
				c.Write([]byte("bye"))
				c.Close()
			}
		}()
		addr = l.Addr().String()
		if network == "unix" {
			addr = "unix:" + addr
		}
		for range 50 {
			err := lp.Do(t.Context(), func(ctx context.Context) error {
				s, err := tcp.Dial(ctx, addr, tcp.DialOptions{})
				if err != nil {
					return err
				}
				defer s.CloseNow()
				if got, err := s.ReadBytes(ctx, 3); string(got) != "bye" {
					return fmt.Errorf("read %q, %w", got, err)
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s: %v", network, err)
			}
		}
	}
}

// A reset may come before the connection is looked at: it fails, or its first read does.
func TestDial_PeerResetsAtOnce(t *testing.T) {
	lp := dialLoop(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}()
	for range 50 {
		s, err := tcp.Dial(t.Context(), l.Addr().String(), tcp.DialOptions{Loop: lp})
		if err == nil {
			_, err = s.ReadBytes(t.Context(), 1)
			lp.Do(t.Context(), func(context.Context) error { s.CloseNow(); return nil })
		}
		if err == nil {
			t.Fatal("read from a connection that was reset")
		}
	}
}

func TestDial_RefusedOnAll(t *testing.T) {
	lp := dialLoop(t)
	free := func(addr string) netip.AddrPort {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Skip(err)
		}
		defer l.Close()
		return netip.MustParseAddrPort(l.Addr().String())
	}
	r := names{"name": {free("[::1]:0"), free("127.0.0.1:0"), free("127.0.0.1:0")}}
	_, err := tcp.Dial(t.Context(), "name:80", tcp.DialOptions{Loop: lp, Resolver: r})
	var e *tcp.DialError
	if !errors.As(err, &e) || !errors.Is(err, syscall.ECONNREFUSED) || e.Timeout() {
		t.Fatalf("the error is %v", err)
	}
	if list, ok := e.Err.(interface{ Unwrap() []error }); !ok || len(list.Unwrap()) != 3 {
		t.Errorf("not three reasons: %v", err)
	}
}

func TestDial_LocalAddress(t *testing.T) {
	lp := dialLoop(t)
	addr := echoing(t, "tcp", "127.0.0.1:0")
	taken := netip.MustParseAddrPort(addr)
	_, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp, LocalAddr: taken})
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("from an address that is taken: %v", err)
	}
	_, err = tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp, LocalAddr: netip.AddrPortFrom(netip.Addr{}, taken.Port())})
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("from a port that is taken: %v", err)
	}
	_, err = tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp, LocalAddr: netip.MustParseAddrPort("192.0.2.1:0")})
	if !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("from an address that is not this machine's: %v", err)
	}
	s, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp, LocalAddr: netip.AddrPortFrom(taken.Addr(), 0)})
	if err != nil {
		t.Fatal(err)
	}
	if got := lp.Files().LocalAddr(s.FD()); got.Addr() != taken.Addr() || got.Port() == 0 {
		t.Errorf("connected from %v", got)
	}
	talk(t, s)
}

// A socket that connects to its own address is connected to itself.
func TestDial_ToItselfIsRefused(t *testing.T) {
	dialBubble(t, nil, func(d *dialing) {
		d.fake.OnConnect(func(t poll.Target, far *poll.Peer) error {
			far.SetLocalAddr(t.Addr)
			far.Establish()
			return nil
		})
		if _, err := d.dial(context.Background(), a4, tcp.DialOptions{}); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the error is %v", err)
		}
	})
}

// What becomes of a descriptor that was closed while it was being connected is nobody's
// event, also when the next one has its number.
func TestDial_ClosedAttemptsAreForgotten(t *testing.T) {
	lp := dialLoop(t)
	addr := echoing(t, "tcp", "127.0.0.1:0")
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		o := tcp.DialOptions{Loop: lp, Control: func(string, string, syscall.RawConn) error {
			cancel() // when the first attempt is about to begin
			return nil
		}}
		if s, err := tcp.Dial(ctx, addr, o); err == nil {
			talk(t, s) // it was faster
		} else if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		s, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp})
		if err != nil {
			t.Fatal(err)
		}
		talk(t, s)
	}
}

// Many dials at once, of which every second one is given up at some time.
func TestDial_ManyAtOnce(t *testing.T) {
	lp := dialLoop(t)
	addr := netip.MustParseAddrPort(echoing(t, "tcp", "127.0.0.1:0"))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	r := &tcp.CachingResolver{Resolver: names{"name": {netip.MustParseAddrPort(closed.Addr().String()), addr}}}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%2 == 0 {
				go cancel()
			}
			err := lp.Do(ctx, func(ctx context.Context) error {
				s, err := tcp.Dial(ctx, "name:80", tcp.DialOptions{Resolver: r})
				if err == nil {
					s.CloseNow()
				}
				return err
			})
			if err != nil && (i%2 != 0 || !errors.Is(err, context.Canceled)) {
				t.Errorf("dial %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	lp.Do(t.Context(), func(context.Context) error {
		if n := lp.Descriptors(); n != 0 {
			t.Errorf("%d descriptors are left", n)
		}
		return nil
	})
}
