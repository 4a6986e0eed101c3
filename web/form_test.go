package web_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/httputil/formdata"
	"eddy/internal/testdir"
	"eddy/web"
)

const multiType = "multipart/form-data; boundary=1234"

// multiBody is a form with the arguments a=1, a=2, and a file "f" of this content.
func multiBody(content string) string {
	return "--1234\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" +
		"--1234\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/x\r\n\r\n" + content + "\r\n" +
		"--1234\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n--1234--\r\n"
}

// spooling returns settings by which every file goes to a directory, and a function that lists it.
func spooling(t *testing.T) (web.Settings, func() []string) {
	dir := testdir.New(t)
	s := quiet
	s.Form.TempDir, s.Form.Memory = dir, 1
	return s, func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
}

// formHandler tells what it has got.
type formHandler struct{ web.RequestHandler }

func (h *formHandler) Post(ctx context.Context) error {
	all, err := h.Arguments("a")
	if err != nil {
		return err
	}
	form, err := h.Form(ctx)
	if err != nil {
		return err
	}
	text := fmt.Sprint(all, form.Values["a"])
	files, err := h.Files("f")
	if err != nil {
		return err
	}
	for _, f := range files {
		body, err := f.Body()
		if err != nil {
			return err
		}
		text += fmt.Sprintf(" %s %s %d %.20s", f.Name, f.ContentType, f.Size, body)
	}
	return h.Text(text)
}

// partsHandler tells of each part as it comes.
type partsHandler struct{ web.RequestHandler }

func (h *partsHandler) Post(ctx context.Context) error {
	for part, err := range h.Parts(ctx) {
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, part)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %q %d;", part.Name, part.FileName, n)
	}
	return nil
}

func formApplication(s web.Settings) *web.Application {
	return web.NewApplicationWith(s, web.URL("/form", formHandler{}), web.URL("/parts", partsHandler{}),
		web.Func("/file", func(_ context.Context, h *web.RequestHandler) error {
			f, err := h.File("f")
			if err != nil {
				return err
			}
			return h.Text(f.Name)
		}))
}

var formCases = []struct {
	name, path, contentType, body string
	headers                       []string
	status                        int
	want                          string
}{
	{name: "urlencoded", path: "/form?a=0", contentType: formType, body: "a=3&a=", status: 200, want: "[0 3 ] [3 ]"},
	{name: "multipart", path: "/form?a=0", contentType: multiType, body: multiBody("content"), status: 200, want: "[0 1 2] [1 2] x.txt text/x 7 content"},
	{name: "large", path: "/form", contentType: multiType, body: multiBody(strings.Repeat("0123456789", 50_000)), status: 200,
		want: "[1 2] [1 2] x.txt text/x 500000 01234567890123456789"},
	{name: "file", path: "/file", contentType: multiType, body: multiBody("content"), status: 200, want: "x.txt"},
	{name: "no file", path: "/file", contentType: formType, body: "a=1", status: 400},
	{name: "no form", path: "/form?a=0", contentType: "text/plain", body: "a=1", status: 200, want: "[0] []"},
	{name: "nothing", path: "/form", status: 200, want: "[] []"},
	{name: "parts", path: "/parts", contentType: multiType, body: multiBody(strings.Repeat("x", 500_000)), status: 200, want: `a "" 1;f "x.txt" 500000;a "" 1;`},
	{name: "parts of no form", path: "/parts", contentType: "text/plain", body: "x", status: 415},
	{name: "parts of a urlencoded form", path: "/parts", contentType: formType, body: "a=1", status: 415},
	{name: "truncated", path: "/form", contentType: multiType, body: multiBody("x")[:100], status: 400},
	{name: "truncated parts", path: "/parts", contentType: multiType, body: multiBody("x")[:100], status: 400},
	{name: "no boundary", path: "/form", contentType: "multipart/form-data", body: multiBody("x"), status: 400},
	{name: "broken escape", path: "/form", contentType: formType, body: "a=%zz", status: 400},
	{name: "too many arguments", path: "/form", contentType: formType, body: strings.Repeat("b=1&", 1001), status: 413},
	{name: "too many parts", path: "/form", contentType: multiType, status: 413,
		body: strings.Repeat("--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", 101) + "--1234--"},
	{name: "too large", path: "/form", contentType: multiType, body: multiBody(strings.Repeat("x", 1<<20)), status: 413},
	{name: "coded", path: "/form", contentType: multiType, headers: []string{"Content-Encoding: gzip"}, body: multiBody("x"), status: 415},
	{name: "coded part", path: "/form", contentType: multiType, status: 415,
		body: "--1234\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n--1234--"},
	{name: "not UTF-8", path: "/form", contentType: multiType, status: 400,
		body: "--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--1234--"},
}

func TestEngines_Forms(t *testing.T) {
	s, files := spooling(t)
	s.MaxBody = 1 << 20
	forEachEngine(t, formApplication(s), func(t *testing.T, base string) {
		for _, tc := range formCases {
			t.Run(tc.name, func(t *testing.T) {
				resp, body, err := fetch(t, "POST", base+tc.path, tc.body, append(tc.headers, "Content-Type: "+tc.contentType)...)
				if err != nil {
					t.Fatal(err)
				}
				if resp.StatusCode != tc.status || tc.want != "" && body != tc.want {
					t.Errorf("%d %.100q, want %d %q", resp.StatusCode, body, tc.status, tc.want)
				}
			})
		}
	})
	if names := files(); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}

// descriptors counts the open files below dir, names removed or not; -1 where one cannot know.
func descriptors(t *testing.T, dir string) int {
	if runtime.GOOS != "linux" {
		return -1
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}

// The temporary file goes with the request, however that ends, and not before OnFinish.
func TestForm_TemporaryFileGoesWithTheRequest(t *testing.T) {
	for name, end := range map[string]func(h *web.RequestHandler) error{
		"return":       func(h *web.RequestHandler) error { return h.Text("ok") },
		"error":        func(*web.RequestHandler) error { return errors.New("broken") },
		"panic":        func(*web.RequestHandler) error { panic("on purpose") },
		"abort":        func(*web.RequestHandler) error { panic(http.ErrAbortHandler) },
		"disconnected": func(*web.RequestHandler) error { return httputil.ErrClosed },
		"finished":     func(h *web.RequestHandler) error { return h.Finish() },
		"goexit":       func(*web.RequestHandler) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s, files := spooling(t)
			seen := 0
			app := web.NewApplicationWith(s, web.URL("/", endingHandler{end: end, onFinish: func(f *formdata.File) {
				seen = descriptors(t, s.Form.TempDir)
				if b, err := f.Body(); err != nil || string(b) != "content" {
					t.Errorf("in OnFinish: %q, %v", b, err)
				}
			}}))
			done := make(chan struct{})
			go func() { // of its own, for Goexit
				defer close(done)
				new(recorder).serve(context.Background(), app, withBody(request("POST /"), multiType, multiBody("content")))
			}()
			<-done
			left := descriptors(t, s.Form.TempDir)
			if left < 0 {
				seen, left = 1, 0
			}
			if names := files(); seen != 1 || left != 0 || len(names) != 0 {
				t.Errorf("%d files open in OnFinish, %d after it, names left: %q", seen, left, names)
			}
		})
	}
}

type endingHandler struct {
	web.RequestHandler
	end      func(h *web.RequestHandler) error
	onFinish func(f *formdata.File)
	file     *formdata.File
}

func (h *endingHandler) Post(ctx context.Context) (err error) {
	if h.file, err = h.File("f"); err != nil {
		return err
	}
	return h.end(&h.RequestHandler)
}

func (h *endingHandler) OnFinish() { h.onFinish(h.file) }

// A form that is first asked for in OnFinish goes, too.
func TestForm_FirstReadInOnFinish(t *testing.T) {
	s, files := spooling(t)
	asked := false
	app := web.NewApplicationWith(s, web.URL("/", lateHandler{asked: &asked}))
	do(t, app, withBody(request("POST /"), multiType, multiBody("content")))
	if names := files(); !asked || len(names) != 0 || descriptors(t, s.Form.TempDir) > 0 {
		t.Errorf("asked: %v, left behind: %q", asked, names)
	}
}

type lateHandler struct {
	web.RequestHandler
	asked *bool
}

func (h *lateHandler) Post(context.Context) error { return nil }

func (h *lateHandler) OnFinish() {
	f, err := h.File("f")
	*h.asked = err == nil && !f.InMemory()
}

// A client that leaves in the midst of an upload leaves nothing behind.
func TestEngines_FormDisconnect(t *testing.T) {
	s, files := spooling(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			ended := make(chan error, 1)
			base := e.serve(t, web.NewApplicationWith(s, web.Func("/", func(ctx context.Context, h *web.RequestHandler) error {
				_, err := h.Form(ctx)
				ended <- err
				return err
			})))
			c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			body := multiBody(strings.Repeat("x", 100_000))
			fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", multiType, len(body), body[:90_000])
			c.Close()
			if err := <-ended; err == nil {
				t.Error("half a form was taken")
			}
			if names := files(); len(names) != 0 || descriptors(t, s.Form.TempDir) > 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

// A connection goes on after a form, whatever the framing and whatever follows the last boundary.
func TestEngines_FormKeepsTheConnection(t *testing.T) {
	body := multiBody("content")
	forEachEngine(t, formApplication(quiet), func(t *testing.T, base string) {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		r := bufio.NewReader(c)
		for _, path := range []string{"/form", "/parts", "/file"} {
			for _, text := range []string{body, strings.TrimSuffix(body, "\r\n"), body + "more\r\n--1234--\r\n"} {
				for _, framing := range []string{fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text),
					fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(text), text)} {
					fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n%s", path, multiType, framing)
					resp, err := http.ReadResponse(r, nil)
					if err != nil {
						t.Fatalf("%s after %d bytes: %v", path, len(text), err)
					}
					answer, err := io.ReadAll(resp.Body)
					if resp.StatusCode != 200 || !strings.Contains(string(answer), "x.txt") || err != nil {
						t.Errorf("%s: %d %s, %v", path, resp.StatusCode, answer, err)
					}
				}
			}
		}
	})
}

// The first fault ends the reading, with one line in the log that quotes nothing (CVE-2025-47287).
func TestForm_OneFaultOneLine(t *testing.T) {
	var log bytes.Buffer
	app := web.NewApplicationWith(web.Settings{Logger: slog.New(slog.NewTextHandler(&log, nil))}, web.URL("/", formHandler{}))
	body := strings.Repeat("--1234\r\nContent-Disposition: s3cret\r\n\r\n\r\n", 1000) + "--1234--"
	if w := do(t, app, withBody(request("POST /"), multiType, body)); w.status != 400 {
		t.Errorf("status %d", w.status)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 || strings.Contains(log.String(), "s3cret") { // the error and the access
		t.Errorf("%d lines:\n%s", lines, log.String())
	}
}

// What was read one way is there the other way where that can be, and else is an error that says so.
func TestForm_AndBody(t *testing.T) {
	urlencoded := func() *httputil.Request { return withBody(request("POST /"), formType, "a=1") }
	multi := func() *httputil.Request { return withBody(request("POST /"), multiType, multiBody("content")) }
	broken := func() *httputil.Request { return withBody(request("POST /"), multiType, "x") }
	arg := func(_ context.Context, h *web.RequestHandler) error { _, err := h.BodyArgument("a"); return err }
	body := func(ctx context.Context, h *web.RequestHandler) error {
		b, err := h.Body(ctx)
		if err == nil && len(b) == 0 {
			err = errors.New("empty")
		}
		return err
	}
	file := func(_ context.Context, h *web.RequestHandler) error { _, err := h.File("f"); return err }
	stream := func(ctx context.Context, h *web.RequestHandler) error {
		count := 0
		for _, err := range h.Parts(ctx) {
			if err != nil {
				return err
			}
			count++
		}
		if count != 3 {
			return fmt.Errorf("%d parts", count)
		}
		return nil
	}
	for _, tc := range []struct {
		name          string
		request       func() *httputil.Request
		first, second func(context.Context, *web.RequestHandler) error
		want          int
	}{
		{"argument, body", urlencoded, arg, body, 200},
		{"body, argument", urlencoded, body, arg, 200},
		{"body, file", multi, body, file, 200},
		{"body, parts", multi, body, stream, 200},
		{"file, argument", multi, file, arg, 200},
		{"file, body", multi, file, body, 500},
		{"file, parts", multi, file, stream, 500},
		{"broken form, body", broken, func(c context.Context, h *web.RequestHandler) error {
			if err := arg(c, h); err == nil {
				t.Error("a broken form was taken")
			}
			return nil
		}, body, 400},
		{"parts, argument", multi, stream, arg, 500},
		{"parts, body", multi, stream, body, 500},
		{"parts, parts", multi, stream, stream, 500},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := do(t, answering(func(ctx context.Context, h *web.RequestHandler) error {
				if err := tc.first(ctx, h); err != nil {
					t.Error(err)
				}
				return tc.second(ctx, h)
			}), tc.request())
			if w.status != tc.want {
				t.Errorf("status %d, want %d", w.status, tc.want)
			}
		})
	}
}

// FormWith takes more than the settings allow, for its route alone, and once.
func TestForm_WithOptions(t *testing.T) {
	s := quiet
	s.MaxBody = 100
	app := web.NewApplicationWith(s, web.URL("/", formHandler{}), web.Func("/large", func(ctx context.Context, h *web.RequestHandler) error {
		form, err := h.FormWith(ctx, formdata.Options{Body: 1 << 20})
		if err != nil {
			return err
		}
		f, err := h.File("f")
		if err != nil || f != form.Files["f"][0] {
			t.Errorf("another file, %v", err)
		}
		a, err := h.Argument("a")
		if err != nil {
			return err
		}
		return h.Text(fmt.Sprint(a, " ", f.Size))
	}))
	large := multiBody(strings.Repeat("x", 1000))
	for path, want := range map[string]int{"/": 413, "/large": 200} {
		for _, length := range []int64{int64(len(large)), -1} {
			r := withBody(request("POST "+path), multiType, large)
			r.ContentLength = length
			if w := do(t, app, r); w.status != want || want == 200 && w.body.String() != "2 1000" {
				t.Errorf("%s: %d %s, want %d", path, w.status, w.body.String(), want)
			}
		}
	}
	// An announced length beyond the limit is refused before the client sends it.
	r := withBody(request("POST /"), multiType, "")
	r.Body, r.ContentLength = failingBody{errors.New("read")}, 101
	if w := do(t, app, r); w.status != 413 {
		t.Errorf("status %d, want 413", w.status)
	}
}

func TestForm_CancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	do(t, answering(func(_ context.Context, h *web.RequestHandler) error {
		if _, err := h.Form(ctx); err != context.Canceled {
			t.Errorf("Form: %v", err)
		}
		for _, err := range h.Parts(ctx) {
			if err != context.Canceled {
				t.Errorf("Parts: %v", err)
			}
		}
		for range h.Parts(context.Background()) {
			break // leaves the rest to the engine
		}
		return nil
	}), withBody(request("POST /"), multiType, multiBody("x")))
}

// An upload takes no memory that grows with it, neither by parts nor on disk.
func TestForm_LargeUploadTakesLittleMemory(t *testing.T) {
	const size = 8 << 20
	s, _ := spooling(t)
	s.Form.Body = 2 * size
	for _, path := range []string{"/parts", "/size"} {
		app := web.NewApplicationWith(s, web.URL("/parts", partsHandler{}), web.Func("/size", func(_ context.Context, h *web.RequestHandler) error {
			f, err := h.File("f")
			if err != nil {
				return err
			}
			return h.Text(fmt.Sprint("f ", f.Size))
		}))
		head, tail, _ := strings.Cut(multiBody("|"), "|")
		r := request("POST "+path, "Content-Type: "+multiType)
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader(tail)))
		r.ContentLength = -1
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := do(t, app, r)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; w.status != 200 || got > 512<<10 {
			t.Errorf("%s: status %d, %d bytes of memory", path, w.status, got)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
