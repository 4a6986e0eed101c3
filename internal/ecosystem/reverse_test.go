package ecosystem_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
	"eddy/web"
)

type hello struct{ web.RequestHandler }

func (h *hello) Get(context.Context) error { return h.Text("Hello " + h.PathValue("name")) }

func (h *hello) Post(ctx context.Context) error {
	body, err := h.Body(ctx)
	if err != nil {
		return err
	}
	return h.Text(strings.ToUpper(string(body)))
}

func application() *web.Application {
	quiet := web.Settings{AccessLog: func(*web.RequestHandler) {}}
	return web.NewApplicationWith(quiet, web.URL("/hello/{name}", hello{}))
}

func TestReverse_ApplicationInARecorder(t *testing.T) {
	rec := httptest.NewRecorder()
	application().ServeHTTP(rec, httptest.NewRequest("GET", "/hello/you", nil))
	if rec.Code != 200 || rec.Body.String() != "Hello you" || rec.Header().Get("Etag") == "" {
		t.Errorf("%d %q %v", rec.Code, rec.Body, rec.Header())
	}
}

// onHTTP1And2 serves h on net/http by both versions.
func onHTTP1And2(t *testing.T, h http.Handler, check func(t *testing.T, s *site)) {
	t.Run("HTTP/1.1", func(t *testing.T) { check(t, onNetHTTP(t, h, false)) })
	t.Run("HTTP/2", func(t *testing.T) {
		srv := httptest.NewUnstartedServer(h)
		srv.EnableHTTP2 = true
		srv.TLS = testcert.Shared().Server(t)
		srv.StartTLS()
		t.Cleanup(srv.Close)
		s := &site{srv.URL, newClient(t)}
		s.client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
		check(t, s)
	})
}

func TestReverse_Application(t *testing.T) {
	onHTTP1And2(t, application(), func(t *testing.T, s *site) {
		s.wantBody(t, "/hello/you", 200, "Hello you")
		s.wantBody(t, "/none", 404, "")
		if _, body := s.do(t, "POST", "/hello/x", strings.Repeat("abc", 100_000)); body != strings.Repeat("ABC", 100_000) {
			t.Errorf("%d bytes", len(body))
		}
	})
}

// streaming is an httputil.Handler that uses all of its writer.
var streaming = httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	var head, trailer httputil.Header
	switch r.Path {
	case "/echo": // full duplex, with a trailer
		head.Append("Trailer", "X-Sum")
		w.WriteHead(200, "", &head, -1)
		w.Flush()
		_, err := io.Copy(flushing{w}, r.Body)
		trailer.Append("X-Sum", r.Trailer.Get("X-In"))
		if err != nil {
			trailer.Append("X-Error", err.Error())
		}
		w.SetTrailer(&trailer)
	case "/short":
		w.WriteHead(200, "", &head, 10)
		io.WriteString(w, "less")
	case "/small": // a trailer that nobody has announced, set behind a body that fits into any buffer
		w.WriteHead(200, "", &head, -1)
		io.WriteString(w, "small")
		trailer.Append("X-Sum", "1")
		w.SetTrailer(&trailer)
	case "/early":
		w.WriteHead(103, "", &head, 0)
		w.WriteHead(200, "", &head, 2)
		io.WriteString(w, "ok")
		w.Finish()
	case "/panic":
		panic("no")
	case "/nothing":
	}
})

type flushing struct{ httputil.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}

func TestReverse_Handler(t *testing.T) {
	onHTTP1And2(t, httpserver.HTTPHandler(streaming), func(t *testing.T, s *site) {
		s.wantBody(t, "/early", 200, "ok")
		s.wantBody(t, "/nothing", 500, "")
		resp, body := s.get(t, "/small")
		if body != "small" || resp.Trailer.Get("X-Sum") != "1" {
			t.Errorf("small: %q, trailer %v", body, resp.Trailer)
		}
		for _, path := range []string{"/short", "/panic"} {
			resp, err := s.client.Get(s.url + path)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if err == nil {
				t.Errorf("%s: whole", path)
			}
		}
		s.wantBody(t, "/early", 200, "ok")
		duplex(t, s)
	})
}

// duplex sends a body piece by piece, each when the one before has come back, and a trailer.
func duplex(t *testing.T, s *site) {
	t.Helper()
	if resp := pieces(t, s); resp.Trailer.Get("X-Sum") != "42" {
		t.Errorf("trailer %v", resp.Trailer)
	}
}

// pieces is duplex without the trailer's value, which an httputil.ReverseProxy does not pass on.
func pieces(t *testing.T, s *site) *http.Response {
	t.Helper()
	in, out := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/echo", in)
	if err != nil {
		t.Fatal(err)
	}
	req.Trailer = http.Header{"X-In": {"42"}}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	piece := make([]byte, 5)
	for range 100 {
		io.WriteString(out, "piece")
		if _, err := io.ReadFull(resp.Body, piece); err != nil || string(piece) != "piece" {
			t.Fatalf("%q, %v", piece, err)
		}
	}
	out.Close()
	if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != nil {
		t.Errorf("then %q, %v", rest, err)
	}
	if _, ok := resp.Trailer["X-Sum"]; !ok || resp.Trailer.Get("X-Error") != "" {
		t.Errorf("trailer %v", resp.Trailer)
	}
	return resp
}

// The context of a handler ends with its client.
func TestReverse_ClientLeaves(t *testing.T) {
	ended := make(chan error, 1)
	begun := make(chan struct{}, 1)
	h := httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		begun <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
	})
	onHTTP1And2(t, httpserver.HTTPHandler(h), func(t *testing.T, s *site) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-begun
			cancel()
		}()
		req, err := http.NewRequestWithContext(ctx, "GET", s.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := s.client.Do(req); err == nil {
			resp.Body.Close()
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
