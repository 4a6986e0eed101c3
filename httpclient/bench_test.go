package httpclient_test

import (
	"bytes"
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/internal/poll"
	"eddy/loop"
)

const answer = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\nHello, World!"

// answering serves one answer to every request, at little cost: the figures shall be the client's.
func answering(tb testing.TB) (url string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 4096)
				for {
					n, err := c.Read(b)
					if err != nil || !bytes.HasSuffix(b[:n], []byte("\r\n\r\n")) {
						return
					}
					if _, err := c.Write([]byte(answer)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

func get(tb testing.TB, ctx context.Context, c *httpclient.Client, url string) bool {
	r, err := c.Get(ctx, url)
	if err == nil && len(r.Body) == 13 {
		return true
	}
	tb.Error(r, err)
	return false
}

// A fetch, with the server's part in time, but not in allocations.
func BenchmarkFetch(b *testing.B) {
	url := answering(b)
	b.Run("goroutine", func(b *testing.B) {
		c := httpclient.New(httpclient.Options{})
		defer c.Close()
		b.ReportAllocs()
		for b.Loop() {
			if !get(b, b.Context(), c, url) {
				return
			}
		}
	})
	b.Run("64 goroutines", func(b *testing.B) {
		c := httpclient.New(httpclient.Options{})
		defer c.Close()
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() && get(b, b.Context(), c, url) {
			}
		})
	})
	b.Run("coroutine", func(b *testing.B) {
		l, err := loop.New(loop.Options{})
		if err != nil {
			b.Fatal(err)
		}
		inLoop(b, l, url)
	})
	b.Run("in memory", func(b *testing.B) { inLoop(b, memoryLoop(b), "http://192.0.2.1/") })
}

// inLoop fetches in a coroutine of l.
func inLoop(b *testing.B, l *loop.Loop, url string) {
	go l.Run()
	defer l.Close()
	c := httpclient.New(httpclient.Options{})
	defer c.Close()
	b.ReportAllocs()
	err := l.Do(b.Context(), func(ctx context.Context) error {
		for b.Loop() {
			if !get(b, ctx, c, url) {
				break
			}
		}
		return nil
	})
	if err != nil {
		b.Error(err)
	}
}

// memory is a poller with one connection to a server that is not there: what is written is dropped, and
// the answer can be read in the next turn. So neither a kernel nor another goroutine has a part.
type memory struct {
	*poll.Fake
	token    uint64
	answered bool
}

func memoryLoop(tb testing.TB) *loop.Loop {
	tb.Helper()
	m := &memory{Fake: poll.NewFake()}
	m.OnConnect(func(_ poll.Target, far *poll.Peer) error {
		far.Establish()
		return nil
	})
	l, err := loop.New(loop.Options{Poller: m})
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func (m *memory) Add(fd int, token uint64, mode poll.Mode) error {
	m.token = token
	return m.Fake.Add(fd, token, mode)
}

func (m *memory) Wait(events []poll.Event, until time.Time) (int, error) {
	if m.answered {
		events[0] = poll.Event{Token: m.token, Ready: poll.Read}
		return 1, nil
	}
	return m.Fake.Wait(events, until)
}

func (m *memory) Files() poll.Files { return memoryFiles{m.Fake.Files(), m} }

type memoryFiles struct {
	poll.Files
	m *memory
}

func (f memoryFiles) Write(_ int, p []byte) (int, error) {
	f.m.answered = true
	return len(p), nil
}

func (f memoryFiles) Read(_ int, p []byte) (int, error) {
	if !f.m.answered {
		return 0, syscall.EAGAIN
	}
	f.m.answered = false
	return copy(p, answer), nil
}
