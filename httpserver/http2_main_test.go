package httpserver_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/nethttp"
	"eddy/internal/testcert"
	"eddy/internal/testlog"
	"eddy/loop"
	"eddy/tcp"
)

// h2Server is a server on real sockets, with a listener in clear and one with TLS.
type h2Server struct {
	*httpserver.Server
	t             *testing.T
	logs          *testlog.Log
	clear, secure string // addresses
}

// serveHTTP2 serves h, an httputil.Handler or an http.Handler, with HTTP/2 on both listeners.
func serveHTTP2(t *testing.T, h any, o httpserver.Options) *h2Server {
	t.Helper()
	s := &h2Server{t: t}
	s.logs, o.Logger = testlog.New()
	if o.TLS == nil {
		o.TLS = testcert.Shared().Server(t)
	}
	o.H2C = true
	g, err := loop.NewGroup(2, loop.Options{Logger: quiet, HeapReserve: -1}) // some measure the heap
	if err != nil {
		t.Fatal(err)
	}
	native, ok := h.(httputil.Handler)
	if !ok {
		native = nethttp.Handler(h.(http.Handler))
	}
	s.Server = httpserver.New(native, o)
	t.Cleanup(func() {
		s.Close()
		s.wantConnections(0)
		g.Close()
	})
	listen := func(serve func(*loop.Group, *tcp.Listener) error) string {
		l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := serve(g, l); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	s.clear, s.secure = listen(s.Serve), listen(s.ServeTLS)
	return s
}

// wantConnections waits until the server has n connections.
func (s *h2Server) wantConnections(n int) {
	s.t.Helper()
	eventually(s.t, func() bool { return s.Connections() == n }, "%d connections, want %d", s.Connections(), n)
}

// eventually waits until f holds, which is as good as at once but takes other goroutines.
func eventually(t *testing.T, f func() bool, format string, args ...any) {
	t.Helper()
	for range 2000 {
		if f() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf(format, args...)
}

// client returns one that speaks HTTP/2 only, and the server's URL for it.
func (s *h2Server) client(secure bool) (*http.Client, string) {
	transport := &http.Transport{TLSClientConfig: testcert.Shared().Client(), Protocols: new(http.Protocols)}
	client := &http.Client{Transport: transport}
	s.t.Cleanup(client.CloseIdleConnections)
	if secure {
		transport.Protocols.SetHTTP2(true)
		return client, "https://" + s.secure
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	return client, "http://" + s.clear
}

// both runs f with a client over TLS, and with one in clear.
func (s *h2Server) both(f func(t *testing.T, c *http.Client, url string)) {
	for name, secure := range map[string]bool{"TLS": true, "clear": false} {
		s.t.Run(name, func(t *testing.T) {
			c, url := s.client(secure)
			f(t, c, url)
			c.CloseIdleConnections()
		})
	}
}

func mustGet(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return resp, mustRead(t, resp)
}

func mustRead(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rawClient speaks frames: what no proper client would send.
type rawClient struct {
	*http2.Framer
	t    *testing.T
	conn net.Conn
	head bytes.Buffer
	enc  *hpack.Encoder

	scheme string
}

// raw connects, and says hello with the given settings.
func (s *h2Server) raw(t *testing.T, settings ...http2.Setting) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", s.clear)
	if err != nil {
		t.Fatal(err)
	}
	return greetRaw(t, conn, settings...)
}

func (s *h2Server) rawTLS(t *testing.T, settings ...http2.Setting) *rawClient {
	t.Helper()
	config := testcert.Shared().Client()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", s.secure, config)
	if err != nil {
		t.Fatal(err)
	}
	return greetRaw(t, conn, settings...)
}

func greetRaw(t *testing.T, conn net.Conn, settings ...http2.Setting) *rawClient {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(60 * time.Second)) // a test that fails shall end
	r := newRaw(t, conn)
	r.must(r.hello(settings...))
	return r
}

func newRaw(t *testing.T, conn net.Conn) *rawClient {
	r := &rawClient{Framer: http2.NewFramer(conn, conn), t: t, conn: conn, scheme: "http"}
	r.Framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	r.enc = hpack.NewEncoder(&r.head)
	return r
}

func (r *rawClient) hello(settings ...http2.Setting) error {
	io.WriteString(r.conn, http2.ClientPreface)
	return r.WriteSettings(settings...)
}

func (r *rawClient) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// fields encodes a request's head.
func (r *rawClient) fields(method, path string, more ...string) []byte {
	r.head.Reset()
	for i, f := 0, append([]string{":method", method, ":scheme", r.scheme, ":authority", "h", ":path", path}, more...); i < len(f); i += 2 {
		r.enc.WriteField(hpack.HeaderField{Name: f[i], Value: f[i+1]})
	}
	return r.head.Bytes()
}

// request sends a request's head.
func (r *rawClient) request(id uint32, end bool, method, path string, more ...string) error {
	return r.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: r.fields(method, path, more...), EndHeaders: true, EndStream: end})
}

// await reads until a frame that f takes. It returns nil if the connection ends first.
func (r *rawClient) await(f func(http2.Frame) bool) http2.Frame {
	for {
		frame, err := r.ReadFrame()
		if err != nil {
			return nil
		}
		if f(frame) {
			return frame
		}
	}
}

// ended reads to the connection's end, and returns what GOAWAY said, if there was one.
func (r *rawClient) ended() (code http2.ErrCode, told bool) {
	r.await(func(f http2.Frame) bool {
		if g, ok := f.(*http2.GoAwayFrame); ok {
			code, told = g.ErrCode, true
		}
		return false
	})
	return code, told
}

func isHeaders(id uint32) func(http2.Frame) bool {
	return func(f http2.Frame) bool {
		h, ok := f.(*http2.MetaHeadersFrame)
		return ok && h.StreamID == id
	}
}

func isReset(id uint32) func(http2.Frame) bool {
	return func(f http2.Frame) bool {
		h, ok := f.(*http2.RSTStreamFrame)
		return ok && h.StreamID == id
	}
}

// parked is a handler that says that it has begun, and answers when its context ends or it is let.
type parked struct {
	begun   chan struct{}
	release chan struct{}
	cause   chan error
}

func newParked() *parked {
	return &parked{make(chan struct{}, 1000), make(chan struct{}), make(chan error, 1000)}
}

func (p *parked) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	if r.Path == "/now" {
		respond(w, 200, "now")
		return
	}
	p.begun <- struct{}{}
	select {
	case <-ctx.Done():
		p.cause <- context.Cause(ctx)
	case <-p.release:
		respond(w, 200, "late")
	}
}

// dialTLS connects by TLS and agrees on no protocol.
func dialTLS(addr string) (net.Conn, error) { return tls.Dial("tcp", addr, testcert.Shared().Client()) }
