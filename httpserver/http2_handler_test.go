package httpserver_test

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"eddy/httpserver"
	"eddy/httputil"
)

func TestHTTP2_TheContextEndsWithTheClient(t *testing.T) {
	p := newParked()
	s := serveHTTP2(t, p, httpserver.Options{})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/"))
	r.must(r.request(3, true, "GET", "/"))
	<-p.begun
	<-p.begun
	r.must(r.WriteRSTStream(1, http2.ErrCodeCancel))
	if cause := <-p.cause; cause != httputil.ErrClosed {
		t.Errorf("reset: %v", cause)
	}
	r.conn.Close()
	if cause := <-p.cause; cause != httputil.ErrClosed {
		t.Errorf("gone: %v", cause)
	}
	s.wantConnections(0)
}

func TestHTTP2_Panics(t *testing.T) {
	native := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path == "/begun" {
			var none httputil.Header
			w.WriteHead(200, "", &none, -1)
			w.Flush()
		}
		panic("oh")
	})
	standard := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Of-The-Handler", "x")
		if r.URL.Path == "/begun" {
			http.NewResponseController(w).Flush()
		}
		panic("oh")
	})
	for _, h := range []any{native, standard} {
		s := serveHTTP2(t, h, httpserver.Options{})
		c, url := s.client(true)
		resp, body := mustGet(t, c, url+"/a%20b")
		if resp.StatusCode != 500 || body != "500 Internal Server Error\n" || resp.Header.Get("X-Of-The-Handler") != "" {
			t.Errorf("%d %q %v", resp.StatusCode, body, resp.Header)
		}
		if log := s.logs.Take(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `level=ERROR msg="panic in a handler" panic=oh`) ||
			!strings.Contains(log, "method=GET path=/a%20b") || !strings.Contains(log, "http2_handler_test.go") {
			t.Error(log)
		}
		resp, err := c.Get(url + "/begun")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("a response that panicked half-way ended well: %q", b)
		}
		resp.Body.Close()
		s.wantConnections(1)
		if log := s.logs.Take(); strings.Count(log, "level=") != 1 || !strings.Contains(log, "path=/begun") {
			t.Error(log)
		}
	}
}

func TestHTTP2_AbortAndGoexitSayNothing(t *testing.T) {
	s := serveHTTP2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/exit" {
			runtime.Goexit()
		}
		w.WriteHeader(200)
		panic(http.ErrAbortHandler)
	}), httpserver.Options{})
	c, url := s.client(true)
	for _, path := range []string{"/abort", "/exit"} {
		if resp, err := c.Get(url + path); err == nil {
			resp.Body.Close()
			t.Errorf("%s: answered with %d", path, resp.StatusCode)
		}
	}
	s.wantConnections(1)
	if log := s.logs.Take(); log != "" {
		t.Error(log)
	}
}

func TestHTTP2_AResponseThatIsShortIsReset(t *testing.T) {
	s := serveHTTP2(t, handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var none httputil.Header
		w.WriteHead(200, "", &none, 100)
		if r.Method != "HEAD" {
			io.WriteString(w, "short")
		}
	}), httpserver.Options{})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/"))
	if r.await(isReset(1)) == nil {
		t.Error("not reset")
	}
	if log := s.logs.Take(); !strings.Contains(log, "incomplete response") {
		t.Error(log)
	}
	r.must(r.request(3, true, "HEAD", "/"))
	if f := r.await(isHeaders(3)); f == nil || !f.(*http2.MetaHeadersFrame).StreamEnded() {
		t.Errorf("HEAD: %v", f)
	}
	if log := s.logs.Take(); log != "" {
		t.Error(log)
	}
}

// A goroutine that a handler leaves behind may write and read; it is told that nobody listens.
func TestHTTP2_LateWritersAreTold(t *testing.T) {
	late := make(chan struct{})
	errs := make(chan error, 3)
	s := serveHTTP2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			<-late
			w.Header().Set("X", "late")
			w.WriteHeader(201)
			_, err := io.WriteString(w, "late")
			errs <- err
			errs <- http.NewResponseController(w).Flush()
			_, err = r.Body.Read(make([]byte, 1))
			errs <- err
			w.(http.Flusher).Flush()
			w.(http.Pusher).Push("/", nil)
			<-w.(interface{ CloseNotify() <-chan bool }).CloseNotify()
			http.NewResponseController(w).SetWriteDeadline(time.Now())
			http.NewResponseController(w).SetReadDeadline(time.Now())
			close(errs)
		}()
	}), httpserver.Options{})
	r := s.raw(t)
	r.must(r.request(1, false, "POST", "/"))
	if r.await(isHeaders(1)) == nil {
		t.Fatal("no answer")
	}
	for range 2 { // the response's end shows that the handler has returned
		r.must(r.WritePing(false, [8]byte{}))
		r.await(func(f http2.Frame) bool { p, ok := f.(*http2.PingFrame); return ok && p.IsAck() })
	}
	close(late)
	n := 0
	for err := range errs {
		if n++; err == nil || n < 3 && err != httputil.ErrFinished {
			t.Errorf("%d: %v", n, err)
		}
	}
}

// One who waits in a write can be freed by a deadline that another goroutine sets.
func TestHTTP2_DeadlinesReachAWriteUnderWay(t *testing.T) {
	errs := make(chan error, 1)
	s := serveHTTP2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		written := make(chan struct{})
		go func() {
			_, err := w.Write(make([]byte, 1<<20))
			errs <- err
			close(written)
		}()
		time.Sleep(10 * time.Millisecond)
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(-time.Second))
		<-written
	}), httpserver.Options{})
	r := s.raw(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	r.must(r.request(1, true, "GET", "/"))
	if err := <-errs; err == nil {
		t.Error("all of it was written")
	}
}

// The files of a form that a handler has parsed are removed when it has returned.
func TestHTTP2_FormsLeaveNoFiles(t *testing.T) {
	names := make(chan string, 1)
	s := serveHTTP2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
			return
		}
		f, err := r.MultipartForm.File["file"][0].Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		names <- f.(*os.File).Name()
	}), httpserver.Options{})
	c, url := s.client(true)
	var body strings.Builder
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("file", "name")
	part.Write(make([]byte, 11<<20))
	form.Close()
	resp, err := c.Post(url, form.FormDataContentType(), strings.NewReader(body.String()))
	if err != nil {
		t.Fatal(err)
	}
	mustRead(t, resp)
	name := <-names
	eventually(t, func() bool { _, err := os.Stat(name); return errors.Is(err, os.ErrNotExist) }, "%s is left", name)
}
