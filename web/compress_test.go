package web_test

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/klauspost/compress/zstd"

	"eddy/httpserver"
	"eddy/httputil/compress"
	"eddy/web"
)

// page is text that is worth compressing.
var page = strings.Repeat("A page, of which the same is said again and again. ", 200)

// packedSettings compress.
var packedSettings = web.Settings{Logger: slog.New(slog.DiscardHandler), CompressResponse: true}

func sayPage(_ context.Context, h *web.RequestHandler) error { return h.HTML(page) }

// packedApplication answers in every way that a response can leave.
func packedApplication(o compress.Options) *web.Application {
	settings := packedSettings
	settings.Compress = o
	files := fstest.MapFS{
		"page.html": {Data: []byte(page)}, "large.txt": {Data: []byte(strings.Repeat(page, 30))}, "x.png": {Data: []byte(page)},
	}
	mounted := http.NewServeMux()
	mounted.Handle("/files/", http.StripPrefix("/files", http.FileServerFS(files)))
	mounted.HandleFunc("/mounted/small", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "small") })
	mounted.HandleFunc("/mounted/sniffed", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, page) })
	mounted.HandleFunc("/mounted/tagged", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		http.ServeContent(w, r, "page.html", time.Time{}, strings.NewReader(page))
	})
	mounted.HandleFunc("/mounted/trailer", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, page)
		w.Header().Set("X-Sum", "17")
	})
	inner := web.NewApplicationWith(settings, web.Func("/inner/", sayPage), web.Func("/inner/off", sayPage, web.Compress(false)))
	return web.NewApplicationWith(settings,
		web.Func("/page", sayPage),
		web.Func("/small", func(_ context.Context, h *web.RequestHandler) error { return h.Text("small") }),
		web.Func("/off", sayPage, web.Compress(false)),
		web.Func("/missing", func(_ context.Context, h *web.RequestHandler) error { return web.Errorf(404, "missing") }),
		web.URL("/stream", streamHandler{}),
		web.URL("/broken", brokenHandler{}),
		web.Mount("/files/", mounted),
		web.Mount("/mounted/", mounted),
		web.Mount("/inner/", inner),
	)
}

// packedCases are what a client sees: see wireCases. The body is that which was decoded.
var packedCases = []struct {
	name, method, path string
	headers            []string
	status             int
	coding, body       string
	fields             []string
}{
	{name: "a page", path: "/page", coding: "gzip", body: page, fields: []string{"Vary: Accept-Encoding", "Content-Type: text/html; charset=UTF-8"}},
	{name: "a page by zstd", path: "/page", headers: []string{"Accept-Encoding: zstd, gzip"}, coding: "zstd", body: page},
	{name: "a page by deflate", path: "/page", headers: []string{"Accept-Encoding: deflate"}, coding: "deflate", body: page},
	{name: "a page as it is", path: "/page", headers: []string{"Accept-Encoding: identity"}, body: page, fields: []string{"Vary: Accept-Encoding"}},
	{name: "gzip refused", path: "/page", headers: []string{"Accept-Encoding: gzip;q=0"}, body: page, fields: []string{"Vary: Accept-Encoding"}},
	{name: "HEAD", method: "HEAD", path: "/page", coding: "gzip", fields: []string{"Vary: Accept-Encoding"}},
	{name: "small", path: "/small", body: "small", fields: []string{"Vary:"}},
	{name: "switched off", path: "/off", body: page, fields: []string{"Vary:"}},
	{name: "an error page", path: "/missing", status: 404, fields: []string{"Vary:"}},
	{name: "no rule", path: "/nowhere", status: 404},
	{name: "a stream", path: "/stream", coding: "gzip", body: "part 0;part 1;part 2;", fields: []string{"Content-Length:", "Vary: Accept-Encoding"}},
	{name: "a range of a page", path: "/page", headers: []string{"Range: bytes=0-9"}, body: page, fields: []string{"Vary: Accept-Encoding"}},
	{name: "a file", path: "/files/page.html", coding: "gzip", body: page, fields: []string{"Vary: Accept-Encoding", "Accept-Ranges:"}},
	{name: "a large file", path: "/files/large.txt", coding: "gzip", body: strings.Repeat(page, 30), fields: []string{"Accept-Ranges:"}},
	{name: "HEAD of a large file", method: "HEAD", path: "/files/large.txt", coding: "gzip", fields: []string{"Content-Length:", "Accept-Ranges:"}},
	{name: "a range of a file", path: "/files/page.html", headers: []string{"Range: bytes=2-5"}, status: 206, body: "page",
		fields: []string{"Content-Range: bytes 2-5/10200", "Accept-Ranges: bytes", "Vary: Accept-Encoding"}},
	{name: "an image", path: "/files/x.png", body: page, fields: []string{"Vary:", "Content-Length: 10200", "Accept-Ranges: bytes"}},
	{name: "mounted, small", path: "/mounted/small", body: "small"},
	{name: "mounted, sniffed", path: "/mounted/sniffed", coding: "gzip", body: page, fields: []string{"Content-Type: text/plain; charset=utf-8"}},
	{name: "tagged", path: "/mounted/tagged", coding: "gzip", body: page, fields: []string{`Etag: W/"v1"`, "Accept-Ranges:"}},
	{name: "tagged, known", path: "/mounted/tagged", headers: []string{`If-None-Match: W/"v1"`}, status: 304, fields: []string{`Etag: W/"v1"`}},
	{name: "tagged, known as it is", path: "/mounted/tagged", headers: []string{`If-None-Match: "v1"`}, status: 304, fields: []string{`Etag: "v1"`}},
	{name: "tagged, to match", path: "/mounted/tagged", headers: []string{`If-Match: "v1"`}, coding: "gzip", body: page},
	{name: "tagged, to match weakly", path: "/mounted/tagged", headers: []string{`If-Match: W/"v1"`}, status: 412},
	{name: "tagged, the rest", path: "/mounted/tagged", headers: []string{"Range: bytes=2-5", `If-Range: "v1"`}, status: 206, body: "page",
		fields: []string{`Etag: "v1"`, "Accept-Ranges: bytes"}},
	{name: "tagged, the rest of the compressed", path: "/mounted/tagged", headers: []string{"Range: bytes=2-5", `If-Range: W/"v1"`},
		body: page, fields: []string{`Etag: "v1"`, "Vary: Accept-Encoding"}},
	{name: "mounted with a trailer", path: "/mounted/trailer", coding: "gzip", body: page},
	{name: "an application in another", path: "/inner/", coding: "gzip", body: page, fields: []string{"Vary: Accept-Encoding"}},
	{name: "an application in another, switched off there", path: "/inner/off", body: page, fields: []string{"Vary:"}},
}

func TestCompressResponse(t *testing.T) {
	forEachEngine(t, packedApplication(compress.Options{}), func(t *testing.T, base string) {
		for _, tc := range packedCases {
			t.Run(tc.name, func(t *testing.T) {
				if tc.method == "" {
					tc.method = "GET"
				}
				if tc.status == 0 {
					tc.status = 200
				}
				resp, body, err := fetch(t, tc.method, base+tc.path, "", append([]string{"Accept-Encoding: gzip"}, tc.headers...)...)
				if err != nil || resp.StatusCode != tc.status {
					t.Fatalf("status %d, %v", resp.StatusCode, err)
				}
				if got := strings.Join(resp.Header.Values("Content-Encoding"), "|"); got != tc.coding {
					t.Fatalf("Content-Encoding is %q, want %q", got, tc.coding)
				}
				if tc.method == "HEAD" && body != "" {
					t.Errorf("HEAD has a body of %d bytes", len(body))
				}
				if tc.body != "" && unpack(t, tc.coding, body) != tc.body {
					t.Errorf("another body, of %d bytes", len(body))
				}
				if strings.HasSuffix(tc.path, "trailer") && resp.Trailer.Get("X-Sum") != "17" {
					t.Errorf("trailer %v", resp.Trailer)
				}
				checkFields(t, resp.Header, tc.fields)
			})
		}
	})
}

func unpack(t *testing.T, coding, body string) string {
	t.Helper()
	if coding == "" {
		return body
	}
	b, err := io.ReadAll(unpacker(t, coding, strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unpacker(t *testing.T, coding string, from io.Reader) (r io.Reader) {
	t.Helper()
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(from)
	case "deflate":
		r, err = zlib.NewReader(from)
	case "zstd":
		r, err = zstd.NewReader(from, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCompressResponse_Tags holds that a client that has a compressed page need not get it again, and that
// the tag of the one is not that of the other.
func TestCompressResponse_Tags(t *testing.T) {
	forEachEngine(t, packedApplication(compress.Options{}), func(t *testing.T, base string) {
		plain, _, _ := fetch(t, "GET", base+"/page", "")
		packed, _, _ := fetch(t, "GET", base+"/page", "", "Accept-Encoding: gzip")
		strong, weak := plain.Header.Get("Etag"), packed.Header.Get("Etag")
		if !strings.HasPrefix(strong, `"`) || weak != "W/"+strong {
			t.Fatalf("tags %s and %s", strong, weak)
		}
		for _, tag := range []string{strong, weak} {
			resp, _, _ := fetch(t, "GET", base+"/page", "", "Accept-Encoding: gzip", "If-None-Match: "+tag)
			if resp.StatusCode != 304 || resp.Header.Get("Etag") != tag {
				t.Errorf("%s: status %d, tag %s", tag, resp.StatusCode, resp.Header.Get("Etag"))
			}
			checkFields(t, resp.Header, []string{"Vary: Accept-Encoding", "Content-Encoding:"})
		}
	})
}

// TestCompress holds that a rule compresses where the application does not.
func TestCompress(t *testing.T) {
	var asked []string
	app := web.NewApplicationWith(web.Settings{Logger: quiet.Logger, Compress: compress.Options{MinSize: 1, Types: func(of string) bool {
		asked = append(asked, of)
		return true
	}}}, web.Func("/on", sayPage, web.Compress(true)), web.Func("/off", sayPage), web.Func("/never", sayPage, web.Compress(false)))
	for path, want := range map[string]string{"/on": "gzip", "/off": "", "/never": ""} {
		w := do(t, app, request("GET "+path, "Accept-Encoding: gzip"))
		if got := w.header.Get("Content-Encoding"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if len(asked) != 1 {
		t.Errorf("asked for %v", asked)
	}
}

// TestCompressResponse_Flush holds that a client has every event before the next one is made.
func TestCompressResponse_Flush(t *testing.T) {
	next := make(chan string)
	events := func(flush func() error, w io.Writer) error {
		for event := range next {
			if event == "" {
				return nil
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", event); err != nil {
				return err
			}
			if err := flush(); err != nil {
				return err
			}
		}
		return nil
	}
	app := web.NewApplicationWith(packedSettings,
		web.Func("/web", func(ctx context.Context, h *web.RequestHandler) error {
			h.SetHeader("Content-Type", "text/event-stream")
			if err := h.Flush(ctx); err != nil {
				return err
			}
			return events(func() error { return h.Flush(ctx) }, h)
		}, web.InGoroutine()),
		web.Mount("/http", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			control := http.NewResponseController(w)
			if err := errors.Join(control.SetReadDeadline(time.Now().Add(time.Minute)), control.Flush()); err != nil {
				t.Error(err)
			}
			if err := events(control.Flush, w); err != nil {
				t.Error(err)
			}
		}), web.InGoroutine()),
	)
	forEachEngine(t, app, func(t *testing.T, base string) {
		for _, path := range []string{"/web", "/http"} {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", base+path, nil)
			req.Header.Set("Accept-Encoding", "zstd, gzip")
			tr := newTransport(base)
			defer tr.CloseIdleConnections()
			resp, err := tr.RoundTrip(req) // before there is an event
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			checkFields(t, resp.Header, []string{"Content-Encoding: gzip", "Vary: Accept-Encoding", "Content-Length:"})
			var lines *bufio.Reader
			for i := range 5 {
				event := fmt.Sprint("event ", i)
				next <- event
				if lines == nil {
					lines = bufio.NewReader(unpacker(t, "gzip", resp.Body))
				}
				line, err := lines.ReadString('\n')
				if err != nil || line != "data: "+event+"\n" {
					t.Fatalf("%s: %q, %v", path, line, err)
				}
				lines.ReadString('\n')
			}
			next <- ""
			if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
				t.Errorf("%s: at the end %q, %v", path, rest, err)
			}
		}
	})
}

// TestCompressResponse_BrokenBodies holds that a client can tell a broken body from a whole one.
func TestCompressResponse_BrokenBodies(t *testing.T) {
	mounted := http.NewServeMux()
	mounted.HandleFunc("/http/panic", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, page)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	mounted.HandleFunc("/http/short", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(page)+1))
		io.WriteString(w, page)
	})
	mounted.HandleFunc("/http/short/large", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(30*len(page)+1))
		io.WriteString(w, strings.Repeat(page, 30))
	})
	app := web.NewApplicationWith(packedSettings,
		web.URL("/error", brokenHandler{}),
		web.Func("/panic", func(ctx context.Context, h *web.RequestHandler) error {
			h.HTML(page)
			h.Flush(ctx)
			panic("on purpose")
		}),
		web.Func("/short", func(ctx context.Context, h *web.RequestHandler) error {
			h.SetHeader("Content-Length", fmt.Sprint(len(page)+1))
			h.HTML(page)
			return h.Flush(ctx)
		}),
		web.Mount("/http/", mounted))
	forEachEngine(t, app, func(t *testing.T, base string) {
		for _, path := range []string{"/error", "/panic", "/short", "/http/panic", "/http/short", "/http/short/large"} {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", base+path, nil)
			req.Header.Set("Accept-Encoding", "gzip")
			tr := newTransport(base)
			defer tr.CloseIdleConnections()
			resp, err := tr.RoundTrip(req)
			if err != nil {
				continue // closed without an answer is an answer, too
			}
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err == nil {
				t.Errorf("%s: a status of %d and a good body", path, resp.StatusCode)
			}
		}
	})
}

// TestCompressResponse_Hijack holds that a connection can be taken through the compression.
func TestCompressResponse_Hijack(t *testing.T) {
	app := web.NewApplicationWith(packedSettings, web.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/behind" { // a head and a body
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, page)
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		line, _ := rw.ReadString('\n')
		io.WriteString(conn, "echo "+line)
	})))
	for _, e := range engines[:2] { // HTTP/2 has nothing to take
		t.Run(e.name, func(t *testing.T) {
			address := strings.TrimPrefix(e.serve(t, app), "http://")
			for path, before := range map[string]string{"/": "", "/behind": page} {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\nhello\n", path)
				got, err := io.ReadAll(c)
				if !strings.Contains(string(got), before) || !strings.HasSuffix(string(got), "echo hello\n") || len(got) > len(before)+300 {
					t.Errorf("%s: %d bytes, %v", path, len(got), err)
				}
			}
		})
	}
}

// TestStream_OutOfTimeIsCut holds that a stream that RequestTimeout has ended does not pass for a whole one.
func TestStream_OutOfTimeIsCut(t *testing.T) {
	for _, packed := range []bool{false, true} {
		var begun atomic.Bool
		app := web.NewApplicationWith(web.Settings{Logger: quiet.Logger, CompressResponse: packed},
			web.Func("/", func(ctx context.Context, h *web.RequestHandler) error {
				h.WriteString("part")
				if err := h.Flush(ctx); err != nil {
					return err
				}
				begun.Store(true)
				<-ctx.Done()
				return ctx.Err()
			}))
		for _, h2c := range []bool{false, true} {
			begun.Store(false)
			for timeout := 50 * time.Millisecond; !begun.Load(); timeout *= 4 { // a busy machine may need more to begin
				url := serveEddy(t, app, httpserver.Options{RequestTimeout: timeout, H2C: h2c})
				if h2c {
					byHTTP2.Store(strings.TrimPrefix(url, "http://"), true)
				}
				resp, body, err := fetch(t, "GET", url+"/", "", "Accept-Encoding: gzip")
				if begun.Load() && (err == nil || resp.StatusCode != 200) {
					t.Errorf("compressed %v, HTTP/2 %v: status %d, %d bytes, and %v at the end", packed, h2c, resp.StatusCode, len(body), err)
				}
				if timeout > time.Minute {
					t.Fatalf("compressed %v, HTTP/2 %v: status %d, and nothing flushed", packed, h2c, resp.StatusCode)
				}
			}
		}
	}
}

// BenchmarkCompressResponse answers with 10 KiB of JSON.
func BenchmarkCompressResponse(b *testing.B) {
	var data []byte
	for i := 0; len(data) < 10<<10; i++ {
		data = fmt.Appendf(data, `{"id":%d,"name":"user-%d","active":%t},`, i*7919%100003, i*31%997, i%3 == 0)
	}
	answer := func(_ context.Context, h *web.RequestHandler) error {
		h.SetHeader("Content-Type", "application/json")
		_, err := h.Write(data)
		return err
	}
	for _, bc := range []struct {
		name   string
		on     bool
		accept string
	}{{"off", false, "gzip"}, {"identity", true, ""}, {"gzip", true, "gzip"}, {"zstd", true, "gzip, deflate, br, zstd"}} {
		b.Run(bc.name, func(b *testing.B) {
			app := web.NewApplicationWith(web.Settings{Logger: quiet.Logger, CompressResponse: bc.on}, web.Func("/", answer))
			ctx, r := context.Background(), get("/")
			r.Header.Append("Accept-Encoding", bc.accept)
			var s sink
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				app.ServeRequest(ctx, &s, r)
			}
		})
	}
}
