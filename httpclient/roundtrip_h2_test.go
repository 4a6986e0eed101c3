package httpclient_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/internal/testcert"
)

// Where the server chooses HTTP/2, http.Client sees the same by Transport as by net/http's.
func TestTransport_AsNetHTTP_HTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zipped("zipped"))
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/early":
			w.Header().Set("Link", "x")
			w.WriteHeader(http.StatusEarlyHints)
		case "/stall":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/trailer":
			w.Header().Set("Trailer", "X-Sum")
			showsBody(w, r)
			w.Header().Set("X-Sum", "42")
		default:
			showsBody(w, r)
		}
	}))
	s.EnableHTTP2 = true
	s.TLS = testcert.Shared().Server(t)
	s.StartTLS()
	t.Cleanup(s.Close)
	by := func(in func(func(context.Context)), rt http.RoundTripper) string {
		p := &tape{t: t, client: &http.Client{Transport: rt}, url: s.URL}
		in(func(ctx context.Context) {
			p.ctx = ctx
			p.get("/")
			p.do(p.request("HEAD", "/", nil))
			p.get("/204")
			p.get("/gzip")
			p.get("/trailer")
			p.do(p.request("POST", "/", strings.NewReader("small")))
			p.do(p.request("PUT", "/", strings.NewReader(strings.Repeat("x", 1<<20))))
			p.do(p.request("POST", "/", io.MultiReader(strings.NewReader("unknown"))))
			req := p.request("POST", "/", io.MultiReader(strings.NewReader("with a trailer")))
			req.Trailer = http.Header{"X-A": {"1"}}
			p.do(req)
			body := watch(strings.NewReader("watched"))
			p.do(p.request("POST", "/", body))
			p.closedSoon(body)
			early := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				p.note("interim %d %v", code, h.Get("Link"))
				return nil
			}})
			p.do(p.request("GET", "/early", nil).WithContext(early))
			cancelled, cancel := context.WithCancel(ctx)
			defer cancel()
			resp, err := p.client.Do(p.request("GET", "/stall", nil).WithContext(cancelled))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			cancel()
			_, err = io.ReadAll(resp.Body)
			p.note("%s", kindOf(err))
			resp.Body.Close()
		})
		return strings.Join(p.lines, "\n")
	}
	std := &http.Transport{TLSClientConfig: testcert.Shared().Client(), ForceAttemptHTTP2: true}
	want := by(blocking, std)
	std.CloseIdleConnections()
	options := httpclient.Options{TLS: testcert.Shared().Client(), UserAgent: "Go-http-client/2.0"}
	if got := by(blocking, &httpclient.Transport{Client: newClient(t, options)}); got != want {
		t.Errorf("Eddy sees\n%s\nand not\n%s", got, want)
	}
}

// judgeHTTP2 runs a case by all clients, with a server that speaks HTTP/2.
func (j judged) judgeHTTP2(t *testing.T) {
	j.secure = true
	want := j.by(t, blocking, func(t *testing.T) http.RoundTripper {
		tr := &http.Transport{ExpectContinueTimeout: 200 * time.Millisecond, TLSClientConfig: testcert.Shared().Client(), ForceAttemptHTTP2: true}
		t.Cleanup(tr.CloseIdleConnections)
		return tr
	})
	if j.byHTTP2 != "" {
		if j.byHTTP2 == want {
			t.Errorf("net/http sees the same: %s", want)
		}
		want = j.byHTTP2
	}
	eddy := func(t *testing.T) http.RoundTripper {
		o := httpclient.Options{UserAgent: "Go-http-client/2.0", ExpectTimeout: 200 * time.Millisecond, TLS: testcert.Shared().Client()}
		return &httpclient.Transport{Client: newClient(t, o)}
	}
	if got := j.by(t, blocking, eddy); got != want {
		t.Errorf("Eddy sees\n%s\nand not\n%s", got, want)
	}
	if got := j.by(t, inCoroutine(t), eddy); got != want {
		t.Errorf("in a coroutine Eddy sees\n%s\nand not\n%s", got, want)
	}
}

// Traces are told the same over HTTP/2, of a fresh connection and of one that is there.
func TestTransport_AsNetHTTP_TracesOfHTTP2(t *testing.T) {
	j := judged{secure: true, serve: func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") == "" {
			w.Header().Set("Link", "x")
			w.WriteHeader(http.StatusEarlyHints)
		}
		showsBody(w, r)
	}, run: func(p *tape) {
		var mu sync.Mutex
		p.client.Timeout = judgeTime
		written := make(chan struct{}, 3)
		for _, req := range []*http.Request{
			p.request("GET", "/", nil),
			p.request("GET", "/", nil),
			p.request("POST", "/", io.MultiReader(strings.NewReader("body")), "Expect", "100-continue"),
		} {
			note := func(format string, args ...any) { mu.Lock(); defer mu.Unlock(); p.note(format, args...) }
			resp, err := p.client.Do(req.WithContext(httptrace.WithClientTrace(p.ctx, &httptrace.ClientTrace{
				GetConn: func(addr string) { note("get %s", addr) },
				GotConn: func(i httptrace.GotConnInfo) {
					note("got %v %v %v", i.Reused, i.Conn.LocalAddr() != nil, i.Conn.RemoteAddr())
				},
				PutIdleConn:          func(err error) { note("put %v", err) },
				GotFirstResponseByte: func() { note("first byte") },
				Got100Continue:       func() { note("continue") },
				Got1xxResponse:       func(code int, _ textproto.MIMEHeader) error { note("interim %d", code); return nil },
				ConnectStart:         func(_, addr string) { note("connect %s", addr) },
				ConnectDone:          func(_, addr string, err error) { note("connected %s %v", addr, err) },
				TLSHandshakeStart:    func() { note("handshake") },
				TLSHandshakeDone:     func(s tls.ConnectionState, err error) { note("secured %s %v", s.NegotiatedProtocol, err) },
				WroteHeaders:         func() { note("head written") },
				Wait100Continue:      func() { note("waits") },
				WroteRequest:         func(i httptrace.WroteRequestInfo) { note("written %v", i.Err); written <- struct{}{} },
			})))
			if err != nil {
				p.note("%v", err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			<-written
		}
		slices.Sort(p.lines) // who writes and who reads are two goroutines
	}}
	j.judgeHTTP2(t)
}
