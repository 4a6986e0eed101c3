package httpclient_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

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
	blocking := func(f func(context.Context)) { f(context.Background()) }
	std := &http.Transport{TLSClientConfig: testcert.Shared().Client(), ForceAttemptHTTP2: true}
	want := by(blocking, std)
	std.CloseIdleConnections()
	options := httpclient.Options{TLS: testcert.Shared().Client(), UserAgent: "Go-http-client/2.0"}
	if got := by(blocking, &httpclient.Transport{Client: newClient(t, options)}); got != want {
		t.Errorf("Eddy sees\n%s\nand not\n%s", got, want)
	}
}
