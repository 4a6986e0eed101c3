package httpclient_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"eddy/http1"
	"eddy/httpclient"
	"eddy/httputil"
	"eddy/internal/testcert"
	"eddy/loop"
)

// judged is what http.Client does with a server, by http.Transport and by Eddy's: both must see the same.
type judged struct {
	name string
	// serve is the server, by net/http, or raw is, with one call for each connection, n counting from 0.
	serve http.HandlerFunc
	raw   func(n int, c net.Conn, r *bufio.Reader)
	// client changes the client before it is used.
	client func(*http.Client)
	// byHTTP2 is what Eddy's sees by HTTP/2, where that is not what net/http's does.
	byHTTP2 string
	secure  bool // the server speaks HTTP/2
	// run uses the client. Default: GET /.
	run func(p *tape)
	// differs says why the two are not the same, and eddy what Eddy's sees then.
	differs, eddy string
}

// tape is what one client has seen.
type tape struct {
	t      *testing.T
	ctx    context.Context
	client *http.Client
	url    string
	conns  func() int // that the server has accepted
	lines  []string
}

func (p *tape) note(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

// judgeTime is how long something may take that happens at once.
const judgeTime = 5 * time.Second

// request makes a request for a path.
func (p *tape) request(method, path string, body io.Reader, fields ...string) *http.Request {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.ctx, method, p.url+path, body)
	if err != nil {
		p.t.Error(err)
		req, _ = http.NewRequestWithContext(p.ctx, method, p.url, nil)
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	return req
}

func (p *tape) get(path string, fields ...string) { p.do(p.request("GET", path, nil, fields...)) }

// do sends a request and notes all that comes back.
func (p *tape) do(req *http.Request) {
	resp, err := p.client.Do(req)
	if err != nil {
		p.note("error: %s", kindOf(err))
		return
	}
	p.head(resp)
	p.body(resp)
}

func (p *tape) head(r *http.Response) {
	var fields []string
	for name, values := range r.Header {
		if name != "Date" {
			fields = append(fields, fmt.Sprintf("%s=%q", name, values))
		}
	}
	slices.Sort(fields)
	p.note("%s %q %d %d.%d length %d, coding %v, uncompressed %v, close %v, TLS %v, of %s %s",
		r.Proto, r.Status, r.StatusCode, r.ProtoMajor, r.ProtoMinor, r.ContentLength, r.TransferEncoding, r.Uncompressed, r.Close,
		r.TLS != nil, r.Request.Method, r.Request.URL.Path)
	p.note("%v", fields)
	p.note("trailer %d", len(r.Trailer))
}

func (p *tape) body(r *http.Response) {
	b, err := io.ReadAll(r.Body)
	if len(b) > 200 {
		p.note("body of %d, error %s", len(b), kindOf(err))
	} else {
		p.note("body %q, error %s", b, kindOf(err))
	}
	if err := r.Body.Close(); err != nil {
		p.note("close: %s", kindOf(err))
	}
	if len(r.Trailer) > 0 {
		p.note("trailer %v", r.Trailer)
	}
}

// kindOf sorts errors: the words are each library's own.
func kindOf(err error) string {
	var proto *http1.Error
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, errTest):
		return "test"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case strings.Contains(err.Error(), "gzip"):
		return "gzip"
	case errors.Is(err, httputil.ErrBodyMalformed) && errors.Is(err, io.ErrUnexpectedEOF):
		return "cut"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED), runtime.GOOS == "windows" && errors.Is(err, syscall.Errno(10061)): // WSAECONNREFUSED
		return "refused"
	case errors.As(err, &proto) && !errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "malformed"),
		strings.Contains(err.Error(), "invalid byte in chunk"), strings.Contains(err.Error(), "bad Content-Length"):
		return "malformed"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		strings.Contains(err.Error(), "server closed"), strings.Contains(err.Error(), "connection broken"):
		return "cut"
	case strings.Contains(err.Error(), "certificate"):
		return "certificate"
	}
	return "other"
}

var errTest = errors.New("the test's own error")

// server starts a case's server.
func (j *judged) server(t *testing.T) (url string, conns func() int) {
	if j.raw != nil {
		return rawServer(t, j.raw)
	}
	var opened atomic.Int32
	s := httptest.NewUnstartedServer(j.serve)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	if s.EnableHTTP2 = j.secure; j.secure {
		s.TLS = testcert.Shared().Server(t)
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.URL, func() int { return int(opened.Load()) }
}

// rawServer calls f with every connection, and closes it when f returns.
func rawServer(t *testing.T, f func(n int, c net.Conn, r *bufio.Reader)) (url string, conns func() int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var opened atomic.Int32
	var open sync.Map
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := int(opened.Add(1)) - 1
			open.Store(c, nil)
			done.Go(func() {
				f(n, c, bufio.NewReader(c))
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		done.Wait()
	})
	return "http://" + l.Addr().String(), func() int { return int(opened.Load()) }
}

// says is a raw server that reads a request's head and answers with text, and then closes.
func says(text string) func(int, net.Conn, *bufio.Reader) {
	return func(_ int, c net.Conn, r *bufio.Reader) {
		if readHead(r) != "" {
			io.WriteString(c, text)
		}
	}
}

// keeps is says for every request of a connection, which stays open.
func keeps(text string) func(int, net.Conn, *bufio.Reader) {
	return func(_ int, c net.Conn, r *bufio.Reader) {
		for readHead(r) != "" {
			io.WriteString(c, text)
		}
	}
}

// readHead reads to the end of a head.
func readHead(r *bufio.Reader) string {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return ""
		}
		if line == "\r\n" {
			return b.String()
		}
	}
}

// judge runs a case by all clients.
func judge(t *testing.T, j judged) {
	if j.serve != nil && j.differs == "" {
		t.Run("HTTP2/"+j.name, j.judgeHTTP2)
	}
	t.Run(j.name, func(t *testing.T) {
		want := j.by(t, blocking, func(*testing.T) http.RoundTripper {
			tr := &http.Transport{ExpectContinueTimeout: 200 * time.Millisecond}
			t.Cleanup(tr.CloseIdleConnections)
			return tr
		})
		if j.differs != "" {
			if j.eddy == want {
				t.Errorf("net/http sees the same: %s", want)
			}
			want = j.eddy
		}
		if got := j.by(t, blocking, eddyTransport); got != want {
			t.Errorf("Eddy sees\n%s\nand not\n%s", got, want)
		}
		if got := j.by(t, inCoroutine(t), eddyTransport); got != want {
			t.Errorf("in a coroutine Eddy sees\n%s\nand not\n%s", got, want)
		}
	})
}

func blocking(f func(context.Context)) { f(context.Background()) }

// inCoroutine returns what calls a function in a coroutine, and waits.
func inCoroutine(t *testing.T) func(func(context.Context)) {
	g, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return func(f func(context.Context)) {
		done := make(chan struct{})
		g.Pick().Spawn(context.Background(), func(ctx context.Context) {
			defer close(done)
			f(ctx)
		})
		<-done
	}
}

func eddyTransport(t *testing.T) http.RoundTripper {
	c := httpclient.New(httpclient.Options{UserAgent: "Go-http-client/1.1", ExpectTimeout: 200 * time.Millisecond})
	t.Cleanup(func() { c.Close() })
	return &httpclient.Transport{Client: c}
}

func (j *judged) by(t *testing.T, in func(func(context.Context)), transport func(*testing.T) http.RoundTripper) string {
	url, conns := j.server(t)
	client := &http.Client{Transport: transport(t)}
	if j.client != nil {
		j.client(client)
	}
	p := &tape{t: t, client: client, url: url, conns: conns}
	in(func(ctx context.Context) {
		p.ctx = ctx
		if j.run == nil {
			p.get("/")
			return
		}
		j.run(p)
	})
	client.CloseIdleConnections()
	host := url[strings.LastIndexByte(url, '/')+1:]
	return strings.ReplaceAll(strings.ReplaceAll(strings.Join(p.lines, "\n"), url, "URL"), host, "HOST")
}

// watched is a request's body that knows whether it was closed.
type watched struct {
	io.Reader
	once   sync.Once
	closed chan struct{}
}

func watch(r io.Reader) *watched { return &watched{Reader: r, closed: make(chan struct{})} }

func (w *watched) Close() error {
	w.once.Do(func() { close(w.closed) })
	if c, ok := w.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// closedSoon notes that the body was closed.
func (p *tape) closedSoon(w *watched) {
	select {
	case <-w.closed:
		p.note("request body closed")
	case <-time.After(judgeTime):
		p.note("request body not closed")
	}
}
