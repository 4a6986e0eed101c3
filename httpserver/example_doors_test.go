package httpserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/loop"
	"eddy/tcp"
)

// A Func runs under net/http, too, so a test of it needs no server.
func ExampleFunc() {
	f := httpserver.Func(func(_ context.Context, r *httputil.Request, body []byte) httpserver.Response {
		if r.Method != "POST" {
			return httpserver.Text(405, "POST only\n")
		}
		return httpserver.Text(200, fmt.Sprintf("%d bytes for %s\n", len(body), r.Path))
	})
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest("POST", "/inbox", strings.NewReader("hello")))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 5 bytes for /inbox
}

// A handler answers an upgrade and goes on in a protocol of its own: lines, each of which comes back in capitals.
func ExampleDetach() {
	shout := httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var header httputil.Header
		header.Set("Upgrade", "shout")
		w.WriteHead(101, "", &header, -1)
		s, err := httpserver.Detach(w, nil)
		if err != nil {
			return // the client has gone
		}
		defer s.Close()
		for {
			line, err := s.ReadUntil(ctx, []byte("\n"), 1024)
			if err != nil {
				return
			}
			if s.Write(ctx, []byte(strings.ToUpper(string(line)))) != nil {
				return
			}
		}
	})
	server, addr, stop, err := listen(shout)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	c, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\nhello\n")
	lines := bufio.NewScanner(c)
	for lines.Scan() && lines.Text() != "HELLO" { // the head comes first
	}
	fmt.Println(lines.Text())
	fmt.Println(server.Connections(), "connections of the server's")
	c.Close()
	// Output:
	// HELLO
	// 0 connections of the server's
}

// listen serves h on a free port until stop is called.
func listen(h httputil.Handler) (server *httpserver.Server, addr string, stop func(), err error) {
	ctx := context.Background()
	group, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		return nil, "", nil, err
	}
	l, err := tcp.Listen(ctx, "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		return nil, "", nil, err
	}
	server = httpserver.New(h, httpserver.Options{})
	stop = func() { server.Shutdown(ctx); group.Close() }
	return server, l.Addr().String(), stop, server.Serve(group, l)
}
