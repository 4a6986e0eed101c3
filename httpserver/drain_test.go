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

// shutdown begins a Shutdown and returns its result when there is one.
func (h *harness) shutdown(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { done <- h.srv.Shutdown(ctx) }()
	synctest.Wait()
	return done
}

// A response that is being streamed goes on to its end, however the server is shut down.
func TestShutdown_StreamsGoOnToTheirEnd(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, -1)
		for range 5 {
			io.WriteString(w, "part")
			w.Flush()
			async.Sleep(ctx, time.Second)
		}
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		got := h.send(p, get)
		done := h.shutdown(context.Background())
		time.Sleep(6 * time.Second)
		got += h.take(p)
		if err := <-done; err != nil || strings.Count(got, "part") != 5 || !strings.HasSuffix(got, "0\r\n\r\n") || !closed(p) {
			t.Errorf("Shutdown: %v; closed %v, got %q", err, closed(p), got)
		}
	})
}

// Long polls are told of nothing: they are waited for, and cut and counted when the time is over.
func TestShutdown_LongPollsAreCutAndCounted(t *testing.T) {
	var told atomic.Int64
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if errors.Is(async.Sleep(ctx, time.Hour), httputil.ErrClosed) {
			told.Add(1)
		}
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		for range 3 {
			h.send(h.connect(), get)
		}
		h.connect()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err := <-h.shutdown(ctx)
		var cut *httpserver.CutError
		if !errors.As(err, &cut) || cut.Connections != 3 {
			t.Errorf("Shutdown: %v", err)
		}
		synctest.Wait()
		if told.Load() != 3 {
			t.Errorf("%d of 3 handlers were told", told.Load())
		}
	})
}

// Requests that come while the server drains: one whose head has begun is answered, one that comes
// after the response is not begun, on whatever connection.
func TestShutdown_RequestsDuringTheDrain(t *testing.T) {
	var served atomic.Int64
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		served.Add(1)
		async.Sleep(ctx, 10*time.Second)
		body, _ := io.ReadAll(r.Body)
		respond(w, 200, "served"+string(body))
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		busy, half, body, skips := h.connect(), h.connect(), h.connect(), h.connect()
		h.send(busy, get)
		h.send(half, "GET / HTTP/1.1\r\n")
		h.send(body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
		h.send(skips, get+get)
		done := h.shutdown(context.Background())
		h.send(busy, get) // too late
		h.send(half, "Host: h\r\n\r\n"+get)
		h.send(body, "cd"+get)
		time.Sleep(25 * time.Second)
		for name, tt := range map[string]struct {
			p    *peer
			body string
		}{"busy": {busy, ""}, "half": {half, ""}, "body": {body, "abcd"}, "pipelined": {skips, ""}} {
			got := h.take(tt.p)
			if strings.Count(got, "served"+tt.body) != 1 || strings.Count(got, "Connection: close") != 1 || !isGone(tt.p) {
				t.Errorf("%s: gone %v, got %q", name, isGone(tt.p), got)
			}
		}
		if err := <-done; err != nil || served.Load() != 4 {
			t.Errorf("Shutdown: %v; %d requests were served", err, served.Load())
		}
	})
}

// An error of the engine's own says that it is the last answer, too.
func TestShutdown_ErrorsSayClose(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		async.Sleep(ctx, 10*time.Second) // and returns without an answer
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, get)
		done := h.shutdown(context.Background())
		time.Sleep(11 * time.Second)
		if got := h.take(p); got != failure(500, "Internal Server Error", "") {
			t.Errorf("got %q", got)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A client that does not take its last response does not hold the drain beyond WriteTimeout, nor
// one that sends a body which nobody wants.
func TestShutdown_IsNotHeldByItsClients(t *testing.T) {
	for name, tt := range map[string]struct {
		send string
		room int
	}{
		"takes nothing":       {get, 10},
		"sends half a head":   {"GET / HTTP", -1},
		"owes what is unread": {"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", -1},
		"owes a body":         {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", -1},
	} {
		h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			if r.Path != "/unread" {
				io.Copy(io.Discard, r.Body)
			}
			respond(w, 200, strings.Repeat("x", 1000))
		})
		bubble(t, h, httpserver.Options{WriteTimeout: 10 * time.Second, BodyTimeout: 10 * time.Second, HeaderTimeout: time.Hour}, func(h *harness) {
			p := h.connect()
			p.SetRoom(tt.room)
			h.send(p, tt.send)
			begin := time.Now()
			if err := <-h.shutdown(context.Background()); err != nil || time.Since(begin) > 14*time.Second {
				t.Errorf("%s: %v after %v", name, err, time.Since(begin))
			}
		})
	}
}
