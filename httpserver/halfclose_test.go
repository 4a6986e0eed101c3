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
	"eddy/httpserver"
	"eddy/httputil"
)

// A client that closes only its sending side still gets all of a long response.
func TestHalfClose_LongResponseArrives(t *testing.T) {
	const size = 4 << 20
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, strings.Repeat("x", size))
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		p.SetRoom(0)
		p.Send(get)
		synctest.Wait()
		p.CloseWrite()
		got := 0
		for range 200 {
			p.SetRoom(64 << 10)
			synctest.Wait()
			got += len(p.Take())
		}
		if got < size || !closed(p) {
			t.Errorf("%d bytes of %d arrived, closed %v", got, size, closed(p))
		}
	})
}

// A body that was sent whole before the client closed its sending side is read whole.
func TestHalfClose_BodyIsReadFirst(t *testing.T) {
	ended := make(chan error, 1)
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		async.Sleep(ctx, time.Second)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		respond(w, 200, string(body))
		ended <- ctx.Err() // now the handler is told, as of any client that has left
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
		p.Send("hello")
		p.CloseWrite()
		time.Sleep(2 * time.Second)
		if got := h.take(p); got != ok("hello") {
			t.Errorf("got %q", got)
		}
		if err := <-ended; !errors.Is(err, httputil.ErrClosed) || !errors.Is(err, context.Canceled) {
			t.Errorf("the context's error is %v", err)
		}
	})
}

// No interim response may stand in the middle of a final one.
func TestExpect_NoContinueInsideAResponse(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, -1)
		io.WriteString(w, "first")
		w.Flush()
		io.Copy(w, r.Body)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		got := h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
		got += h.send(p, "abc")
		if want := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nfirst\r\n3\r\nabc\r\n0\r\n\r\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// One client that pipelines does not keep the loop from the others.
func TestPipeline_LeavesTurnsToOthers(t *testing.T) {
	var served, before atomic.Int64
	before.Store(-1)
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path == "/other" {
			before.Store(served.Load())
		} else {
			served.Add(1)
		}
		respond(w, 200, "")
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		hog, other := h.connect(), h.connect()
		done := make(chan struct{})
		h.loop.Post(func() { // both in one turn
			hog.Send(strings.Repeat(get, 2000))
			other.Send("GET /other HTTP/1.1\r\nHost: h\r\n\r\n")
			close(done)
		})
		<-done
		synctest.Wait()
		if n := before.Load(); n < 0 || n > 200 {
			t.Errorf("%d pipelined requests were served before another client's", n)
		}
		if served.Load() != 2000 {
			t.Errorf("%d of 2000 were served", served.Load())
		}
	})
}

// A handler that goes on after its client has left is waited for.
func TestShutdown_WaitsForHandlersWithoutClient(t *testing.T) {
	var cleaned atomic.Bool
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, "")
		w.Finish()
		async.Sleep(context.WithoutCancel(ctx), time.Minute)
		cleaned.Store(true)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, get)
		p.Reset(104) // ECONNRESET
		synctest.Wait()
		if err := h.srv.Shutdown(context.Background()); err != nil || !cleaned.Load() {
			t.Errorf("Shutdown: %v, cleaned up: %v", err, cleaned.Load())
		}
	})
}
