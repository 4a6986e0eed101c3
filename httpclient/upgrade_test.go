package httpclient_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/httputil"
	"eddy/loop"
	"eddy/stream"
)

// switching answers with a 101 and a greeting in the same packet, and echoes then.
func switching(_ int, c net.Conn, r *bufio.Reader) {
	if readHead(r) != "" {
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello")
		io.Copy(c, r)
	}
}

func upgradeTo(t *testing.T, url string) *httpclient.Request {
	header, err := httputil.ParseHeader("Upgrade: echo\r\nConnection: Upgrade\r\n")
	if err != nil {
		t.Fatal(err)
	}
	return &httpclient.Request{URL: url, Header: header}
}

func TestStream_TakeStream(t *testing.T) {
	url, _ := rawServer(t, switching)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{MaxClients: 1, ReadTimeout: 100 * time.Millisecond})
		for range 2 { // MaxClients: a connection that was taken has no place
			r, err := c.Stream(ctx, upgradeTo(t, url))
			if err != nil {
				t.Error(err)
				return
			}
			if r.Status != 101 || r.Header.Get("Upgrade") != "echo" {
				t.Errorf("%d %v", r.Status, r.Header)
			}
			s, err := r.TakeStream(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := r.TakeStream(ctx); err == nil {
				t.Error("taken twice")
			}
			r.Close() // nothing of it is the response's any more
			echoed(t, ctx, s, "hello")
			// The limits are not the client's any more, either.
			silence, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			if _, err := s.ReadBytes(silence, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("in silence: %v", err)
			}
			cancel()
			if err := s.Write(ctx, []byte("again")); err != nil {
				t.Error(err)
			}
			echoed(t, ctx, s, "again")
			conn, err := s.Detach(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		}
	})
}

func echoed(t *testing.T, ctx context.Context, s *stream.Stream, want string) {
	t.Helper()
	if b, err := s.ReadBytes(ctx, len(want)); string(b) != want || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestStream_TakeStreamAfterConnect(t *testing.T) {
	url, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		io.Copy(c, r)
	})
	c := newClient(t, httpclient.Options{})
	r, err := c.Stream(t.Context(), &httpclient.Request{Method: "CONNECT", URL: url, AllowNonstandardMethods: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.TakeStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	echoed(t, t.Context(), s, "hello")
	s.Loop().Post(s.CloseNow)
}

// The client's end does not concern connections that were taken.
func TestStream_TakenStreamOutlivesItsClient(t *testing.T) {
	url, _ := rawServer(t, switching)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{Group: newGroup(t)})
		r, err := c.Stream(ctx, upgradeTo(t, url))
		if err != nil {
			t.Error(err)
			return
		}
		s, err := r.TakeStream(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		c.Close()
		echoed(t, ctx, s, "hello")
		s.Loop().Post(s.CloseNow)
	})
}

func TestStream_TakeStreamFails(t *testing.T) {
	url, conns := rawServer(t, keeps(ok))
	c := newClient(t, httpclient.Options{})
	r, err := c.Stream(t.Context(), upgradeTo(t, url))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.TakeStream(t.Context()); err == nil {
		t.Error("a 200 was taken")
	}
	if b, err := io.ReadAll(r); string(b) != "ok" || err != nil {
		t.Errorf("then it reads %q, %v", b, err)
	}
	fetched(t, t.Context(), c, &httpclient.Request{URL: url})
	if n := conns(); n != 1 {
		t.Errorf("%d connections", n)
	}
	// The server has gone before.
	url, _ = rawServer(t, says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"))
	r, err = c.Stream(t.Context(), upgradeTo(t, url))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := r.TakeStream(t.Context()); err == nil {
		if _, err = s.ReadBytes(t.Context(), 1); err != io.EOF {
			t.Errorf("%v", err)
		}
		s.Loop().Post(s.CloseNow)
	}
}

// A 101 has no body for who has not asked for it, or wants a whole response, and the connection is not used again.
func TestClient_UnaskedUpgrade(t *testing.T) {
	url, conns := rawServer(t, switching)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{})
		r, err := c.Stream(ctx, &httpclient.Request{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF || r.Status != 101 {
			t.Errorf("Stream: %d, %d bytes, %v", r.Status, n, err)
		}
		if r, err := c.Do(ctx, upgradeTo(t, url)); err != nil || r.Status != 101 || len(r.Body) > 0 {
			t.Errorf("Do: %v, %v", r, err)
		}
	})
	if n := conns(); n != 4 {
		t.Errorf("%d connections", n)
	}
}

func newGroup(t *testing.T) *loop.Group {
	g, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}
