package httpclient_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"eddy/httpclient"
)

// script is a server on loopback that serves each connection by f, one after another.
func script(t testing.TB, f func(c net.Conn, r *bufio.Reader)) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f(c, bufio.NewReader(c))
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

// A server that answers before it has read the request, and closes with a reset of what is still being sent, has
// its answer read wherever the system keeps it.
func TestEarlyResponse_IsReadBeforeTheReset(t *testing.T) {
	if os.Getenv("EDDY_POLLER") == "net" || runtime.GOOS != "linux" {
		t.Skip("a reset drops what came before it")
	}
	const refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n"
	text := strings.Repeat("x", 5000)
	for name, r := range map[string]httpclient.Request{
		"whole":  {Body: make([]byte, 8<<20)},
		"reader": {BodyReader: endless{}},
		"length": {BodyReader: io.LimitReader(endless{}, 8<<20), BodyLength: 8 << 20},
	} {
		for end, serve := range map[string]func(c net.Conn, r *bufio.Reader){
			"after the head": func(c net.Conn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, refusal+text)
			},
			"after a part": func(c net.Conn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.CopyN(io.Discard, r, 1<<20)
				io.WriteString(c, refusal+text)
			},
			"in two pieces": func(c net.Conn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, refusal)
				runtime.Gosched()
				io.WriteString(c, text)
			},
			"without a word of closing": func(c net.Conn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, strings.Replace(refusal, "Connection: close\r\n", "", 1)+text)
			},
			"reset": func(c net.Conn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, refusal+text)
				c.(*net.TCPConn).SetLinger(0)
			},
		} {
			t.Run(name+"/"+end, func(t *testing.T) {
				url := script(t, serve)
				inBoth(t, func(t *testing.T, ctx context.Context) {
					c := httpclient.New(httpclient.Options{})
					defer c.Close()
					r := r
					r.Method, r.URL = "POST", url
					if s, ok := r.BodyReader.(*io.LimitedReader); ok {
						r.BodyReader = io.LimitReader(endless{}, s.N)
					}
					resp, err := c.Do(ctx, &r)
					if err != nil || resp.Status != 413 || string(resp.Body) != text {
						t.Errorf("%v, %+v", err, resp)
					}
				})
			})
		}
	}
}

// A server that answers early and reads on is not disturbed.
func TestEarlyResponse_OfAServerThatReadsOn(t *testing.T) {
	got := make(chan int64, 1)
	url := script(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
		n, _ := io.Copy(io.Discard, req.Body)
		io.WriteString(c, "end")
		got <- n
	})
	c := newClient(t, httpclient.Options{})
	const size = 4 << 20
	for _, r := range []httpclient.Request{
		{Body: make([]byte, size)}, {BodyReader: bytes.NewReader(make([]byte, size))},
	} {
		r.Method, r.URL = "POST", url
		resp := fetched(t, context.Background(), c, &r)
		if n := <-got; string(resp.Body) != "end" || n != size {
			t.Errorf("%q; the server got %d bytes", resp.Body, n)
		}
	}
}
