package tcp_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

func TestServer_ShutdownWaitsForHandlers(t *testing.T) {
	serveFake(t, tcp.ServerOptions{}, nil, echo, func(s *fakeServer) {
		p := s.connect()
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(context.Background()) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("Shutdown: %v", err)
		default:
		}
		if got := s.send(p, "still here\n"); got != "still here\n" || !closed(s.door) {
			t.Errorf("got %q, the listening socket is closed: %v", got, closed(s.door))
		}
		p.CloseWrite()
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("the second Shutdown: %v", err)
		}
	})
}

func TestServer_ShutdownCutsWhatDoesNotEnd(t *testing.T) {
	var cause error
	h := func(ctx context.Context, s *stream.Stream) error {
		s.Write(ctx, []byte("hello"))
		cause = async.Sleep(ctx, time.Hour)
		return cause
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		a, b := s.connect(), s.connect()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := s.Shutdown(ctx)
		var cut *tcp.CutError
		if !errors.As(err, &cut) || cut.Connections != 2 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		synctest.Wait()
		if !closed(a) || !closed(b) || cause != tcp.ErrClosed || a.Take() != "hello" {
			t.Errorf("closed %v, %v; the handler saw %v", closed(a), closed(b), cause)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("the second Shutdown: %v", err)
		}
	})
}

func TestServer_CloseEndsAShutdown(t *testing.T) {
	serveFake(t, tcp.ServerOptions{}, nil, echo, func(s *fakeServer) {
		p := s.connect()
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(context.Background()) }()
		synctest.Wait()
		s.Close()
		s.Close()
		var cut *tcp.CutError
		if err := <-done; !errors.As(err, &cut) || !errors.Is(err, tcp.ErrClosed) {
			t.Errorf("Shutdown: %v", err)
		}
		synctest.Wait()
		if !closed(p) {
			t.Error("the connection is open")
		}
	})
}

func TestServer_StopsInAHandler(t *testing.T) {
	var s *tcp.Server
	h := func(ctx context.Context, st *stream.Stream) error {
		for {
			line, err := st.ReadUntil(ctx, []byte("\n"), 100)
			if err != nil {
				return err
			}
			switch string(line) {
			case "stop\n":
				s.Stop()
			case "shutdown\n":
				if err := s.Shutdown(ctx); err == nil {
					return errors.New("a handler waited for itself")
				}
			case "close\n":
				s.Close()
				st.Write(ctx, []byte("goes on until the turn is over"))
				return async.Sleep(ctx, time.Hour)
			}
			st.Write(ctx, line)
		}
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(f *fakeServer) {
		s = f.Server
		a, b := f.connect(), f.connect()
		if got := f.send(a, "stop\nstop\nshutdown\n"); got != "stop\nstop\nshutdown\n" {
			t.Errorf("got %q", got)
		}
		if got := f.send(b, "x\n"); got != "x\n" {
			t.Errorf("the other connection: %q", got)
		}
		f.send(a, "close\n")
		if !closed(a) || !closed(b) {
			t.Errorf("closed %v, %v", closed(a), closed(b))
		}
		if err := s.Shutdown(context.Background()); err == nil {
			t.Error("Shutdown does not tell of what Close has cut")
		}
		if logs := f.logs.String(); logs != "" {
			t.Error(logs)
		}
	})
}

func TestServer_LoopClosedUnderIt(t *testing.T) {
	var saw error
	h := func(ctx context.Context, s *stream.Stream) error {
		saw = async.Sleep(ctx, time.Hour)
		return saw
	}
	serveFake(t, tcp.ServerOptions{MaxConnections: 1}, nil, h, func(s *fakeServer) {
		p := s.connect()
		s.group.Close()
		if !closed(p) || !errors.Is(saw, loop.ErrClosed) {
			t.Errorf("closed %v, the handler saw %v", closed(p), saw)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}
