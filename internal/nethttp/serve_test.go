package nethttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"eddy/httputil"
	"eddy/internal/nethttp"
)

var noTime time.Time

func serve(r *http.Request, f httputil.HandlerFunc) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	nethttp.Serve(rec, r, f)
	return rec
}

func TestServe_Contract(t *testing.T) {
	var none httputil.Header
	is := func(what string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	rec := serve(httptest.NewRequest("GET", "/", nil), func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		_, err := w.Write([]byte("x"))
		is("Write without a head", err, httputil.ErrNoHead)
		is("Flush without a head", w.Flush(), httputil.ErrNoHead)
		is("Finish without a head", w.Finish(), httputil.ErrNoHead)
		is("WriteHead", w.WriteHead(200, "", &none, 3), nil)
		is("second WriteHead", w.WriteHead(200, "", &none, 3), httputil.ErrHeadWritten)
		_, err = w.Write([]byte("four"))
		is("Write beyond the length", err, httputil.ErrBodyLength)
		_, err = w.Write([]byte("abc"))
		is("Write", err, nil)
		is("Finish", w.Finish(), nil)
		is("second Finish", w.Finish(), httputil.ErrFinished)
		_, err = w.Write([]byte("x"))
		is("Write after Finish", err, httputil.ErrFinished)
		is("WriteHead after Finish", w.WriteHead(200, "", &none, 0), httputil.ErrFinished)
		is("Flush after Finish", w.Flush(), httputil.ErrFinished)
	})
	if rec.Body.String() != "abc" || rec.Header().Get("Content-Length") != "3" {
		t.Errorf("got %q, %v", rec.Body, rec.Header())
	}
	serve(httptest.NewRequest("GET", "/", nil), func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		is("WriteHead", w.WriteHead(200, "", &none, 3), nil)
		is("Finish of a short body", w.Finish(), httputil.ErrBodyLength)
	})
}

func TestServe_NoHeadIs500(t *testing.T) {
	rec := serve(httptest.NewRequest("GET", "/", nil), func(context.Context, httputil.ResponseWriter, *httputil.Request) {})
	if rec.Code != 500 {
		t.Errorf("status %d, want 500", rec.Code)
	}
}

func TestServe_NoSniffing(t *testing.T) {
	rec := serve(httptest.NewRequest("GET", "/", nil), func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var none httputil.Header
		w.WriteHead(200, "", &none, 6)
		io.WriteString(w, "<html>")
	})
	if got := rec.Result().Header["Content-Type"]; len(got) != 0 {
		t.Errorf("Content-Type %q was made up", got)
	}
}

func TestServe_Request(t *testing.T) {
	in := httptest.NewRequest("POST", "http://Example.com:81/a%20b?q=%31", strings.NewReader("body"))
	in.Header.Add("X-A", "1")
	in.Header.Add("X-A", "2")
	serve(in, func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || string(b) != "body" {
			t.Errorf("body %q, %v", b, err)
		}
		for what, pair := range map[string][2]string{
			"Method":      {r.Method, "POST"},
			"Path":        {r.Path, "/a%20b"},
			"Query":       {r.Query, "q=%31"},
			"Version":     {r.Version, "HTTP/1.1"},
			"Protocol":    {r.Protocol, "http"},
			"Host":        {r.Host, "Example.com:81"},
			"Host field":  {r.Header.Get("host"), "Example.com:81"},
			"X-A":         {strings.Join(r.Header.Values("x-a"), ","), "1,2"},
			"RemoteAddr":  {r.RemoteAddr().String(), in.RemoteAddr},
			"RemoteIP":    {r.RemoteIP(), "192.0.2.1"},
			"Start known": {map[bool]string{true: "yes"}[!r.Start.IsZero()], "yes"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
			}
		}
	})
}

// TestServe_StripPrefix holds that routing sees the path that a middleware made.
func TestServe_StripPrefix(t *testing.T) {
	h := http.StripPrefix("/app", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nethttp.Serve(w, r, httputil.HandlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			if r.Path != "/x" || r.URI != "/app/x" {
				t.Errorf("Path %q, URI %q", r.Path, r.URI)
			}
			nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/x" {
					t.Errorf("inner path %q", r.URL.Path)
				}
			})).ServeRequest(t.Context(), opaque{w}, r)
		}))
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/app/x", nil))
}

func TestServe_HandMadeRequest(t *testing.T) {
	r, err := http.NewRequest("GET", "http://x", nil)
	if err != nil {
		t.Fatal(err)
	}
	serve(r, func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if b, err := io.ReadAll(r.Body); len(b) != 0 || err != nil || r.Path != "/" || r.URI != "/" {
			t.Errorf("body %q %v, Path %q, URI %q", b, err, r.Path, r.URI)
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestServe_BodyErrors(t *testing.T) {
	in := httptest.NewRequest("POST", "/", strings.NewReader("too long"))
	in.Body = http.MaxBytesReader(nil, in.Body, 3)
	serve(in, func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if _, err := io.ReadAll(r.Body); !errors.Is(err, httputil.ErrBodyTooLarge) {
			t.Errorf("got %v, want ErrBodyTooLarge", err)
		}
	})
}

func TestServe_BodyTimeout(t *testing.T) {
	in := httptest.NewRequest("POST", "/", iotest.ErrReader(os.ErrDeadlineExceeded))
	serve(in, func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if _, err := io.ReadAll(r.Body); !errors.Is(err, httputil.ErrBodyTimeout) {
			t.Errorf("got %v, want ErrBodyTimeout", err)
		}
	})
	in = httptest.NewRequest("POST", "/", iotest.ErrReader(io.ErrUnexpectedEOF))
	serve(in, func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if _, err := io.ReadAll(r.Body); !errors.Is(err, httputil.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}

// What a client has done to the framing of its body is its own fault, and told as such.
func TestServe_BrokenChunks(t *testing.T) {
	errs := make(chan error, 1)
	srv := quietServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nethttp.Serve(w, r, httputil.HandlerFunc(func(_ context.Context, _ httputil.ResponseWriter, r *httputil.Request) {
			_, err := io.ReadAll(r.Body)
			errs <- err
		}))
	}))
	for _, body := range []string{"zz\r\n", "5\r\nlonger\r\n", "fffffffffffffffff\r\n", "1\r\nx\r\n0\r\nno trailer\r\n\r\n", strings.Repeat("1", 5000) + "\r\n"} {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		if err := <-errs; !errors.Is(err, httputil.ErrBodyMalformed) {
			t.Errorf("%.30q: %v", body, err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != 400 {
			t.Errorf("%.30q: %v %v", body, resp, err)
		}
		c.Close()
	}
}

// A goroutine that a handler leaves behind cannot write into what net/http has recycled.
func TestServe_LateWritersAreTold(t *testing.T) {
	var late httputil.ResponseWriter
	rec := serve(httptest.NewRequest("GET", "/", nil), func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
		var none httputil.Header
		w.WriteHead(200, "", &none, -1)
		late = w
	})
	var none httputil.Header
	_, err := io.WriteString(late, "late")
	_, _, hijacked := late.(http.Hijacker).Hijack()
	for i, err := range []error{err, late.WriteHead(200, "", &none, 0), late.Flush(), late.Finish(), late.SetTrailer(&none), hijacked} {
		if err != httputil.ErrFinished {
			t.Errorf("%d: %v", i, err)
		}
	}
	if rec.Body.Len() > 0 {
		t.Errorf("%q was written", rec.Body)
	}
}

func TestServe_StatusesThatAreNone(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.ProtoMajor, r.ProtoMinor = 2, 0
	rec := serve(r, func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
		var none httputil.Header
		for _, status := range []int{-1, 0, 99, 101, 1000} {
			if w.WriteHead(status, "", &none, 0) == nil {
				t.Errorf("%d is taken", status)
			}
		}
		w.WriteHead(202, "", &none, 0)
	})
	if rec.Code != 202 {
		t.Errorf("status %d", rec.Code)
	}
}

func TestServe_LocalAddr(t *testing.T) {
	var local, remote netip.AddrPort
	srv := quietServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nethttp.Serve(w, r, httputil.HandlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			local, remote = r.Conn.LocalAddr(), r.Conn.RemoteAddr()
		}))
	}))
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if local.String() != srv.Listener.Addr().String() || !remote.IsValid() {
		t.Errorf("local %v, remote %v", local, remote)
	}
}

func TestHandler_BadPath(t *testing.T) {
	rec := serve(httptest.NewRequest("GET", "/", nil), func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		r.Path = "/%zz"
		nethttp.Handler(http.NotFoundHandler()).ServeRequest(ctx, opaque{w}, r)
	})
	if rec.Code != 400 {
		t.Errorf("status %d, want 400", rec.Code)
	}
}

func TestHandler_InvalidStatusPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("WriteHeader(99) did not panic")
		}
	}()
	serve(httptest.NewRequest("GET", "/", nil), func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(99)
		})).ServeRequest(ctx, opaque{w}, r)
	})
}
