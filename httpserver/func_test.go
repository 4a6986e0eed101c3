package httpserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
)

func TestFunc_AnswersWhatItReturns(t *testing.T) {
	again, err := "", error(nil)
	answers := httpserver.Func(func(ctx context.Context, r *httputil.Request, body []byte) httpserver.Response {
		whole, _ := io.ReadAll(r.Body)
		again = string(whole)
		switch r.Path {
		case "/wait":
			err = async.Sleep(ctx, time.Second)
		case "/empty":
			return httpserver.Response{}
		case "/none":
			return httpserver.Response{Status: 204}
		case "/fields":
			var a httpserver.Response
			a.Header.Append("X-A", "1")
			a.Header.Append("X-A", "2")
			a.Status, a.Body = 404, []byte("<p>")
			return a
		}
		return httpserver.Text(200, fmt.Sprintf("%s %s %q %d", r.Method, r.Path, body, r.ContentLength))
	})
	const plain = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
	bubble(t, answers, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		for _, tt := range []struct{ request, want, body string }{
			{get, plain + "Content-Length: 10\r\n\r\nGET / \"\" 0", ""},
			{"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", plain + "Content-Length: 11\r\n\r\n", ""},
			{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", plain + "Content-Length: 14\r\n\r\nPOST / \"abc\" 3", "abc"},
			{"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", plain + "Content-Length: 13\r\n\r\nPUT / \"abc\" 3", "abc"},
			{"GET /empty HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
			{"GET /none HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", ""},
			{"GET /fields HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 3\r\n\r\n<p>", ""},
		} {
			if got := h.send(p, tt.request); got != tt.want || again != tt.body {
				t.Errorf("%q: got %q, body again %q", tt.request, got, again)
			}
		}
		if got := h.send(p, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n"); got != "" {
			t.Errorf("did not wait: %q", got)
		}
		time.Sleep(time.Second)
		if got := h.take(p); !strings.HasPrefix(got, plain) || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestFunc_IsNotCalledForABadBody(t *testing.T) {
	called := false
	f := httpserver.Func(func(ctx context.Context, r *httputil.Request, body []byte) httpserver.Response {
		called = true
		return httpserver.Response{}
	})
	bubble(t, f, httpserver.Options{DecompressRequests: true}, func(h *harness) {
		long := strings.Repeat("x", httpserver.MaxFuncBody+1)
		for _, tt := range []struct{ request, want string }{
			{fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", len(long)), "HTTP/1.1 413 Content Too Large\r\n"},
			{post("gzip", zipped(long)), "HTTP/1.1 413 Content Too Large\r\n"},
			{post("gzip", "hello"), "HTTP/1.1 400 Bad Request\r\n"},
			{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx", "HTTP/1.1 408 Request Timeout\r\n"},
		} {
			p := h.connect()
			p.Send(tt.request)
			synctest.Wait()
			time.Sleep(httpserver.DefaultBodyTimeout + time.Second)
			if got := h.take(p); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%.60q: %q", tt.request, got)
			}
			p.CloseWrite()
		}
		gone := h.connect()
		gone.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx")
		synctest.Wait()
		gone.Reset(syscall.ECONNRESET)
		synctest.Wait()
		if called {
			t.Error("the function was called")
		}
	})
}

func TestFunc_MistakesAreLogged(t *testing.T) {
	for _, status := range []int{-1, 103, 1000} {
		f := httpserver.Func(func(ctx context.Context, r *httputil.Request, body []byte) httpserver.Response {
			return httpserver.Response{Status: status}
		})
		bubble(t, f, httpserver.Options{}, func(h *harness) {
			if got := h.send(h.connect(), get); !strings.HasPrefix(got, "HTTP/1.1 500 ") {
				t.Errorf("%d: %q", status, got)
			}
			if log := h.logs.Take(); !strings.Contains(log, "panic in a handler") || !strings.Contains(log, "status") {
				t.Errorf("%d: %s", status, log)
			}
		})
	}
}

func TestFunc_UnderNetHTTP(t *testing.T) {
	f := httpserver.Func(func(ctx context.Context, r *httputil.Request, body []byte) httpserver.Response {
		return httpserver.Text(201, fmt.Sprintf("%s %s", r.Path, body))
	})
	s := httptest.NewServer(f)
	defer s.Close()
	resp, err := http.Post(s.URL+"/path", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if string(got) != "/path body" || resp.StatusCode != 201 || err != nil {
		t.Errorf("%d %q, %v", resp.StatusCode, got, err)
	}
	http.DefaultClient.CloseIdleConnections()
}
