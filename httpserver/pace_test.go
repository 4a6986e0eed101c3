package httpserver_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
)

// phases are the states of a connection in which output may wait for its client. The handler is
// echo's, but for some paths.
var phases = []struct{ name, send, then string }{
	{"the handler waits to write more", "GET /long HTTP/1.1\r\nHost: h\r\n\r\n", ""},
	{"the handler waits for something else", "GET /poll HTTP/1.1\r\nHost: h\r\n\r\n", ""},
	{"a file", "GET /file HTTP/1.1\r\nHost: h\r\n\r\n", ""},
	{"the handler reads a body", "POST /both HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", ""},
	{"between requests", "GET /short HTTP/1.1\r\nHost: h\r\n\r\n", ""},
	{"a part of another head is here", "GET /short HTTP/1.1\r\nHost: h\r\n\r\nGET /", ""},
	{"the next request waits for something else", "GET /short HTTP/1.1\r\nHost: h\r\n\r\nGET /poll HTTP/1.1\r\nHost: h\r\n\r\n", ""},
	{"a body that nobody wants is to come", "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", ""},
	{"leaving", "GET /short HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", ""},
	{"leaving, with something unread", "POST /short HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
	{"another request comes, and waits for something else", "GET /short HTTP/1.1\r\nHost: h\r\n\r\n", "GET /quiet HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"a part of another head comes", "GET /short HTTP/1.1\r\nHost: h\r\n\r\n", "GET /"},
	{"more requests than are answered", strings.Repeat("GET /short HTTP/1.1\r\nHost: h\r\n\r\n", 20), ""},
}

// pacing answers with much, in the ways that phases need.
func pacing(t *testing.T) handlerFunc {
	f := fileOf(t, 100_000)
	return func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		some := strings.Repeat("x", 20_000)
		switch r.Path {
		case "/long":
			respond(w, 200, strings.Repeat("x", 1_000_000))
		case "/file":
			w.WriteHead(200, "", &httputil.Header{}, 100_000)
			f.Seek(0, 0)
			sendFile(w, f, 100_000)
		case "/short":
			respond(w, 200, some)
		case "/quiet":
			async.Sleep(ctx, time.Hour)
		default:
			w.WriteHead(200, "", &httputil.Header{}, -1)
			io.WriteString(w, some)
			w.Flush()
			if r.Path == "/both" {
				io.Copy(io.Discard, r.Body)
			}
			async.Sleep(ctx, time.Hour)
		}
	}
}

// A client that takes its output by less than the least rate is cut, whatever the connection does
// meanwhile, and one that takes it a little faster is not.
func TestMinWriteRate_HoldsInAllPhases(t *testing.T) {
	h := pacing(t)
	o := httpserver.Options{
		WriteTimeout: 10 * time.Second, MinWriteRate: 100, IdleTimeout: time.Hour, HeaderTimeout: -1, BodyTimeout: -1,
	}
	for _, tt := range phases {
		t.Run(tt.name, func(t *testing.T) {
			for rate, cut := range map[int]bool{1: true, 90: true, 110: false} {
				bubble(t, h, o, func(h *harness) {
					p := h.connect()
					p.SetRoom(10)
					h.send(p, tt.send)
					h.send(p, tt.then)
					seconds := 0
					for ; seconds < 100 && !closed(p); seconds++ {
						time.Sleep(time.Second)
						p.SetRoom(rate)
						synctest.Wait()
					}
					if cut != closed(p) || cut && seconds > 13 {
						t.Errorf("%d bytes a second: closed %v after %d s", rate, closed(p), seconds)
					}
				})
			}
		})
	}
}

// What a handler has not written yet does not wait for the client.
func TestMinWriteRate_SparesSlowHandlers(t *testing.T) {
	var left atomic.Bool
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, -1)
		for range 20 {
			io.WriteString(w, "event")
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
			if async.Sleep(ctx, time.Minute) != nil {
				left.Store(true)
				return
			}
		}
	})
	bubble(t, h, httpserver.Options{WriteTimeout: 10 * time.Second, MinWriteRate: 100}, func(h *harness) {
		p := h.connect()
		p.SetRoom(0)
		h.send(p, get)
		for range 20 {
			time.Sleep(8 * time.Second) // late, but it takes all there is
			p.SetRoom(1000)
			synctest.Wait()
			p.SetRoom(0)
			time.Sleep(52 * time.Second)
		}
		if left.Load() || closed(p) {
			t.Error("a client that took all it was sent was cut")
		}
	})
}

// Output that waits does not put off the end of a head, or of a body that nobody wants.
func TestDeadlines_OutputDoesNotMoveThem(t *testing.T) {
	h := pacing(t)
	o := httpserver.Options{
		HeaderTimeout: 15 * time.Second, BodyTimeout: 15 * time.Second, WriteTimeout: 10 * time.Second, MinWriteRate: 100,
	}
	for _, tt := range []struct {
		name, send string
		rate       int // all output is taken before the deadline, or after it
	}{
		{"head", phases[5].send, 1000}, {"head", phases[5].send, 1700},
		{"unwanted body", phases[7].send, 1000}, {"unwanted body", phases[7].send, 1700},
	} {
		bubble(t, h, o, func(h *harness) {
			p := h.connect()
			p.SetRoom(10)
			got := h.send(p, tt.send)
			seconds := 0
			for ; seconds < 200 && !closed(p); seconds++ {
				time.Sleep(time.Second)
				p.SetRoom(tt.rate)
				got += h.send(p, "x")
				if _, ended := p.Closed(); ended {
					p.CloseWrite()
				}
			}
			if seconds < 15 || seconds > 22 || strings.Contains(got, "408") != (tt.name == "head") {
				t.Errorf("%s, %d bytes a second: closed after %d s, got …%q", tt.name, tt.rate, seconds, got[max(len(got)-300, 0):])
			}
		})
	}
}

// The time for a body is not the output's: a handler that waits for both learns of the first that
// is over.
func TestDeadlines_BodyAndOutputAreApart(t *testing.T) {
	var ended chan error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, -1)
		io.WriteString(w, strings.Repeat("x", 30_000))
		w.Flush()
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})
	o := httpserver.Options{BodyTimeout: 15 * time.Second, WriteTimeout: 10 * time.Second}
	bubble(t, h, o, func(h *harness) {
		ended = make(chan error, 1)
		p := h.connect()
		p.SetRoom(10)
		h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n")
		begin := time.Now()
		go func() {
			for range 20 { // it takes its output all the time, and sends nothing
				time.Sleep(time.Second)
				p.SetRoom(1000)
			}
		}()
		err := <-ended
		if d := time.Since(begin); err != httputil.ErrBodyTimeout || d < 15*time.Second || d > 16*time.Second {
			t.Errorf("after %v: %v", d, err)
		}
		time.Sleep(10 * time.Second)
	})
}

// A client does not store up time by sending much at once.
func TestMinBodyRate_IsNotSavedUp(t *testing.T) {
	var ended chan error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})
	bubble(t, h, httpserver.Options{BodyTimeout: 10 * time.Second, MinBodyRate: 100}, func(h *harness) {
		ended = make(chan error, 1)
		p := h.connect()
		h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n"+strings.Repeat("x", 1_000_000))
		for range 10 {
			time.Sleep(5 * time.Second)
			h.send(p, strings.Repeat("x", 600))
		}
		if len(ended) != 0 {
			t.Fatalf("fast enough, and ended: %v", <-ended)
		}
		begin := time.Now()
		for len(ended) == 0 && time.Since(begin) < time.Minute {
			time.Sleep(20 * time.Millisecond) // more often than deadlines are exact
			h.send(p, "x")
		}
		if d := time.Since(begin); d > 25*time.Second {
			t.Errorf("50 bytes a second were enough for %v", d)
		}
	})
}
