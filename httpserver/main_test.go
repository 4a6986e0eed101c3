package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/leaktest"
	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// harness is a server on one loop with a fake poller, in a bubble of fake time.
type harness struct {
	t     *testing.T
	group *loop.Group
	loop  *loop.Loop
	fake  *poll.Fake
	srv   *httpserver.Server
	logs  *testlog.Log
}

type handlerFunc = httputil.HandlerFunc

// bubble runs f with a server of h, and checks afterwards that nothing is left.
func bubble(t *testing.T, h httputil.Handler, o httpserver.Options, f func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		hs := &harness{t: t, fake: poll.NewFake()}
		hs.logs, o.Logger = testlog.New()
		g, err := loop.NewGroup(1, loop.Options{Poller: hs.fake, Logger: o.Logger})
		if err != nil {
			t.Fatal(err)
		}
		hs.group, hs.loop = g, g.Loops()[0]
		hs.srv = httpserver.New(h, o)
		defer hs.finish(g)
		f(hs)
	})
}

// finish closes everything and checks that nothing is left.
func (h *harness) finish(g *loop.Group) {
	g.Close()
	synctest.Wait() // a handler in a goroutine may just be returning, and Close does not wait for it
	if n := h.srv.Connections(); n != 0 {
		h.t.Errorf("%d connections are left", n)
	}
	if n := h.fake.Open(); n != 0 {
		h.t.Errorf("%d descriptors are left", n)
	}
	if n := h.loop.Load(); n != 0 {
		h.t.Errorf("the loop's load is %d", n)
	}
}

// connect opens a connection and returns the client's end of it.
func (h *harness) connect() *poll.Peer { return h.open(false) }

// connectTLS is connect for a connection that begins with a handshake.
func (h *harness) connectTLS() *poll.Peer { return h.open(true) }

func (h *harness) open(secure bool) *poll.Peer {
	fd, peer := h.fake.Socket()
	if err := h.srv.Take(h.group, fd, secure); err != nil {
		h.t.Fatal(err)
	}
	done := make(chan struct{})
	h.loop.Post(func() { close(done) })
	<-done
	return peer
}

// send sends s, waits until the server has nothing left to do, and returns what came back.
func (h *harness) send(p *poll.Peer, s string) string {
	p.Send(s)
	return h.take(p)
}

func (h *harness) take(p *poll.Peer) string {
	synctest.Wait()
	return withoutDate(p.Take())
}

func closed(p *poll.Peer) bool {
	c, _ := p.Closed()
	return c
}

// withoutDate removes the Date fields, after a look at their form.
func withoutDate(s string) string {
	for {
		i := strings.Index(s, "Date: ")
		if i < 0 {
			return s
		}
		n := strings.Index(s[i:], "\r\n")
		if n != len("Date: Sat, 01 Jan 2000 00:00:00 GMT") {
			return s
		}
		s = s[:i] + s[i+n+2:]
	}
}

// respond writes a whole response.
func respond(w httputil.ResponseWriter, status int, body string) error {
	var h httputil.Header
	h.Append("Content-Type", "text/plain")
	if err := w.WriteHead(status, "", &h, int64(len(body))); err != nil {
		return err
	}
	_, err := io.WriteString(w, body)
	return err
}

// okClose is ok for the last response of a connection.
func okClose(body string) string {
	return strings.Replace(ok(body), "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
}

// ok is what respond(w, 200, body) looks like on the wire.
func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func failure(status int, phrase, reason string) string {
	text := fmt.Sprintf("%d %s", status, phrase)
	if reason != "" {
		text += ": " + reason
	}
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n",
		status, phrase, len(text)+1, text)
}

// echo answers with the method, the path and the body.
var echo = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	body, err := io.ReadAll(r.Body)
	switch {
	case errors.Is(err, httputil.ErrBodyTooLarge):
		respond(w, 413, err.Error())
		return
	case err != nil:
		respond(w, 400, err.Error())
		return
	}
	respond(w, 200, r.Method+" "+r.Path+" "+string(body))
})
