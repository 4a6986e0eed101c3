package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"eddy"
	"eddy/httpserver"
	"eddy/web"
)

// engines are the servers that an application must behave the same on.
var engines = []struct {
	name  string
	serve func(t *testing.T, app *web.Application) (baseURL string)
}{
	{"net/http", func(t *testing.T, app *web.Application) string {
		srv := httptest.NewUnstartedServer(app)
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.Start()
		t.Cleanup(srv.Close)
		return srv.URL
	}},
	{"eddy", func(t *testing.T, app *web.Application) string { return serveEddy(t, app, httpserver.Options{}) }},
	{"eddy by HTTP/2", func(t *testing.T, app *web.Application) string {
		url := serveEddy(t, app, httpserver.Options{H2C: true})
		address := strings.TrimPrefix(url, "http://")
		byHTTP2.Store(address, true)
		t.Cleanup(func() { byHTTP2.Delete(address) }) // another may have the port later
		return url
	}},
}

// byHTTP2 has the addresses of the servers that newTransport speaks HTTP/2 to.
var byHTTP2 sync.Map

func serveEddy(t *testing.T, app *web.Application, o httpserver.Options) (baseURL string) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	srv, err := eddy.New(app, eddy.Options{Logger: quiet, HTTP: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	addr, err := srv.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { byHTTP2.Delete(addr.String()) }) // before it is closed: the next one may get its port
	return "http://" + addr.String()
}

// newTransport returns one for requests to a server of forEachEngine.
func newTransport(url string) *http.Transport {
	tr := &http.Transport{DisableCompression: true}
	address, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	if _, ok := byHTTP2.Load(address); ok {
		tr.Protocols = new(http.Protocols)
		tr.Protocols.SetUnencryptedHTTP2(true)
	}
	return tr
}

func forEachEngine(t *testing.T, app *web.Application, f func(t *testing.T, baseURL string)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { f(t, e.serve(t, app)) })
	}
}

// wire handlers use every part that an engine has a share in.
type wireHandler struct{ web.RequestHandler }

func (h *wireHandler) Get(ctx context.Context) error {
	h.SetHeader("X-Handler", "wire")
	return h.Text("Hello " + h.PathValue("name"))
}

func (h *wireHandler) Post(ctx context.Context) error {
	body, err := h.Body(ctx)
	if err != nil {
		return err
	}
	h.SetStatus(http.StatusCreated)
	return h.JSON(map[string]int{"length": len(body)})
}

func (h *wireHandler) Delete(context.Context) error {
	h.SetStatus(http.StatusNoContent)
	return nil
}

type streamHandler struct{ web.RequestHandler }

func (h *streamHandler) Get(ctx context.Context) error {
	for i := range 3 {
		fmt.Fprintf(h, "part %d;", i)
		if err := h.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

type echoHandler struct{ web.RequestHandler }

func (h *echoHandler) Any(ctx context.Context) error {
	h.SetHeader("X-Method", h.Request.Method)
	buf := make([]byte, 4096)
	for {
		n, err := h.Request.Body.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := h.Flush(ctx); err != nil {
			return err
		}
	}
}

type brokenHandler struct{ web.RequestHandler }

func (h *brokenHandler) Get(ctx context.Context) error {
	io.WriteString(h, "part")
	if err := h.Flush(ctx); err != nil {
		return err
	}
	return errors.New("too late")
}

var mountedFiles = fstest.MapFS{"a.txt": {Data: []byte("file a")}}

func wireApplication() *web.Application {
	return web.NewApplicationWith(quiet,
		web.URL("/hello/{name}", wireHandler{}, web.Name("hello")),
		web.URL("/stream", streamHandler{}),
		web.URL("/broken", brokenHandler{}),
		web.Mount("/mounted/", http.StripPrefix("/mounted", http.FileServerFS(mountedFiles))),
		web.Func("/redirect", func(_ context.Context, h *web.RequestHandler) error {
			return h.Redirect("/hello/é", http.StatusFound)
		}),
		web.Func("/panic", func(context.Context, *web.RequestHandler) error { panic("on purpose") }),
		web.Func("/inject", func(_ context.Context, h *web.RequestHandler) error {
			h.SetHeader("X-A", "a\r\nX-Injected: yes")
			return h.Text("unreached by the client")
		}),
		web.URL("/echo/{rest...}", echoHandler{}),
	)
}

// wireCases are what a client sees. fields lists "Name: value"; "Name:" alone says that
// the field must be absent.
var wireCases = []struct {
	name, method, path string
	send               string // body
	headers            []string
	status             int
	body               string
	fields             []string
}{
	{name: "text", method: "GET", path: "/hello/world", status: 200, body: "Hello world", fields: []string{
		"Content-Type: text/plain; charset=utf-8", "Content-Length: 11", "Server: Eddy", "X-Handler: wire",
		`Etag: "7b502c3a1f48c8609ae212cdfb639dee39673f5e"`}},
	{name: "decoded value", method: "GET", path: "/hello/a%2Fb%20c+d%C3%A9", status: 200, body: "Hello a/b c+dé"},
	{name: "not modified", method: "GET", path: "/hello/world", status: 304,
		headers: []string{`If-None-Match: "x", W/"7b502c3a1f48c8609ae212cdfb639dee39673f5e"`},
		fields:  []string{"Content-Type:", "Content-Length:", `Etag: "7b502c3a1f48c8609ae212cdfb639dee39673f5e"`}},
	{name: "HEAD from Get", method: "HEAD", path: "/hello/world", status: 200, fields: []string{
		"Content-Length: 11", "X-Handler: wire", `Etag: "7b502c3a1f48c8609ae212cdfb639dee39673f5e"`}},
	{name: "OPTIONS", method: "OPTIONS", path: "/hello/x", status: 204, fields: []string{
		"Allow: GET, HEAD, POST, DELETE, OPTIONS", "Content-Type:", "Content-Length:"}},
	{name: "method not allowed", method: "PUT", path: "/hello/x", status: 405,
		body:   "<html><title>405: Method Not Allowed</title><body>405: Method Not Allowed</body></html>",
		fields: []string{"Allow: GET, HEAD, POST, DELETE, OPTIONS"}},
	{name: "unknown method", method: "FOO", path: "/hello/x", status: 405},
	{name: "POST and JSON", method: "POST", path: "/hello/x", send: "12345", status: 201, body: `{"length":5}`,
		fields: []string{"Content-Type: application/json; charset=UTF-8", "Content-Length: 12", "Etag:"}},
	{name: "no content", method: "DELETE", path: "/hello/x", status: 204, fields: []string{
		"Content-Type:", "Content-Length:"}},
	{name: "unknown path", method: "GET", path: "/nowhere", status: 404,
		body:   "<html><title>404: Not Found</title><body>404: Not Found</body></html>",
		fields: []string{"Content-Type: text/html; charset=UTF-8"}},
	{name: "invalid UTF-8 in a value", method: "GET", path: "/hello/%ff", status: 400},
	{name: "streamed", method: "GET", path: "/stream", status: 200, body: "part 0;part 1;part 2;",
		fields: []string{"Content-Length:", "Etag:"}},
	{name: "HEAD of a stream", method: "HEAD", path: "/stream", status: 200},
	{name: "redirect", method: "GET", path: "/redirect", status: 302, fields: []string{
		"Location: /hello/%C3%A9", "Content-Length: 0"}},
	{name: "panic", method: "GET", path: "/panic", status: 500,
		body: "<html><title>500: Internal Server Error</title><body>500: Internal Server Error</body></html>"},
	{name: "refused header value", method: "GET", path: "/inject", status: 500, fields: []string{"X-A:", "X-Injected:"}},
	{name: "mounted", method: "GET", path: "/mounted/a.txt", status: 200, body: "file a"},
	{name: "mounted range", method: "GET", path: "/mounted/a.txt", status: 206, body: "ile",
		headers: []string{"Range: bytes=1-3"}, fields: []string{"Content-Range: bytes 1-3/6"}},
	{name: "mounted not found", method: "GET", path: "/mounted/b.txt", status: 404, body: "404 page not found\n"},
	{name: "echo", method: "PATCH", path: "/echo/a/b", send: strings.Repeat("0123456789", 20000), status: 200,
		body: strings.Repeat("0123456789", 20000), fields: []string{"X-Method: PATCH"}},
	{name: "echo of an unknown method", method: "PURGE", path: "/echo/", send: "x", status: 200, body: "x",
		fields: []string{"X-Method: PURGE"}},
}

func TestEngines(t *testing.T) {
	forEachEngine(t, wireApplication(), func(t *testing.T, base string) {
		for _, tc := range wireCases {
			t.Run(tc.name, func(t *testing.T) {
				resp, body, err := fetch(t, tc.method, base+tc.path, tc.send, tc.headers...)
				if err != nil {
					t.Fatal(err)
				}
				if resp.StatusCode != tc.status {
					t.Errorf("status %d, want %d", resp.StatusCode, tc.status)
				}
				if tc.body != "" && body != tc.body || tc.method == "HEAD" && body != "" {
					t.Errorf("body %.200q, want %.200q", body, tc.body)
				}
				checkFields(t, resp.Header, tc.fields)
			})
		}
	})
}

// TestEngines_ErrorAfterHead holds that a client can tell a broken body from a whole one.
func TestEngines_ErrorAfterHead(t *testing.T) {
	forEachEngine(t, wireApplication(), func(t *testing.T, base string) {
		resp, body, err := fetch(t, "GET", base+"/broken", "")
		if err == nil || resp.StatusCode != 200 || body != "part" {
			t.Errorf("got %d %q, error %v; want 200 with a broken body", resp.StatusCode, body, err)
		}
	})
}

type leftHandler struct {
	web.RequestHandler
	waiting chan struct{}
	events  chan string
}

func (h *leftHandler) Get(ctx context.Context) error {
	close(h.waiting)
	<-ctx.Done()
	return ctx.Err()
}

func (h *leftHandler) OnConnectionClose() { h.events <- "closed" }
func (h *leftHandler) OnFinish()          { h.events <- "finished" }

func TestEngines_ClientLeaves(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			prototype := leftHandler{waiting: make(chan struct{}), events: make(chan string, 4)}
			base := e.serve(t, web.NewApplicationWith(quiet, web.URL("/", prototype)))
			c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			<-prototype.waiting
			c.Close()
			if first, second := <-prototype.events, <-prototype.events; first != "closed" || second != "finished" {
				t.Errorf("events %q, %q", first, second)
			}
		})
	}
}

// TestEngines_FinishFirst holds that a client gets the response while the handler goes on.
func TestEngines_FinishFirst(t *testing.T) {
	received := make(chan struct{})
	app := answering(func(ctx context.Context, h *web.RequestHandler) error {
		h.Text("early")
		if err := h.Finish(); err != nil {
			return err
		}
		<-received
		return nil
	})
	forEachEngine(t, app, func(t *testing.T, base string) {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if string(b) != "early" || err != nil {
			t.Errorf("got %q, %v", b, err)
		}
		received <- struct{}{}
	})
}

// fetch asks once, on a connection of its own and without following redirects. The error
// is that of the body; a request without any response ends the test.
func fetch(t *testing.T, method, url, body string, headers ...string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range headers {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Set(name, value)
	}
	tr := newTransport(url)
	defer tr.CloseIdleConnections()
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func checkFields(t *testing.T, header http.Header, fields []string) {
	t.Helper()
	for _, f := range fields {
		name, want, _ := strings.Cut(f, ":")
		got := header.Values(name)
		want = strings.TrimSpace(want)
		if want == "" && len(got) > 0 || want != "" && strings.Join(got, " | ") != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
