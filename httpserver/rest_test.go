package httpserver_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/poll"
)

// restTimes differ, so that the second at which a connection ends tells which of them was set.
var restTimes = httpserver.Options{
	IdleTimeout: 10 * time.Second, HeaderTimeout: 20 * time.Second, WriteTimeout: 40 * time.Second,
	BodyTimeout: 30 * time.Second, H2C: true,
}

// What has come by the time that a response is made decides how long the connection stays: the time for what is
// expected next is set, and none before it is left.
func TestRest_WhatHasComeDecidesHowLongItStays(t *testing.T) {
	const (
		never   = 3600
		partial = "GET /slow HT"
		slow    = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
		lasting = 60 // what a slow request takes
		drained = 2  // what a client has that was told the end, and does not close
	)
	unhurried := restTimes
	unhurried.HeaderTimeout = -1
	timeout := failure(408, "Request Timeout", "the request's head did not arrive in time")
	for _, tt := range []struct {
		name, next string
		o          httpserver.Options
		eof        bool
		at         int    // when the connection is closed, in seconds
		answer     string // to what is sent next
	}{
		{"nothing", "", restTimes, false, 10, ""},
		{"nothing, and the end", "", restTimes, true, 0, ""},
		{"a part of a head", partial, restTimes, false, 20 + drained, timeout},
		{"a part of a head, for which there is any time", partial, unhurried, false, never, ""},
		{"a part of a head, and the end", partial, restTimes, true, 0, ""},
		{"an empty line", "\r\n", restTimes, false, 20 + drained, timeout},
		{"an empty line, for which there is any time", "\r\n", unhurried, false, never, ""},
		{"an empty line, and the end", "\r\n", restTimes, true, 0, ""},
		{"a request", get, restTimes, false, 10, ok("GET / ")},
		{"a request, and the end", get, restTimes, true, 0, ok("GET / ")},
		{"a request that takes longer", slow, restTimes, false, lasting + 10, ok("late")},
		{"a request, and a part of a head", get + partial, restTimes, false, 20 + drained, ok("GET / ") + timeout},
		{"a request that takes longer, and a part of a head", slow + partial, restTimes, false, lasting + 20 + drained, ok("late") + timeout},
		{"no request", "GET\r\n\r\n", restTimes, false, drained, "HTTP/1.1 400 "},
		{"a part of HTTP/2's preface", "PRI * HT", restTimes, false, 20 + drained, timeout},
		{"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", restTimes, false, drained, "HTTP/1.1 505 "},
	} {
		bubble(t, resting, tt.o, func(h *harness) {
			p := h.connect()
			h.send(p, get) // no longer fresh
			p.Send(get + tt.next)
			if tt.eof {
				p.CloseWrite()
			}
			at, got := h.untilClosed(p, never)
			if answer, _ := strings.CutPrefix(got, ok("GET / ")); at != tt.at || answer == got || !strings.HasPrefix(answer, tt.answer) ||
				tt.answer == "" && answer != "" {
				t.Errorf("%s: closed after %d seconds, want %d; answer %q, want %q", tt.name, at, tt.at, answer, tt.answer)
			}
		})
	}
}

// resting is echo, but for a path that takes its time and one that answers with more than may wait.
var resting = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	switch r.Path {
	case "/slow":
		async.Sleep(ctx, time.Minute)
		respond(w, 200, "late")
	case "/much":
		respond(w, 200, strings.Repeat("x", 100_000))
	case "/deaf":
		respond(w, 200, "")
	default:
		echo(ctx, w, r)
	}
})

// untilClosed returns how many seconds pass until the connection is closed, most at most, and what the
// client was sent meanwhile.
func (h *harness) untilClosed(p *poll.Peer, most int) (seconds int, got string) {
	got = h.take(p)
	for time.Sleep(time.Second / 2); !closed(p) && seconds < most; seconds++ { // deadlines are not exact
		time.Sleep(time.Second)
		got += h.take(p)
	}
	return seconds, got + h.take(p)
}

// The same behind what took the connection a while before it could rest.
func TestRest_BehindADelay(t *testing.T) {
	unhurried := restTimes
	unhurried.HeaderTimeout = -1
	for _, tt := range []struct {
		name, next string
		o          httpserver.Options
		at         int
	}{
		{"nothing", "", restTimes, 10},
		{"a part of a head", "GET /", restTimes, 22},
		{"a part of a head, for which there is any time", "GET /", unhurried, 3600},
		{"a request", get, restTimes, 10},
		{"a request that takes longer", "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n", restTimes, 70},
		{"no request", "GET\r\n\r\n", restTimes, 2},
	} {
		for kind, delay := range map[string]func(h *harness, p *poll.Peer, next string){
			"output that waited": outputThatWaits, "a skipped body": skippedBody,
		} {
			bubble(t, resting, tt.o, func(h *harness) {
				p := h.connect()
				delay(h, p, tt.next)
				synctest.Wait()
				if at, _ := h.untilClosed(p, 3600); at != tt.at {
					t.Errorf("%s behind %s: closed after %d seconds, want %d", tt.name, kind, at, tt.at)
				}
			})
		}
	}
}

// outputThatWaits is more than may wait, so that next waits, too, until the client takes it.
func outputThatWaits(h *harness, p *poll.Peer, next string) {
	const much = "GET /much HTTP/1.1\r\nHost: h\r\n\r\n"
	p.SetRoom(100)
	h.send(p, much+much)
	h.send(p, next)
	time.Sleep(5 * time.Second)
	p.SetRoom(-1)
}

// skippedBody is one that nobody wants, whose end comes together with next.
func skippedBody(h *harness, p *poll.Peer, next string) {
	h.send(p, "POST /deaf HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234")
	time.Sleep(5 * time.Second)
	p.Send("56789" + next)
}
