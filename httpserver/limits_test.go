package httpserver_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/stream"
)

func TestHeaderTimeout_IsAbsolute(t *testing.T) {
	bubble(t, echo, httpserver.Options{HeaderTimeout: 10 * time.Second}, func(h *harness) {
		p := h.connect()
		begin := time.Now()
		got := ""
		for _, c := range "GET / HTTP/1.1\r\nHost: a-client-that-sends-one-byte-a-second\r\n" {
			if got = h.send(p, string(c)); got != "" {
				break
			}
			time.Sleep(time.Second)
		}
		if want := failure(408, "Request Timeout", "the request's head did not arrive in time"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if d := time.Since(begin); d < 10*time.Second || d > 12*time.Second {
			t.Errorf("answered after %v", d)
		}
		time.Sleep(5 * time.Second)
		if !closed(p) {
			t.Error("the connection is open")
		}
	})
}

func TestHeaderTimeout_OfASilentConnectionIsSilent(t *testing.T) {
	bubble(t, echo, httpserver.Options{HeaderTimeout: 10 * time.Second}, func(h *harness) {
		p := h.connect()
		time.Sleep(9 * time.Second)
		if closed(p) {
			t.Error("closed early")
		}
		time.Sleep(2 * time.Second)
		if !closed(p) || p.Take() != "" {
			t.Error("open, or answered")
		}
	})
}

func TestHeaderTimeout_CountsAnewForEveryRequest(t *testing.T) {
	bubble(t, echo, httpserver.Options{HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}, func(h *harness) {
		p := h.connect()
		for range 5 {
			time.Sleep(9 * time.Second)
			h.send(p, "GET / HTTP/1.1\r\n")
			time.Sleep(8 * time.Second)
			if got := h.send(p, "Host: h\r\n\r\n"); got != ok("GET / ") {
				t.Fatalf("got %q", got)
			}
		}
	})
}

func TestIdleTimeout(t *testing.T) {
	bubble(t, echo, httpserver.Options{IdleTimeout: 30 * time.Second}, func(h *harness) {
		p := h.connect()
		for range 5 {
			h.send(p, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			time.Sleep(29 * time.Second)
		}
		if closed(p) {
			t.Fatal("closed early")
		}
		time.Sleep(2 * time.Second)
		if !closed(p) {
			t.Error("an idle connection stays open")
		}
		if got := p.Take(); strings.Contains(got, "408") {
			t.Errorf("an idle connection was answered: %q", got)
		}
	})
}

func TestBodyTimeout_BoundsEachWait(t *testing.T) {
	var got atomic.Pointer[error]
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		got.Store(&err)
		respond(w, 408, "")
	})
	bubble(t, h, httpserver.Options{BodyTimeout: 10 * time.Second}, func(h *harness) {
		p := h.connect()
		h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n")
		for range 5 {
			time.Sleep(8 * time.Second)
			h.send(p, strings.Repeat("x", 8*240))
		}
		if err := got.Load(); err != nil {
			t.Fatalf("ended early: %v", *err)
		}
		time.Sleep(12 * time.Second)
		if err := got.Load(); err == nil || !errors.Is(*err, httputil.ErrBodyTimeout) {
			t.Errorf("the read ended with %v, want ErrBodyTimeout", err)
		}
		if answer := h.take(p); !strings.HasPrefix(answer, "HTTP/1.1 408 ") {
			t.Errorf("answer %q", answer)
		}
		time.Sleep(5 * time.Second)
		if !closed(p) {
			t.Error("the connection is open")
		}
	})
}

func TestBodyTimeout_TrickleIsCut(t *testing.T) {
	var got atomic.Pointer[error]
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		got.Store(&err)
		respond(w, 408, "")
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n")
		seconds := 0
		for ; got.Load() == nil && seconds < 300; seconds++ {
			time.Sleep(time.Second)
			h.send(p, "x") // a byte a second
		}
		if err := got.Load(); err == nil || !errors.Is(*err, httputil.ErrBodyTimeout) || seconds < 30 || seconds > 35 {
			t.Errorf("after %d seconds: %v", seconds, err)
		}
	})
}

// A client that reads nothing is cut also while its handler waits for something else.
func TestWriteTimeout_WhileTheHandlerWaits(t *testing.T) {
	var gone atomic.Bool
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, -1)
		io.WriteString(w, "event")
		w.Flush()
		gone.Store(errors.Is(async.Sleep(ctx, time.Hour), httputil.ErrClosed))
	})
	bubble(t, h, httpserver.Options{WriteTimeout: 10 * time.Second}, func(h *harness) {
		p := h.connect()
		p.SetRoom(3)
		h.send(p, get)
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if !closed(p) || !gone.Load() {
			t.Errorf("closed %v, the handler was told %v", closed(p), gone.Load())
		}
	})
}

func TestWriteTimeout_CutsAClientThatTakesNothing(t *testing.T) {
	bubble(t, echo, httpserver.Options{WriteTimeout: 10 * time.Second, MinWriteRate: -1}, func(h *harness) {
		p := h.connect()
		p.SetRoom(10)
		h.send(p, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		for range 5 { // a slow one is not cut
			time.Sleep(9 * time.Second)
			p.SetRoom(1)
			synctest.Wait()
		}
		if closed(p) {
			t.Fatal("a slow client was cut")
		}
		time.Sleep(25 * time.Second)
		if !closed(p) {
			t.Error("a client that takes nothing was not cut")
		}
	})
}

func TestLimits_BodyWhileItComes(t *testing.T) {
	var got error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		_, got = io.Copy(io.Discard, r.Body)
		respond(w, 413, "")
	})
	bubble(t, h, httpserver.Options{Limits: http1.Limits{Body: 10}}, func(h *harness) {
		p := h.connect()
		answer := h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nghijk\r\n0\r\n\r\n")
		if !errors.Is(got, httputil.ErrBodyTooLarge) || !strings.HasPrefix(answer, "HTTP/1.1 413") {
			t.Errorf("error %v, answer %q", got, answer)
		}
		if _, ended := p.Closed(); !ended {
			t.Error("the connection goes on")
		}
	})
}

func TestExpect_ContinueIsSentWhenTheHandlerReads(t *testing.T) {
	const head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n"
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		if got := h.send(p, head); got != "HTTP/1.1 100 Continue\r\n\r\n" {
			t.Errorf("got %q", got)
		}
		if got := h.send(p, "abc"); got != ok("POST /a abc") {
			t.Errorf("got %q", got)
		}
		// The body is here already: it need not be asked for.
		if got := h.send(p, head+"abc"); got != ok("POST /a abc") {
			t.Errorf("got %q", got)
		}
	})
	deaf := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) { respond(w, 200, "no") })
	bubble(t, deaf, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		if got := h.send(p, head); got != okClose("no") {
			t.Errorf("got %q", got)
		}
		if _, ended := p.Closed(); !ended {
			t.Error("the connection goes on, though the client may send the body or not")
		}
	})
}

func TestBackpressure_HandlerParksForASlowClient(t *testing.T) {
	const total = 4 << 20
	var written atomic.Int64
	var done atomic.Bool
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, total)
		for written.Load() < total {
			n, err := w.Write(make([]byte, 16<<10))
			if err != nil {
				t.Error(err)
				return
			}
			written.Add(int64(n))
		}
		done.Store(true)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		p.SetRoom(0)
		p.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		synctest.Wait()
		if done.Load() || written.Load() > stream.HighWater+64<<10 {
			t.Fatalf("%d bytes were taken for a client that reads nothing", written.Load())
		}
		got := 0
		for range 1000 {
			p.SetRoom(32 << 10)
			synctest.Wait()
			n := len(p.Take())
			if got += n; n == 0 {
				break
			}
		}
		if !done.Load() || got < total {
			t.Errorf("done %v, %d bytes arrived", done.Load(), got)
		}
	})
}

func TestBackpressure_OneLargeWriteIsTakenInPieces(t *testing.T) {
	var done atomic.Bool
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, 16<<20)
		if n, err := w.Write(make([]byte, 16<<20)); n != 16<<20 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		done.Store(true)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		p.SetRoom(0)
		p.Send(get)
		synctest.Wait()
		if done.Load() {
			t.Error("16 MiB were taken for a client that reads nothing")
		}
		got := 0
		for range 200 {
			p.SetRoom(128 << 10)
			synctest.Wait()
			got += len(p.Take())
		}
		if !done.Load() || got < 16<<20 {
			t.Errorf("done %v, %d bytes arrived", done.Load(), got)
		}
	})
}

func TestBackpressure_LeavingConnectionReadsNoMore(t *testing.T) {
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		p.SetRoom(0)
		h.send(p, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		for range 10 {
			p.Send(strings.Repeat("x", 64<<10))
			synctest.Wait()
		}
		if n := p.Unread(); n != 640<<10 {
			t.Errorf("%d bytes were taken from a client whose last response is being sent", 640<<10-n)
		}
	})
}

func TestBackpressure_RequestsOfAClientThatDoesNotReadWait(t *testing.T) {
	var served atomic.Int64
	big := strings.Repeat("x", 64<<10)
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		served.Add(1)
		respond(w, 200, big)
	})
	bubble(t, h, httpserver.Options{WriteTimeout: time.Hour}, func(h *harness) {
		p := h.connect()
		p.SetRoom(0)
		p.Send(strings.Repeat("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 100))
		synctest.Wait()
		if served.Load() > 4 {
			t.Errorf("%d responses of 64 KiB were made for a client that reads nothing", served.Load())
		}
		p.SetRoom(-1)
		synctest.Wait()
		if served.Load() != 100 {
			t.Errorf("%d of 100 requests were served", served.Load())
		}
	})
}

// What a client pipelines behind a request that is being served stays with it, but for one read.
func TestPipeline_WhatWaitsIsBounded(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		io.Copy(io.Discard, r.Body)
		async.Sleep(ctx, time.Hour)
	})
	for name, first := range map[string]string{"GET": get, "POST": "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789"} {
		bubble(t, h, httpserver.Options{}, func(h *harness) {
			p := h.connect()
			h.send(p, first)
			for range 100 {
				h.send(p, strings.Repeat(get, 1000))
			}
			if taken := 100*1000*len(get) - p.Unread(); taken > 64<<10 {
				t.Errorf("%s: %d bytes were taken of requests that have to wait", name, taken)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	if n := httpserver.ConnSize; n > 192 {
		t.Errorf("an idle connection takes %d bytes, want 192 at most", n)
	}
	// Go allocates just these sizes.
	if brief, usual := httpserver.BriefSize, httpserver.UsualSize; brief > 416 || usual > 512 {
		t.Errorf("requests take %d and %d bytes, want 416 and 512 at most", brief, usual)
	}
	t.Logf("connection %d bytes, exchange %d or %d bytes", httpserver.ConnSize, httpserver.BriefSize, httpserver.UsualSize)
}
