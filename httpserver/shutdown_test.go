package httpserver_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/poll"
)

type peer = poll.Peer

var sleepy = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	if err := async.Sleep(ctx, 10*time.Second); err != nil {
		return
	}
	respond(w, 200, "slept")
})

func TestShutdown_ClosesIdleAndFinishesBusyConnections(t *testing.T) {
	bubble(t, sleepy, httpserver.Options{}, func(h *harness) {
		fresh, idle, busy := h.connect(), h.connect(), h.connect()
		h.send(idle, get)
		time.Sleep(11 * time.Second)
		h.take(idle)
		h.send(busy, get+get)
		done := make(chan error, 1)
		go func() { done <- h.srv.Shutdown(context.Background()) }()
		synctest.Wait()
		if !closed(fresh) || !closed(idle) || closed(busy) {
			t.Errorf("closed: fresh %v, idle %v, busy %v", closed(fresh), closed(idle), closed(busy))
		}
		time.Sleep(11 * time.Second)
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		// The request that was being served is answered; the one behind it is not begun.
		if got := h.take(busy); !strings.Contains(got, "Connection: close\r\n") || strings.Count(got, "slept") != 1 {
			t.Errorf("busy: %q", got)
		}
	})
}

func TestShutdown_SaysConnectionClose(t *testing.T) {
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, "GET / HTTP/1.1\r\n") // a head that is under way may come to its end
		done := make(chan error, 1)
		go func() { done <- h.srv.Shutdown(context.Background()) }()
		synctest.Wait()
		if got := h.send(p, "Host: h\r\n\r\n"); !strings.Contains(got, "Connection: close\r\n") {
			t.Errorf("got %q", got)
		}
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestShutdown_DoesNotWaitLongForAHead(t *testing.T) {
	bubble(t, echo, httpserver.Options{HeaderTimeout: time.Hour}, func(h *harness) {
		p := h.connect()
		h.send(p, "\r\n")
		begin := time.Now()
		if err := h.srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if d := time.Since(begin); d > 10*time.Second || !closed(p) {
			t.Errorf("it took %v, closed %v", d, closed(p))
		}
	})
}

func TestShutdown_CutsWhatDoesNotFinish(t *testing.T) {
	bubble(t, sleepy, httpserver.Options{}, func(h *harness) {
		busy := h.connect()
		h.send(busy, get)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := h.srv.Shutdown(ctx)
		var cut *httpserver.CutError
		if !errors.As(err, &cut) || cut.Connections != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		synctest.Wait()
		if !closed(busy) {
			t.Error("the busy connection is open")
		}
	})
}

func TestClose_CutsEverything(t *testing.T) {
	bubble(t, sleepy, httpserver.Options{}, func(h *harness) {
		idle, busy := h.connect(), h.connect()
		h.send(busy, get)
		h.srv.Close()
		synctest.Wait()
		if !closed(idle) || !closed(busy) {
			t.Error("connections are open")
		}
	})
}
