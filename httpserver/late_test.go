package httpserver_test

import (
	"context"
	"testing"
	"testing/synctest"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
)

// A handler that blocks beyond the end of its loop is waited for, and counted until then.
func TestServer_CountsConnectionsOfHandlersThatOutliveTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		slow := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			if r.Path == "/begun" {
				respond(w, 200, "half")
			}
			<-release
			if err := respond(w, 200, "late"); err == nil {
				t.Error("a response was taken for a connection that is gone")
			}
		})
		fake := poll.NewFake()
		logs, logger := testlog.New()
		g, err := loop.NewGroup(1, loop.Options{Poller: fake, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		srv := httpserver.New(slow, httpserver.Options{Logger: logger})
		h := &harness{t: t, group: g, loop: g.Loops()[0], fake: fake, srv: srv, logs: logs}
		for range 10 {
			h.send(h.connect(), get)
			h.send(h.connect(), "GET /begun HTTP/1.1\r\nHost: h\r\n\r\n")
		}
		g.Close()
		if n := srv.Connections(); n != 20 {
			t.Errorf("%d connections while their handlers run, want 20", n)
		}
		close(release)
		synctest.Wait()
		h.finish(g)
	})
}
