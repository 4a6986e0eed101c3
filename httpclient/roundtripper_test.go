package httpclient_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"eddy/httpclient"
)

// client returns an http.Client over one of Eddy's.
func overEddy(t *testing.T, o httpclient.Options) *http.Client {
	return &http.Client{Transport: &httpclient.Transport{Client: newClient(t, o)}}
}

func TestTransport_TLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(echo))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := overEddy(t, httpclient.Options{TLS: &tls.Config{RootCAs: roots}})
		for range 2 {
			req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 || !resp.TLS.HandshakeComplete {
				t.Errorf("TLS %+v", resp.TLS)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	_, err := overEddy(t, httpclient.Options{}).Get(s.URL)
	var fault *httpclient.Error
	var unknown *tls.CertificateVerificationError
	if !errors.As(err, &fault) || fault.Phase != httpclient.PhaseTLS || !errors.As(err, &unknown) {
		t.Errorf("with the system's roots: %v", err)
	}
}

func TestTransport_DefaultClient(t *testing.T) {
	s := newServer(t, echo)
	useDefault(t, httpclient.Options{})
	c := &http.Client{Transport: new(httpclient.Transport)}
	defer c.CloseIdleConnections()
	resp, err := c.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// Errors say in which phase a request has failed, also through http.Client.
func TestTransport_ErrorsHavePhases(t *testing.T) {
	s, _ := rawServer(t, hangs(""))
	c := overEddy(t, httpclient.Options{ReadTimeout: 50 * time.Millisecond})
	_, err := c.Get(s)
	var fault *httpclient.Error
	if !errors.As(err, &fault) || fault.Phase != httpclient.PhaseHead || !errors.Is(err, httpclient.ErrTimeout) || !fault.Timeout() {
		t.Errorf("%v", err)
	}
	s, _ = rawServer(t, hangs(begins))
	resp, err := c.Get(s)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	if !errors.As(err, &fault) || fault.Phase != httpclient.PhaseBody || !errors.Is(err, httpclient.ErrTimeout) {
		t.Errorf("%v", err)
	}
	s, _ = rawServer(t, says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"))
	resp, err = c.Get(s)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err = io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, httpclient.ErrCut) {
		t.Errorf("%v", err)
	}
}

// What a server sends behind its response is nobody's response. (net/http may take it for the next one.)
func TestTransport_DropsWhatNobodyAskedFor(t *testing.T) {
	url, conns := rawServer(t, keeps(ok+"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"))
	c := overEddy(t, httpclient.Options{})
	for range 3 {
		resp, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "ok" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		resp.Body.Close()
	}
	if n := conns(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

// RequestTimeout is not for a Transport: http.Client has its own.
func TestTransport_HasNoRequestTimeout(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond) // longer than the limit that must not hold
		io.WriteString(w, "late")
	})
	resp, err := overEddy(t, httpclient.Options{RequestTimeout: time.Millisecond, MaxBody: 1}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); string(b) != "late" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// A place is given back by each end of a response: read to the end, closed, or cancelled and left alone.
func TestTransport_PlacesComeBack(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, 1<<20))
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := overEddy(t, httpclient.Options{MaxPerHost: 1, QueueTimeout: 10 * time.Second})
		var kept []*http.Response
		for i := range 6 {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Errorf("request %d: %v", i, err)
				return
			}
			kept = append(kept, resp)
			switch i % 3 {
			case 0:
				io.Copy(io.Discard, resp.Body)
			case 1:
				resp.Body.Close()
			case 2:
				cancel()
			}
		}
		for _, r := range kept {
			r.Body.Close()
		}
	})
}

// While its server does not answer, a request with a small body in memory has no goroutine beside the caller's.
func TestTransport_SmallBodiesCostNoGoroutine(t *testing.T) {
	const all = 50
	var came atomic.Int32
	arrived, answer := make(chan struct{}), make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); string(b) != "small" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		if came.Add(1)%all == 0 {
			arrived <- struct{}{}
		}
		<-answer
	})
	c := overEddy(t, httpclient.Options{})
	waiting := func(body func() io.Reader) int {
		done := make(chan error, all)
		for range all {
			req, err := http.NewRequest("POST", s.URL, body())
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = 5
			go func() {
				resp, err := c.Do(req)
				if err == nil {
					resp.Body.Close()
				}
				done <- err
			}()
		}
		<-arrived
		n := runtime.NumGoroutine()
		for range all {
			answer <- struct{}{}
		}
		for range all {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		return n
	}
	waiting(func() io.Reader { return strings.NewReader("small") }) // connections and coroutines are there then
	known := waiting(func() io.Reader { return strings.NewReader("small") })
	other := waiting(func() io.Reader {
		return &endlessBody{Reader: strings.NewReader("small"), closed: make(chan struct{})}
	})
	if other-known < all*3/4 {
		t.Errorf("%d goroutines with bodies in memory, %d with others", known, other)
	}
}

// endlessBody is a body that does not say that it has ended, until it is closed.
type endlessBody struct {
	io.Reader
	once   sync.Once
	closed chan struct{}
}

func (e *endlessBody) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err == io.EOF {
		<-e.closed
	}
	return n, err
}

func (e *endlessBody) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// A request whose connection turns out to be closed is sent again, with the body that GetBody gives.
func TestTransport_SendsBodiesAgain(t *testing.T) {
	onceThenGone := func(n int, c net.Conn, r *bufio.Reader) {
		for i := 0; ; i++ {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if n == 0 && i == 1 { // some of the body has been sent
				io.ReadFull(req.Body, make([]byte, 1))
				return
			}
			b, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			w := httptest.NewRecorder()
			w.WriteString(req.Method + " ")
			w.Write(b[:min(len(b), 10)])
			resp := w.Result()
			resp.ContentLength = int64(w.Body.Len())
			resp.Write(c)
		}
	}
	url, conns := rawServer(t, onceThenGone)
	c := overEddy(t, httpclient.Options{})
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	long := strings.Repeat("x", 1<<20)
	var asked atomic.Int32
	req, err := http.NewRequest("PUT", url, strings.NewReader(long))
	if err != nil {
		t.Fatal(err)
	}
	get := req.GetBody
	req.GetBody = func() (io.ReadCloser, error) { asked.Add(1); return get() }
	resp, err = c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); string(b) != "PUT xxxxxxxxxx" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if conns() != 2 || asked.Load() != 1 {
		t.Errorf("%d connections, GetBody called %d times", conns(), asked.Load())
	}
}

// http.Client.Timeout ends a request whose body's Read waits, and closes the body. (net/http's Transport waits for
// the Read.)
func TestTransport_TimeoutWhileTheBodyIsRead(t *testing.T) {
	url, _ := rawServer(t, hangs(""))
	c := overEddy(t, httpclient.Options{})
	c.Timeout = 50 * time.Millisecond
	r, w := io.Pipe()
	defer w.Close()
	body := watch(r)
	_, err := c.Post(url, "text/plain", body)
	if kindOf(err) != "timeout" {
		t.Errorf("%v", err)
	}
	<-body.closed
}

// A server that answers before it has all of the body ends the request: a Read of the body that waits is ended by Close,
// as HTTP/2 of net/http does.
func TestTransport_EarlyResponseClosesTheBody(t *testing.T) {
	url, _ := rawServer(t, hangs("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"))
	c := overEddy(t, httpclient.Options{})
	r, w := io.Pipe()
	defer w.Close()
	body := watch(r)
	resp, err := c.Post(url, "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); string(b) != "no" || err != nil || resp.StatusCode != 413 {
		t.Errorf("%d %q, %v", resp.StatusCode, b, err)
	}
	<-body.closed
}

// A CONNECT that succeeds is a connection, too.
func TestTransport_Connect(t *testing.T) {
	url, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		if head := readHead(r); strings.HasPrefix(head, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n") {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			io.Copy(c, r)
		}
	})
	req, err := http.NewRequest("CONNECT", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "example.org:443"
	resp, err := overEddy(t, httpclient.Options{}).Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := resp.Body.(io.Writer).Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, b); string(b) != "hello" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	req.Body = watch(strings.NewReader("x"))
	if _, err := overEddy(t, httpclient.Options{}).Transport.RoundTrip(req); err == nil {
		t.Error("a CONNECT with a body")
	}
}

// The body of an upgrade can become a net.Conn.
func TestTransport_UpgradeDetaches(t *testing.T) {
	url, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello")
		io.Copy(c, r)
	})
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Upgrade": {"echo"}, "Connection": {"upgrade"}}
	resp, err := overEddy(t, httpclient.Options{}).Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := resp.Body.(interface {
		Detach(context.Context) (net.Conn, error)
	}).Detach(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(" you")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 9)
	if _, err := io.ReadFull(conn, b); string(b) != "hello you" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func BenchmarkTransport(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "Hello, World!") }))
	defer s.Close()
	for _, by := range []struct {
		name string
		http.RoundTripper
	}{{"Eddy", &httpclient.Transport{Client: newClient(b, httpclient.Options{})}}, {"net/http", &http.Transport{MaxIdleConnsPerHost: 100}}} {
		b.Run(by.name, func(b *testing.B) {
			c := &http.Client{Transport: by}
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					resp, err := c.Get(s.URL)
					if err != nil {
						b.Error(err)
						return
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
			c.CloseIdleConnections()
		})
	}
}
