package httpserver_test

import (
	"context"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/poll"
	"eddy/loop"
	"eddy/web"
)

// A request through the server, from the bytes that have come to those that leave, over a poller that
// costs no system call. 64 clients send so many requests at a time.
func BenchmarkServer(b *testing.B) {
	plain := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, "Hello, World!")
	})
	settings := web.Settings{AccessLog: func(*web.RequestHandler) {}}
	app := web.NewApplicationWith(settings, web.URL("/plaintext", helloPage{}))
	const browser = "GET /plaintext HTTP/1.1\r\nHost: localhost:8888\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n" +
		"Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n" +
		"Sec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n"
	const short = "GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, c := range []struct {
		name    string
		h       httputil.Handler
		request string
		ahead   int
	}{
		{"handler", plain, short, 1},
		{"web", app, short, 1},
		{"web/pipelined", app, short, 16},
		{"web/browser", app, browser, 1},
	} {
		b.Run(c.name, func(b *testing.B) { serveMany(b, c.h, c.request, c.ahead) })
	}
}

type helloPage struct{ web.RequestHandler }

func (h *helloPage) Get(context.Context) error { return h.Text("Hello, World!") }

const benchClients = 64

func serveMany(b *testing.B, h httputil.Handler, request string, ahead int) {
	left, served := 0, make(chan struct{})
	counting := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		h.ServeRequest(ctx, w, r)
		if left--; left == 0 {
			served <- struct{}{}
		}
	})
	p := &batches{batch: strings.Repeat(request, ahead), turn: make(chan struct{}), woken: make(chan struct{}, 1)}
	quiet := slog.New(slog.DiscardHandler)
	g, err := loop.NewGroup(1, loop.Options{Poller: p, Logger: quiet, HandOffAfter: -1})
	if err != nil {
		b.Fatal(err)
	}
	s := httpserver.New(counting, httpserver.Options{Logger: quiet})
	for fd := range benchClients {
		if err := s.Take(g, fd, false); err != nil {
			b.Fatal(err)
		}
	}
	g.Loops()[0].Do(context.Background(), func(context.Context) error { return nil })
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += benchClients * ahead {
		left = benchClients * ahead
		p.turn <- struct{}{}
		<-served
	}
	b.StopTimer()
	g.Close()
}

// batches is a poller of clients that all send the same bytes at a time, and take every answer.
type batches struct {
	batch  string
	turn   chan struct{}
	woken  chan struct{}
	tokens [benchClients]uint64
	unread [benchClients]string
}

func (p *batches) Files() poll.Files { return batchFiles{p: p} }
func (p *batches) Close() error      { return nil }
func (p *batches) Wake() error {
	select {
	case p.woken <- struct{}{}:
	default:
	}
	return nil
}

func (p *batches) Add(fd int, token uint64, _ poll.Mode) error { p.tokens[fd] = token; return nil }
func (p *batches) Modify(int, uint64, poll.Mode) error         { return nil }
func (p *batches) Remove(int) error                            { return nil }

func (p *batches) Wait(events []poll.Event, until time.Time) (int, error) {
	if until == poll.DontWait {
		return 0, nil
	}
	select {
	case <-p.turn:
	case <-p.woken:
		return 0, nil
	}
	for fd := range p.tokens {
		p.unread[fd] = p.batch
		events[fd] = poll.Event{Token: p.tokens[fd], Ready: poll.Read}
	}
	return benchClients, nil
}

// batchFiles has no other methods of poll.Files than a server needs for them.
type batchFiles struct {
	poll.Files
	p *batches
}

func (f batchFiles) Read(fd int, p []byte) (int, error) {
	n := copy(p, f.p.unread[fd])
	f.p.unread[fd] = f.p.unread[fd][n:]
	if n == 0 {
		return 0, syscall.EAGAIN
	}
	return n, nil
}

func (f batchFiles) Write(_ int, p []byte) (int, error) { return len(p), nil }
func (f batchFiles) Close(int) error                    { return nil }
