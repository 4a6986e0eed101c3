package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"eddy/internal/testlog"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// realServer serves h on loopback and on several loops.
func realServer(t testing.TB, loops int, o tcp.ServerOptions, h tcp.Handler) (*tcp.Server, *loop.Group, net.Addr, *testlog.Log) {
	t.Helper()
	logs, logger := testlog.New()
	o.Logger = logger
	g, err := loop.NewGroup(loops, loop.Options{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := tcp.NewServer(h, o)
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	return s, g, l.Addr(), logs
}

// await waits for something that other goroutines bring about.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true: %s", what)
		}
		runtime.Gosched()
	}
}

func TestServer_SpreadsAndNamesItsPeers(t *testing.T) {
	s, g, addr, _ := realServer(t, 3, tcp.ServerOptions{}, tell)
	for range 30 {
		got, c := ask(t, addr, "")
		if want := fmt.Sprintf("%v to %v, false, 0\n", c.LocalAddr(), c.RemoteAddr()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for i, l := range g.Loops() {
		if n := l.Load(); n != 10 {
			t.Errorf("loop %d has %d of 30 connections", i, n)
		}
	}
	if st := s.Stats(); st != (tcp.Stats{Connections: 30, Accepted: 30}) {
		t.Errorf("%+v", st)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var cut *tcp.CutError
	if err := s.Shutdown(ctx); !errors.As(err, &cut) || cut.Connections != 30 {
		t.Errorf("Shutdown: %v", err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", addr.String()); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

// Port scans: connections that are closed or reset before anybody says a word, some before they
// are accepted.
func TestServer_PortScans(t *testing.T) {
	s, _, addr, logs := realServer(t, 2, tcp.ServerOptions{MaxConnections: 20}, echo)
	const scans = 300
	for i := range scans {
		c, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			c.(*net.TCPConn).SetLinger(0) // resets
		}
		c.Close()
	}
	if got, _ := ask(t, addr, "fine\n"); got != "fine\n" {
		t.Errorf("got %q afterwards", got)
	}
	await(t, "one connection is left", func() bool { return s.Stats().Connections == 1 })
	if text := logs.String(); strings.Contains(text, "level=ERROR") {
		t.Errorf("a scan was logged as an error: %s", text)
	}
}

func TestServer_ServesOneGroup(t *testing.T) {
	s, _, _, _ := realServer(t, 1, tcp.ServerOptions{}, echo)
	other, err := loop.NewGroup(1, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	l := listen(t, "127.0.0.1:0")
	if err := s.Serve(other, l); err == nil {
		t.Error("two groups")
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("the listener is open")
	}
}

func TestServer_SeveralListeners(t *testing.T) {
	s, g, first, _ := realServer(t, 2, tcp.ServerOptions{}, echo)
	l := listen(t, "localhost:0")
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	for _, a := range append(l.Addrs(), first) {
		if got, _ := ask(t, a, "hey\n"); got != "hey\n" {
			t.Errorf("%v: got %q", a, got)
		}
	}
	s.Stop()
	for _, a := range append(l.Addrs(), first) {
		await(t, "nobody listens", func() bool {
			c, err := net.Dial("tcp", a.String())
			if err == nil {
				c.Close()
			}
			return err != nil
		})
	}
	after := listen(t, "127.0.0.1:0")
	if err := s.Serve(g, after); !errors.Is(err, tcp.ErrClosed) {
		t.Errorf("Serve after Stop: %v", err)
	}
	if c, err := net.Dial("tcp", after.Addr().String()); err == nil {
		c.Close()
		t.Error("the listener is open")
	}
}

// A loop that was closed looks idle, and must not draw all connections to it.
func TestServer_GoesOnWithoutALoopThatWasClosed(t *testing.T) {
	_, g, addr, _ := realServer(t, 3, tcp.ServerOptions{}, echo)
	g.Loops()[1].Close() // the first listener is accepted on the first loop
	for range 10 {
		if got, _ := ask(t, addr, "hey\n"); got != "hey\n" {
			t.Fatalf("got %q", got)
		}
	}
	if a, b, c := g.Loops()[0].Load(), g.Loops()[1].Load(), g.Loops()[2].Load(); a+c != 10 || b != 0 {
		t.Errorf("loads %d, %d, %d", a, b, c)
	}
}

// A handler that blocks loses its loop; others are served meanwhile, and the end waits for it.
func TestServer_HandlersThatBlock(t *testing.T) {
	release := make(chan struct{})
	h := func(ctx context.Context, s *stream.Stream) error {
		line, err := s.ReadUntil(ctx, []byte("\n"), 100)
		if string(line) == "block\n" {
			<-release
		}
		s.Write(ctx, line)
		return err
	}
	s, _, addr, _ := realServer(t, 1, tcp.ServerOptions{}, h)
	blocked, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer blocked.Close()
	io.WriteString(blocked, "block\n")
	await(t, "it is accepted", func() bool { return s.Stats().Connections == 1 })
	for range 10 {
		if got, _ := ask(t, addr, "hey\n"); got != "hey\n" {
			t.Errorf("got %q", got)
		}
	}
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	close(release)
	if text, err := io.ReadAll(blocked); string(text) != "block\n" {
		t.Errorf("the blocked one got %q, %v", text, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Many come and go at a bound that is always reached: nobody is forgotten in the queue.
func TestServer_MaxConnectionsUnderLoad(t *testing.T) {
	h := func(ctx context.Context, s *stream.Stream) error {
		line, err := s.ReadUntil(ctx, []byte("\n"), 100)
		s.Write(ctx, line)
		return err
	}
	s, g, addr, _ := realServer(t, 3, tcp.ServerOptions{MaxConnections: 4}, h)
	second := listen(t, "127.0.0.1:0")
	if err := s.Serve(g, second); err != nil {
		t.Fatal(err)
	}
	const clients, rounds = 16, 20
	failed := make(chan error, clients)
	first := make([]net.Conn, 4) // they fill the server until somebody has found it full
	for i := range first {
		c, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		first[i] = c
	}
	for i := range clients {
		go func() {
			for range rounds {
				to := addr
				if i%2 == 0 {
					to = second.Addr()
				}
				if err := roundTrip(to, "hey\n"); err != nil {
					failed <- err
					return
				}
				if n := s.Stats().Connections; n > 4 {
					failed <- fmt.Errorf("%d connections", n)
					return
				}
			}
			failed <- nil
		}()
	}
	for s.Stats().Full == 0 {
		runtime.Gosched()
	}
	for _, c := range first {
		c.Close()
	}
	for range clients {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if st := s.Stats(); st.Accepted != uint64(len(first))+clients*rounds {
		t.Errorf("%+v", st)
	}
}

// roundTrip sends text, and wants it back and then the end.
func roundTrip(to net.Addr, text string) error {
	c, err := net.Dial("tcp", to.String())
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	io.WriteString(c, text)
	got, err := io.ReadAll(c)
	if string(got) != text {
		return fmt.Errorf("got %q, %v", got, err)
	}
	return nil
}

// A connection that is on its way to its loop when the server stops is dropped there.
func TestServer_StopOvertakesAConnection(t *testing.T) {
	served := false
	h := func(context.Context, *stream.Stream) error {
		served = true
		return nil
	}
	s, g, addr, _ := realServer(t, 2, tcp.ServerOptions{}, h)
	first, second := g.Loops()[0], g.Loops()[1]
	first.AddLoad(1) // so that the second is chosen
	defer first.AddLoad(-1)
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- second.Do(context.Background(), func(context.Context) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	await(t, "it is accepted", func() bool { return s.Stats().Connections == 1 })
	s.Stop()
	close(release)
	<-done
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if served {
		t.Error("it was served after Stop")
	}
}
