package httpclient_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/internal/testcert"
)

// events notes what a trace is told, in order. The fields of a head are noted as one.
type events struct {
	mu   sync.Mutex
	list []string
	rest chan struct{} // a connection was put back
	host string        // is noted as HOST
}

func (e *events) add(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), e.host, "HOST")
	text = strings.ReplaceAll(text, "tcp4", "tcp") // as the test dials
	if n := len(e.list); n > 0 && strings.HasPrefix(text, "field") && strings.HasPrefix(e.list[n-1], "field") {
		fields := append(strings.Fields(e.list[n-1])[1:], strings.Fields(text)[1])
		slices.Sort(fields)
		e.list[n-1] = "fields " + strings.Join(fields, " ")
		return
	}
	e.list = append(e.list, text)
}

func (e *events) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(addr string) { e.add("get %s", addr) },
		GotConn: func(i httptrace.GotConnInfo) {
			e.add("got, reused %v, idle %v %v, to %v", i.Reused, i.WasIdle, i.IdleTime > 0 || i.WasIdle && runtime.GOOS == "windows", i.Conn.RemoteAddr())
		},
		PutIdleConn: func(err error) {
			e.add("put %v", err)
			e.rest <- struct{}{}
		},
		GotFirstResponseByte: func() { e.add("first byte") },
		Got100Continue:       func() { e.add("continue") },
		Got1xxResponse:       func(code int, h textproto.MIMEHeader) error { e.add("interim %d %v", code, h); return nil },
		DNSStart:             func(i httptrace.DNSStartInfo) { e.add("look up %s", i.Host) },
		DNSDone:              func(i httptrace.DNSDoneInfo) { e.add("found %v %v", len(i.Addrs) > 0, i.Err) },
		ConnectStart:         func(network, addr string) { e.add("connect %s %s", network, addr) },
		ConnectDone:          func(network, addr string, err error) { e.add("connected %s %s %v", network, addr, err == nil) },
		TLSHandshakeStart:    func() { e.add("handshake") },
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			e.add("secured %v %v %v", s.HandshakeComplete, len(s.PeerCertificates), err)
		},
		WroteHeaderField: func(name string, values []string) { e.add("field %s=%s", name, strings.Join(values, ",")) },
		WroteHeaders:     func() { e.add("wrote head") },
		Wait100Continue:  func() { e.add("wait") },
		WroteRequest:     func(i httptrace.WroteRequestInfo) { e.add("wrote %v", i.Err == nil) },
	}
}

// A traced case is run by three: http.Client with net/http's Transport and with Eddy's, and Do.
type traced struct {
	name    string
	secure  bool
	serve   http.HandlerFunc
	method  string
	body    string
	path    string
	before  int // requests before the traced one
	rests   int // connections that are put back
	cancel  bool
	refused bool
	named   bool // the URL has a name and no address
}

func TestTrace_AsNetHTTP(t *testing.T) {
	hello := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "hello")
	}
	for _, c := range []traced{
		{name: "fresh", serve: hello, rests: 1},
		{name: "reused", serve: hello, before: 1, rests: 1},
		{name: "looked up", serve: hello, named: true, rests: 1},
		{name: "TLS", serve: hello, secure: true, rests: 1},
		{name: "redirect", serve: redirecting, path: "/r/1", rests: 2},
		{name: "interim", rests: 1, serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "x")
			w.WriteHeader(103)
			io.WriteString(w, "hello")
		}},
		{name: "with a body", serve: hello, method: "POST", body: "body", rests: 1},
		{name: "POST of nothing", serve: hello, method: "POST", rests: 1},
		{name: "with a long body", serve: hello, method: "POST", body: strings.Repeat("x", 1<<20), rests: 1},
		{name: "refused", refused: true},
		{name: "cancelled", cancel: true, serve: func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := c.server(t)
			want := settled(c.byHTTP(t, url, c.netHTTP(t)))
			if len(want) < 2 {
				t.Fatalf("%q", want)
			}
			if got := c.byHTTP(t, url, &httpclient.Transport{Client: c.client(t)}); !slices.Equal(got, want) {
				t.Errorf("Transport:\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if c.path != "" {
				return // Do has ways of its own with redirects
			}
			if got := c.byDo(t, url); !slices.Equal(got, want) {
				t.Errorf("Do:\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func (c *traced) server(t *testing.T) string {
	if c.refused {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		return "http://" + l.Addr().String()
	}
	s := httptest.NewUnstartedServer(c.serve)
	s.TLS = testcert.Shared().Server(t)
	if c.secure {
		s.StartTLS()
	} else {
		s.TLS = nil
		s.Start()
	}
	t.Cleanup(s.Close)
	if c.named {
		return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	}
	return s.URL
}

func (c *traced) netHTTP(t *testing.T) http.RoundTripper {
	tr := &http.Transport{TLSClientConfig: testcert.Shared().Client(), DisableCompression: true}
	if c.named { // to one address
		tr.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp4", addr)
		}
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func (c *traced) client(t *testing.T) *httpclient.Client {
	o := httpclient.Options{TLS: testcert.Shared().Client(), UserAgent: "Go-http-client/1.1", NoDecompress: true}
	if c.named {
		o.Family = 1
	}
	return newClient(t, o)
}

// observe runs f with a trace, and waits for what is told late.
func (c *traced) observe(t *testing.T, url string, f func(ctx context.Context, traced bool)) []string {
	e := &events{rest: make(chan struct{}, 10), host: url[strings.Index(url, "//")+2:]}
	for range c.before {
		f(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{PutIdleConn: func(error) { e.rest <- struct{}{} }}), false)
		<-e.rest
	}
	trace := e.trace()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if c.cancel {
		told := trace.WroteRequest
		trace.WroteRequest = func(i httptrace.WroteRequestInfo) { told(i); cancel() }
	}
	f(httptrace.WithClientTrace(ctx, trace), true)
	for range c.rests {
		select {
		case <-e.rest:
		case <-time.After(judgeTime):
			t.Error("no connection was put back")
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list
}

func (c *traced) byHTTP(t *testing.T, url string, by http.RoundTripper) []string {
	client := &http.Client{Transport: by}
	return c.observe(t, url, func(ctx context.Context, _ bool) {
		req, err := http.NewRequestWithContext(ctx, c.method, url+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User-Agent", "me")
		req.Header.Set("Content-Type", "text/plain")
		resp, err := client.Do(req)
		if err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		c.ended(t, err)
	})
}

func (c *traced) byDo(t *testing.T, url string) []string {
	client := c.client(t)
	return c.observe(t, url, func(ctx context.Context, _ bool) {
		r := &httpclient.Request{Method: c.method, URL: url + c.path, UserAgent: "me", Body: []byte(c.body), AllowNonstandardMethods: true}
		r.Header.Append("Content-Type", "text/plain") // which Do gives a POST
		_, err := client.Do(ctx, r)
		c.ended(t, err)
	})
}

func (c *traced) ended(t *testing.T, err error) {
	if (err != nil) != (c.cancel || c.refused) {
		t.Errorf("%v", err)
	}
}

// settled puts what net/http tells from two goroutines in the order in which Eddy tells it.
func settled(list []string) []string {
	for i := range list[1:] {
		a, b := list[i], list[i+1]
		if a == "first byte" && b == "wrote true" {
			list[i], list[i+1] = b, a
		}
	}
	return list
}

// Expect: the body waits, and the trace is told of the wait and its end.
func TestTrace_Continue(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	var lists [][]string
	tr := &http.Transport{ExpectContinueTimeout: judgeTime, DisableCompression: true}
	defer tr.CloseIdleConnections()
	for _, by := range []http.RoundTripper{tr, &httpclient.Transport{
		Client: newClient(t, httpclient.Options{ExpectTimeout: judgeTime, UserAgent: "Go-http-client/1.1", NoDecompress: true}),
	}} {
		c := traced{method: "POST", rests: 1}
		lists = append(lists, c.observe(t, s.URL, func(ctx context.Context, _ bool) {
			req, err := http.NewRequestWithContext(ctx, "POST", s.URL, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Expect", "100-continue")
			resp, err := by.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}))
	}
	got := strings.Replace(strings.Join(lists[1], "\n"), "interim 100 map[]\n", "", 1) // which the caller's goroutine tells
	slices.Sort(lists[0])                                                              // in net/http two goroutines tell of it
	slices.Sort(lists[1])
	if !slices.Equal(lists[1], lists[0]) {
		t.Errorf("\n%s\nand not\n%s", strings.Join(lists[1], "\n"), strings.Join(lists[0], "\n"))
	}
	if want := "wrote head\nwait\nfirst byte\ncontinue\nwrote true\nput <nil>"; !strings.HasSuffix(got, want) {
		t.Errorf("in this order:\n%s", got)
	}
}

// An interim head that its caller has taken before the loop has gone on leaves no connection behind that does not read.
func TestTrace_InterimHeadsLeaveTheConnectionReading(t *testing.T) {
	url, _ := rawServer(t, keeps("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	c := newClient(t, httpclient.Options{ReadTimeout: judgeTime})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return nil }})
	for range 2000 {
		if _, err := c.Get(ctx, url); err != nil {
			t.Fatal(err)
		}
	}
}
