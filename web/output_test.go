package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"unsafe"

	"eddy/httputil"
	"eddy/web"
)

func TestOutput(t *testing.T) {
	for _, tc := range []struct {
		name   string
		f      func(ctx context.Context, h *web.RequestHandler) error
		status int
		length int64
		body   string
		fields []string
	}{
		{"nothing", func(context.Context, *web.RequestHandler) error { return nil },
			200, 0, "", []string{"Content-Type: text/html; charset=UTF-8", "Server: Eddy"}},
		{"writes are joined", func(_ context.Context, h *web.RequestHandler) error {
			h.Write([]byte("a"))
			io.WriteString(h, "b")
			return nil
		}, 200, 2, "ab", nil},
		{"HTML", func(_ context.Context, h *web.RequestHandler) error { return h.HTML("<p>") },
			200, 3, "<p>", []string{"Content-Type: text/html; charset=UTF-8"}},
		{"JSON", func(_ context.Context, h *web.RequestHandler) error {
			io.WriteString(h, "</x>")
			return h.JSON(map[string]any{"a": "</script></b>&", "b": []int{1}})
		}, 200, 36, `</x>{"a":"<\/script><\/b>&","b":[1]}`, []string{"Content-Type: application/json; charset=UTF-8"}},
		{"JSON raw", func(_ context.Context, h *web.RequestHandler) error { return h.JSON(json.RawMessage(`"</"`)) },
			200, 5, `"<\/"`, nil},
		{"JSON failure", func(_ context.Context, h *web.RequestHandler) error { return h.JSON(math.NaN()) },
			500, -2, "", nil},
		{"headers", func(_ context.Context, h *web.RequestHandler) error {
			h.SetHeader("X-A", "1")
			h.SetHeader("x-a", "2")
			h.AddHeader("X-B", "1")
			h.AddHeader("X-B", "2\t\xff")
			h.ClearHeader("Server")
			if h.HeaderValue("X-A") != "2" {
				return errors.New("HeaderValue")
			}
			return nil
		}, 200, 0, "", []string{"X-A: 2", "X-B: 1 | 2\t\xff", "Server:"}},
		{"more fields than lie inside", func(_ context.Context, h *web.RequestHandler) error {
			for _, c := range "abcdefgh" {
				h.SetHeader("X-"+string(c), string(c))
			}
			return nil
		}, 200, 0, "", []string{"X-A: a", "X-H: h", "Server: Eddy"}},
		{"status", func(_ context.Context, h *web.RequestHandler) error {
			h.SetStatus(418)
			return h.Text("pot")
		}, 418, 3, "pot", []string{"Etag:"}},
		{"flush", func(ctx context.Context, h *web.RequestHandler) error {
			io.WriteString(h, "a")
			if err := h.Flush(ctx); err != nil {
				return err
			}
			io.WriteString(h, "b")
			return nil
		}, 200, -1, "ab", []string{"Etag:"}},
		{"flush with a length", func(ctx context.Context, h *web.RequestHandler) error {
			h.SetHeader("Content-Length", "2")
			if err := h.Flush(ctx); err != nil {
				return err
			}
			io.WriteString(h, "ab")
			return nil
		}, 200, 2, "ab", nil},
		{"output with 204", func(_ context.Context, h *web.RequestHandler) error {
			h.SetStatus(204)
			return h.Text("x")
		}, 500, -2, "", nil},
		{"304", func(_ context.Context, h *web.RequestHandler) error {
			h.SetHeader("Content-Language", "en")
			h.SetHeader("Content-Encoding", "x")
			h.SetHeader("X-Kept", "1")
			h.SetStatus(304)
			return nil
		}, 304, 0, "", []string{"Content-Language:", "Content-Encoding:", "Content-Type:", "X-Kept: 1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := do(t, answering(tc.f), request("GET /"))
			if w.status != tc.status {
				t.Errorf("status %d, want %d", w.status, tc.status)
			}
			if tc.length != -2 && (w.length != tc.length || w.body.String() != tc.body) {
				t.Errorf("length %d, body %q; want %d, %q", w.length, w.body.String(), tc.length, tc.body)
			}
			header := http.Header{}
			for name, value := range w.header.All() {
				header.Add(name, value)
			}
			checkFields(t, header, tc.fields)
			if w.finishes != 1 {
				t.Errorf("finished %d times", w.finishes)
			}
		})
	}
}

// TestRefusedHeader covers response splitting, and that the log never has the value.
func TestRefusedHeader(t *testing.T) {
	for name, f := range map[string]func(h *web.RequestHandler){
		"CRLF":         func(h *web.RequestHandler) { h.SetHeader("X-A", "s3cret\r\nX-B: 1") },
		"LF":           func(h *web.RequestHandler) { h.AddHeader("X-A", "s3cret\n") },
		"NUL":          func(h *web.RequestHandler) { h.SetHeader("X-A", "s3cret\x00") },
		"DEL":          func(h *web.RequestHandler) { h.SetHeader("X-A", "s3cret\x7f") },
		"redirect":     func(h *web.RequestHandler) { h.Redirect("/s3cret\r\nX-B: 1", 302) },
		"status 99":    func(h *web.RequestHandler) { h.SetStatus(99) },
		"status 1000":  func(h *web.RequestHandler) { h.SetStatus(1000) },
		"before Flush": func(h *web.RequestHandler) { h.SetHeader("X-A", "s3cret\r"); h.Flush(context.Background()) },
		"name":         func(h *web.RequestHandler) { h.SetHeader("X A", "s3cret") },
	} {
		t.Run(name, func(t *testing.T) {
			app, j := logged(web.Func("/", func(_ context.Context, h *web.RequestHandler) error {
				f(h)
				return h.Text("kept back")
			}))
			w := do(t, app, request("GET /"))
			if w.status != 500 || strings.Contains(w.body.String(), "kept back") || w.header.Has("X-A") {
				t.Errorf("status %d, body %q", w.status, w.body.String())
			}
			if !strings.HasPrefix(name, "status") && name != "redirect" {
				mustContain(t, "log", j.text(), "header field \"X")
			}
			if strings.Contains(j.text(), "s3cret") {
				t.Errorf("the log has the value: %s", j.text())
			}
		})
	}
}

func TestReason(t *testing.T) {
	for reason, want := range map[string]string{
		"Fine": "Fine", "": "OK", "<script>": "Unknown", "a\r\nX-A: 1": "Unknown", "a\x00": "Unknown",
	} {
		app := answering(func(_ context.Context, h *web.RequestHandler) error {
			h.SetStatus(200, reason)
			return nil
		})
		if w := do(t, app, request("GET /")); w.reason != want {
			t.Errorf("%q became %q, want %q", reason, w.reason, want)
		}
	}
	app := answering(func(_ context.Context, h *web.RequestHandler) error { h.SetStatus(799); return nil })
	if w := do(t, app, request("GET /")); w.reason != "Unknown" {
		t.Errorf("799 has the reason %q", w.reason)
	}
}

func TestAfterFinish(t *testing.T) {
	var errs []error
	app := answering(func(ctx context.Context, h *web.RequestHandler) error {
		if err := h.Text("done"); err != nil {
			return err
		}
		if err := h.Finish(); err != nil {
			return err
		}
		_, err := h.Write([]byte("x"))
		_, err2 := h.WriteString("x")
		errs = []error{err, err2, h.Finish(), h.Flush(ctx), h.Text("x"), h.JSON(1), h.Redirect("/", 302)}
		return nil
	})
	w := do(t, app, request("GET /"))
	for i, err := range errs {
		if !errors.Is(err, httputil.ErrFinished) {
			t.Errorf("call %d after Finish: %v, want ErrFinished", i, err)
		}
	}
	if len(errs) != 7 || w.body.String() != "done" || w.finishes != 1 {
		t.Errorf("body %q, %d errors", w.body.String(), len(errs))
	}
}

func TestRedirect(t *testing.T) {
	for _, tc := range []struct {
		url      string
		status   int
		want     int
		location string
	}{
		{"/a", 302, 302, "/a"},
		{"http://x/", 308, 308, "http://x/"},
		{"/é b", 301, 301, "/%C3%A9%20b"},
		{"/a", 200, 500, ""},
		{"/a", 400, 500, ""},
	} {
		app := answering(func(_ context.Context, h *web.RequestHandler) error {
			h.Text("dropped")
			return h.Redirect(tc.url, tc.status)
		})
		w := do(t, app, request("GET /"))
		if w.status != tc.want || w.header.Get("Location") != tc.location || strings.Contains(w.body.String(), "dropped") {
			t.Errorf("%s %d: %d to %q", tc.url, tc.status, w.status, w.header.Get("Location"))
		}
	}
}

func TestAfterHead(t *testing.T) {
	app := answering(func(ctx context.Context, h *web.RequestHandler) error {
		if err := h.Flush(ctx); err != nil {
			return err
		}
		if err := h.Redirect("/", 302); !errors.Is(err, httputil.ErrHeadWritten) {
			t.Errorf("Redirect: %v", err)
		}
		if err := h.SendError(ctx, 404); !errors.Is(err, httputil.ErrHeadWritten) {
			t.Errorf("SendError: %v", err)
		}
		return nil
	})
	if w := do(t, app, request("GET /")); w.status != 200 || w.flushes != 1 {
		t.Errorf("status %d, %d flushes", w.status, w.flushes)
	}
}

func TestFlush_Cancelled(t *testing.T) {
	cause := errors.New("left")
	app := answering(func(ctx context.Context, h *web.RequestHandler) error {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(cause)
		if err := h.Flush(ctx); err != cause {
			t.Errorf("Flush: %v", err)
		}
		if _, err := h.Body(ctx); err != cause {
			t.Errorf("Body: %v", err)
		}
		return h.Text("fine")
	})
	if w := do(t, app, request("GET /")); w.body.String() != "fine" {
		t.Errorf("body %q", w.body.String())
	}
}

// TestHead covers the lengths that HEAD answers with.
func TestHead(t *testing.T) {
	app := web.NewApplicationWith(quiet, web.URL("/get", textHandler{}), web.URL("/own", headHandler{}))
	for path, want := range map[string]int64{"/get": 13, "/own": 77} {
		if w := do(t, app, request("HEAD "+path)); w.status != 200 || w.length != want {
			t.Errorf("%s: %d, length %d, want %d", path, w.status, w.length, want)
		}
	}
}

type headHandler struct{ web.RequestHandler }

func (h *headHandler) Head(context.Context) error {
	h.SetHeader("Content-Length", "77")
	h.SetHeader("Etag", `"own"`)
	return nil
}

func TestSize(t *testing.T) {
	if size := unsafe.Sizeof(web.RequestHandler{}); size > 400 {
		t.Errorf("a RequestHandler has %d bytes, want at most 400", size)
	}
}
