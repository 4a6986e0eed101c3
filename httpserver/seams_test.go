package httpserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/loop"
)

// A goroutine that goes on reading when its handler has returned, as a proxy's does when the backend
// has answered early, does nothing to the requests that follow.
func TestBody_AReaderThatIsLeftBehind(t *testing.T) {
	var left chan error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path != "/early" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			respond(w, 200, r.Path+string(body))
			return
		}
		go func() {
			_, err := io.Copy(io.Discard, r.Body)
			left <- err
		}()
		async.Sleep(ctx, time.Second)
		if r.Query == "finish" {
			respond(w, 200, "early")
			w.Finish()
			async.Sleep(ctx, time.Second)
			return
		}
		respond(w, 200, "early")
	})
	const next = "POST /next HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
	for _, query := range []string{"", "?finish"} {
		for _, together := range []bool{false, true} {
			bubble(t, h, httpserver.Options{}, func(h *harness) {
				left = make(chan error, 1)
				p := h.connect()
				got := h.send(p, "POST /early"+query+" HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234")
				if together {
					time.Sleep(time.Second - time.Nanosecond)
					got += h.send(p, "56789"+next+next)
					time.Sleep(2 * time.Second)
					got += h.take(p)
				} else {
					time.Sleep(2 * time.Second)
					got += h.send(p, "56789"+next)
					got += h.send(p, next)
				}
				if want := ok("early") + ok("/nextbody") + ok("/nextbody"); got != want || closed(p) {
					t.Errorf("%q %v: closed %v, got %q", query, together, closed(p), got)
				}
				if err := <-left; !together && err == nil {
					t.Errorf("the reader that was left: %v", err)
				}
			})
		}
	}
}

// A client has no more time for output by sending requests, or by a handler's setting deadlines
// for other things.
func TestMinWriteRate_HoldsAcrossRequests(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, "x")
		for r.Path == "/poll" && async.Sleep(ctx, time.Second) == nil {
			w.(deadlines).SetReadDeadline(time.Now().Add(time.Minute))
		}
	})
	bubble(t, h, httpserver.Options{WriteTimeout: 20 * time.Second}, func(h *harness) {
		for _, path := range []string{"/", "/poll"} {
			p := h.connect()
			p.SetRoom(10)
			h.send(p, get)
			for i := 0; i < 30 && !closed(p); i++ {
				h.send(p, "GET "+path+" HTTP/1.1\r\nHost: h\r\n")
				time.Sleep(time.Second)
				h.send(p, "\r\n")
			}
			if !closed(p) {
				t.Errorf("%s: open", path)
			}
		}
	})
}

// A bound that comes too late does no harm.
func TestDecompress_SetMaxBodyAfterReading(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		io.ReadFull(r.Body, make([]byte, 500))
		r.SetMaxBody(100)
		if n, err := r.Body.Read(make([]byte, 10)); n != 0 || !errors.Is(err, httputil.ErrBodyTooLarge) {
			t.Errorf("%d, %v", n, err)
		}
		respond(w, 200, "")
	})
	bubble(t, h, httpserver.Options{DecompressRequests: true}, func(h *harness) {
		if got := h.send(h.connect(), post("gzip", zipped(strings.Repeat("x", 1000)))); got != ok("") {
			t.Errorf("got %q", got)
		}
	})
}

// What a handler leaves to be sent when its deadline has passed is not sent as if nothing were.
func TestSetWriteDeadline_PassesBeforeTheEnd(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.(deadlines).SetWriteDeadline(time.Now().Add(5 * time.Second))
		respond(w, 200, "x")
		async.Sleep(ctx, 6*time.Second)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, get)
		time.Sleep(10 * time.Second)
		if h.take(p); !isGone(p) {
			t.Error("open")
		}
	})
}

// A handler that sees a HEAD as a GET, as some middleware has it, does not change what the client
// gets.
func TestHead_StaysOneForTheWire(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		r.Method = "GET"
		respond(w, 200, "x")
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		got := h.send(h.connect(), "HEAD / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		if want := strings.TrimSuffix(okClose("x"), "x"); got != want {
			t.Errorf("got %q", got)
		}
	})
}

// Where the server ends a connection, its client may have sent more, which a plain close would answer by
// a reset. One that has asked for the end itself is not waited for.
func TestLast_WaitsForTheClient(t *testing.T) {
	for _, tt := range []struct {
		send string
		o    httpserver.Options
		ends bool
	}{
		{get, httpserver.Options{NoKeepAlive: true}, false},
		{get, httpserver.Options{MaxRequestsPerConnection: 1}, false},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", httpserver.Options{}, true},
		{"GET / HTTP/1.0\r\n\r\n", httpserver.Options{}, true},
	} {
		bubble(t, echo, tt.o, func(h *harness) {
			p := h.connect()
			h.send(p, tt.send)
			if gone, ended := p.Closed(); !ended || gone != tt.ends {
				t.Errorf("%q: ended %v, closed %v", tt.send, ended, gone)
			}
			time.Sleep(3 * time.Second)
			if !closed(p) {
				t.Errorf("%q: open", tt.send)
			}
		})
	}
}

// The response arrives also if the loop has not seen yet that there is another request.
func TestLast_ReachesAClientThatPipelines(t *testing.T) {
	blocked, sent := make(chan struct{}), make(chan struct{})
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, strings.Repeat("x", 120_000)) // more than the client's window, and less than waits
		co := loop.FromContext(ctx)
		co.Hold() // or the loop would go on without it
		close(blocked)
		<-sent
		co.Release()
	})
	_, l := served(t, h, "127.0.0.1:0", httpserver.Options{NoKeepAlive: true})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(c, get)
	<-blocked
	io.WriteString(c, get)
	close(sent)
	if b, err := io.ReadAll(c); err != nil || len(b) < 120_000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
