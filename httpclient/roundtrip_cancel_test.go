package httpclient_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"eddy/httpclient"
)

// A request that is cancelled in any phase, on a fresh connection or on one that was used before, gives back its
// place, closes its body, and leaves no connection that is not good for the next one.
func TestTransport_CancelledInAnyPhase(t *testing.T) {
	serve := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Write(make([]byte, 200<<10))
	}
	secure, config := newH2(t, serve)
	t.Run("HTTP1", func(t *testing.T) { cancelInAnyPhase(t, newServer(t, serve).URL, nil) })
	t.Run("HTTP2", func(t *testing.T) { cancelInAnyPhase(t, secure.URL, config) })
}

func cancelInAnyPhase(t *testing.T, url string, config *tls.Config) {
	phases := map[string]func(t *httptrace.ClientTrace, cancel func()){
		"GetConn":           func(t *httptrace.ClientTrace, cancel func()) { t.GetConn = func(string) { cancel() } },
		"ConnectStart":      func(t *httptrace.ClientTrace, cancel func()) { t.ConnectStart = func(_, _ string) { cancel() } },
		"ConnectDone":       func(t *httptrace.ClientTrace, cancel func()) { t.ConnectDone = func(_, _ string, _ error) { cancel() } },
		"TLSHandshakeStart": func(t *httptrace.ClientTrace, cancel func()) { t.TLSHandshakeStart = cancel },
		"TLSHandshakeDone": func(t *httptrace.ClientTrace, cancel func()) {
			t.TLSHandshakeDone = func(tls.ConnectionState, error) { cancel() }
		},
		"GotConn":      func(t *httptrace.ClientTrace, cancel func()) { t.GotConn = func(httptrace.GotConnInfo) { cancel() } },
		"WroteHeaders": func(t *httptrace.ClientTrace, cancel func()) { t.WroteHeaders = cancel },
		"WroteRequest": func(t *httptrace.ClientTrace, cancel func()) {
			t.WroteRequest = func(httptrace.WroteRequestInfo) { cancel() }
		},
		"first byte": func(t *httptrace.ClientTrace, cancel func()) { t.GotFirstResponseByte = cancel },
		"put":        func(t *httptrace.ClientTrace, cancel func()) { t.PutIdleConn = func(error) { cancel() } },
	}
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := overEddy(t, httpclient.Options{MaxClients: 1, QueueTimeout: judgeTime, TLS: config})
		for name, arm := range phases {
			for i := range 6 {
				if i%2 == 0 {
					c.CloseIdleConnections()
				}
				cancelled, cancel := context.WithCancel(ctx)
				var trace httptrace.ClientTrace
				arm(&trace, cancel)
				body := watch(strings.NewReader(strings.Repeat("x", 100<<10)))
				req, err := http.NewRequestWithContext(httptrace.WithClientTrace(cancelled, &trace), "POST", url, body)
				if err != nil {
					t.Error(err)
					cancel()
					return
				}
				if resp, err := c.Do(req); err == nil {
					io.Copy(io.Discard, resp.Body)
					if i%3 == 0 {
						resp.Body.Close()
					}
				} else if kindOf(err) != "canceled" {
					t.Errorf("%s: %v", name, err)
				}
				cancel()
				select {
				case <-body.closed:
				case <-time.After(judgeTime):
					t.Errorf("%s: the body is not closed", name)
				}
				good, err := http.NewRequestWithContext(ctx, "GET", url, nil)
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := c.Do(good)
				if err != nil {
					t.Errorf("behind %s: %v", name, err)
					return
				}
				if n, err := io.Copy(io.Discard, resp.Body); n != 200<<10 || err != nil {
					t.Errorf("behind %s: %d bytes, %v", name, n, err)
				}
				resp.Body.Close()
			}
		}
	})
}
