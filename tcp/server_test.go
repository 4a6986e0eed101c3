package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// fakeServer is a server on one loop with a fake poller, in a bubble of fake time.
type fakeServer struct {
	*tcp.Server
	t     *testing.T
	group *loop.Group
	fake  *poll.Fake
	door  *poll.Peer
	logs  *failingLog
}

// failingLog is a log that may be told to panic.
type failingLog struct {
	*testlog.Log
	fails atomic.Bool
}

func (l *failingLog) Write(p []byte) (int, error) {
	if l.fails.Load() {
		panic("no room for a line")
	}
	return l.Log.Write(p)
}

// serveFake runs f with a server of h, and checks afterwards that nothing is left.
func serveFake(t *testing.T, o tcp.ServerOptions, p *tcp.ProxyProtocol, h tcp.Handler, f func(s *fakeServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeServer{t: t, fake: poll.NewFake()}
		s.logs = &failingLog{Log: new(testlog.Log)}
		o.Logger = slog.New(slog.NewTextHandler(s.logs, nil))
		var err error
		if s.group, err = loop.NewGroup(1, loop.Options{Poller: s.fake, Logger: o.Logger}); err != nil {
			t.Fatal(err)
		}
		s.Server = tcp.NewServer(h, o)
		fd, door := s.fake.Listener()
		s.door = door
		if err := s.ServeOn(s.group, p, fd); err != nil {
			t.Fatal(err)
		}
		f(s)
		s.group.Close()
		if n := s.Stats().Connections; n != 0 {
			t.Errorf("%d connections are left", n)
		}
		if n := s.fake.Open(); n != 0 {
			t.Errorf("%d descriptors are left", n)
		}
		if n := s.group.Loops()[0].Load(); n != 0 {
			t.Errorf("the loop's load is %d", n)
		}
	})
}

func (s *fakeServer) connect() *poll.Peer {
	p := s.door.Connect()
	synctest.Wait()
	return p
}

func (s *fakeServer) send(p *poll.Peer, text string) string {
	p.Send(text)
	synctest.Wait()
	return p.Take()
}

func closed(p *poll.Peer) bool {
	c, _ := p.Closed()
	return c
}

// echo answers line by line.
func echo(ctx context.Context, s *stream.Stream) error {
	for {
		line, err := s.ReadUntil(ctx, []byte("\n"), 1000)
		if err != nil {
			return err
		}
		if err := s.Write(ctx, line); err != nil {
			return err
		}
	}
}

func TestServer_ServesEachConnectionInACoroutine(t *testing.T) {
	serveFake(t, tcp.ServerOptions{}, nil, echo, func(s *fakeServer) {
		a, b := s.connect(), s.connect()
		if got := s.send(a, "one\ntw") + s.send(b, "three\n") + s.send(a, "o\n"); got != "one\nthree\ntwo\n" {
			t.Errorf("got %q", got)
		}
		if st := s.Stats(); st != (tcp.Stats{Connections: 2, Accepted: 2}) {
			t.Errorf("%+v", st)
		}
		a.CloseWrite()
		synctest.Wait()
		if st := s.Stats(); st.Connections != 1 || !closed(a) || closed(b) {
			t.Errorf("%+v, closed %v, %v", st, closed(a), closed(b))
		}
		if logs := s.logs.String(); logs != "" {
			t.Errorf("an end of file was logged: %s", logs)
		}
	})
}

func TestServer_ClosesAfterWhatWasWritten(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	h := func(ctx context.Context, s *stream.Stream) error {
		s.ReadBytes(ctx, 1)
		return s.Write(ctx, []byte(long))
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		fast := s.connect()
		if got := s.send(fast, "x"); got != long || !closed(fast) {
			t.Errorf("%d bytes, closed %v", len(got), closed(fast))
		}
		slow := s.connect()
		slow.SetRoom(1)
		slow.Send("x")
		for range 3 { // it takes a little in every linger time
			time.Sleep(tcp.LingerTime - time.Second)
			slow.SetRoom(1)
		}
		synctest.Wait()
		if closed(slow) {
			t.Error("a slow peer was cut off")
		}
		time.Sleep(3 * tcp.LingerTime)
		if !closed(slow) {
			t.Error("a peer that takes nothing keeps its connection")
		}
	})
}

// A peer that still sends must get what it was told, and not a reset.
func TestServer_DrainsWhatItsHandlerDidNotRead(t *testing.T) {
	h := func(ctx context.Context, s *stream.Stream) error {
		s.ReadBytes(ctx, 1)
		return s.Write(ctx, []byte("bye"))
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		p := s.connect()
		if got := s.send(p, "more than one byte"); got != "bye" {
			t.Errorf("got %q", got)
		}
		if all, sending := p.Closed(); all || !sending {
			t.Errorf("closed %v, sends no more %v", all, sending)
		}
		p.CloseWrite()
		synctest.Wait()
		if !closed(p) {
			t.Error("it is open after the peer has closed")
		}
	})
}

func TestServer_LogsErrorsButNotEnds(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{errors.New("boom"), true},
		{fmt.Errorf("boom: %w", io.ErrShortWrite), true},
		{context.DeadlineExceeded, true}, // the handler's own
		{stream.ErrTooLong, true},
		{nil, false},
		{io.EOF, false},
		{io.ErrUnexpectedEOF, false},
		{fmt.Errorf("reading: %w", syscall.ECONNRESET), false},
		{syscall.EPIPE, false},
		{stream.ErrClosed, false},
		{net.ErrClosed, false},
		{context.Canceled, false},
		{tcp.ErrGone, false},
		{tcp.ErrClosed, false},
		{loop.ErrClosed, false},
	} {
		h := func(context.Context, *stream.Stream) error { return c.err }
		serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
			p := s.connect()
			if !closed(p) {
				t.Errorf("%v: the connection is open", c.err)
			}
			if got := strings.Contains(s.logs.String(), "error in a connection's handler"); got != c.want {
				t.Errorf("%v: logged %v", c.err, got)
			}
		})
	}
}

func TestServer_SurvivesHandlersThatDoNotReturn(t *testing.T) {
	h := func(ctx context.Context, s *stream.Stream) error {
		line, err := s.ReadUntil(ctx, []byte("\n"), 100)
		switch string(line) {
		case "panic\n":
			panic("boom")
		case "exit\n":
			runtime.Goexit()
		}
		s.Write(ctx, line)
		return err
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		for _, word := range []string{"panic\n", "exit\n"} {
			p := s.connect()
			if got := s.send(p, word); got != "" || !closed(p) {
				t.Errorf("%q: got %q, closed %v", word, got, closed(p))
			}
		}
		if logs := s.logs.String(); !strings.Contains(logs, "boom") || !strings.Contains(logs, "server_test.go") {
			t.Errorf("the log lacks the panic or its stack: %s", logs)
		}
		if p := s.connect(); s.send(p, "fine\n") != "fine\n" {
			t.Error("the server does not go on")
		}
	})
}

func TestServer_ContextEndsWithThePeer(t *testing.T) {
	for name, leave := range map[string]func(*poll.Peer){
		"stops sending": (*poll.Peer).CloseWrite,
		"resets":        func(p *poll.Peer) { p.Reset(syscall.ECONNRESET) },
	} {
		t.Run(name, func(t *testing.T) {
			var got error
			h := func(ctx context.Context, s *stream.Stream) error {
				got = async.Sleep(ctx, time.Hour)
				if got != nil && name == "stops sending" {
					s.Write(ctx, []byte("half closed is not closed"))
				}
				return got
			}
			serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
				p := s.connect()
				leave(p)
				time.Sleep(3 * time.Second)
				synctest.Wait()
				if got != tcp.ErrGone || !errors.Is(got, context.Canceled) || !closed(p) {
					t.Errorf("the handler saw %v, closed %v", got, closed(p))
				}
				if text := p.Take(); name == "stops sending" && text != "half closed is not closed" {
					t.Errorf("the peer got %q", text)
				}
			})
		})
	}
}

// A peer that asks, stops sending and reads slowly gets all of a long answer.
func TestServer_HalfClosedPeerGetsALongAnswer(t *testing.T) {
	const pieces, size = 40, 64 << 10
	h := func(ctx context.Context, s *stream.Stream) error {
		if _, err := s.ReadUntil(ctx, []byte("\n"), 100); err != nil {
			return err
		}
		for range pieces {
			if err := async.Sleep(ctx, time.Second); err != nil { // it has to be made first
				return err
			}
			if err := s.Write(ctx, make([]byte, size)); err != nil {
				return err
			}
		}
		return nil
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		p := s.connect()
		p.SetRoom(0)
		p.Send("all\n")
		p.CloseWrite()
		got := 0
		for range 2 * pieces {
			time.Sleep(10 * time.Second)
			p.SetRoom(size)
			synctest.Wait()
			got += len(p.Take())
		}
		if got != pieces*size || !closed(p) {
			t.Errorf("%d bytes of %d, closed %v", got, pieces*size, closed(p))
		}
	})
}

// Who has read the end of file knows, and may take its time.
func TestServer_EndOfFileIsNotTheEndOfTheContext(t *testing.T) {
	h := func(ctx context.Context, s *stream.Stream) error {
		s.ReadUntil(ctx, []byte("\n"), 100)
		if err := async.Sleep(ctx, time.Second); err != nil { // hears of the hang-up
			return err
		}
		if _, err := s.Read(ctx, make([]byte, 1)); err != io.EOF {
			return errors.New("no end of file")
		}
		if err := async.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		return s.Write(ctx, []byte("at last"))
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		p := s.connect()
		p.Send("x\n")
		p.CloseWrite()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := p.Take(); got != "at last" || !closed(p) {
			t.Errorf("got %q, closed %v, log %s", got, closed(p), s.logs)
		}
	})
}

func TestServer_HalfClosedPeerOfAPatientHandler(t *testing.T) {
	h := func(ctx context.Context, s *stream.Stream) error {
		ctx = context.WithoutCancel(ctx)
		if err := async.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		return echo(ctx, s)
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		p := s.connect()
		p.Send("one\ntwo\n")
		p.CloseWrite()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := p.Take(); got != "one\ntwo\n" || !closed(p) {
			t.Errorf("got %q, closed %v", got, closed(p))
		}
	})
}

func TestServer_MaxConnections(t *testing.T) {
	serveFake(t, tcp.ServerOptions{MaxConnections: 3}, nil, echo, func(s *fakeServer) {
		var peers []*poll.Peer
		for range 6 {
			peers = append(peers, s.connect())
		}
		want := func(connections int, accepted uint64) {
			t.Helper()
			synctest.Wait()
			if st := s.Stats(); st.Connections != connections || st.Accepted != accepted || st.Refused != 0 || st.Full == 0 {
				t.Errorf("%+v, want %d open and %d accepted", st, connections, accepted)
			}
		}
		want(3, 3)
		if s.send(peers[0], "a\n") != "a\n" || s.send(peers[3], "a\n") != "" {
			t.Error("not the first three are served")
		}
		peers[0].CloseWrite()
		want(3, 4)
		if got := peers[3].Take(); got != "a\n" {
			t.Errorf("the fourth got %q", got)
		}
		peers[1].CloseWrite()
		peers[2].CloseWrite()
		want(3, 6)
		for _, p := range peers {
			p.CloseWrite()
		}
		want(0, 6)
		if p := s.connect(); s.send(p, "b\n") != "b\n" {
			t.Error("nobody is served afterwards")
		}
		if n := strings.Count(s.logs.String(), "as many connections as allowed"); n != 1 {
			t.Errorf("%d lines in the log:\n%s", n, s.logs)
		}
	})
}
