package httpserver_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
)

// By TLS, too, busy requests are finished and answered with a close, and others get the end of the
// connection in order, with a close_notify: a client that reads sees io.EOF and no cut.
func TestShutdown_ByTLS(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path == "/slow" {
			close(begun)
			<-finish
		}
		respond(w, 200, "done")
	})
	s, addr := onSockets(t, h, httpserver.Options{TLS: testcert.Shared().Server(t)})
	idle, busy := dial(t, addr, true), dial(t, addr, true)
	io.WriteString(idle, get)
	r := bufio.NewReader(idle)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	io.WriteString(busy, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
	<-begun
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		done <- s.Shutdown(ctx)
	}()
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the idle connection: %d, %v", n, err)
	}
	close(finish)
	if body := last(t, "busy", busy, 200); body != "done" {
		t.Errorf("the busy connection: %q", body)
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
