package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"eddy/web"
)

// limitHandler sets the limits that its query has, and answers with the body's length.
type limitHandler struct{ web.RequestHandler }

func (h *limitHandler) Prepare(context.Context) error {
	if n, ok := h.Request.QueryArgument("most"); ok {
		var most int64
		fmt.Sscan(n, &most)
		if err := h.SetMaxBody(most); err != nil {
			return err
		}
	}
	if _, ok := h.Request.QueryArgument("soon"); ok {
		return h.SetBodyTimeout(50 * time.Millisecond)
	}
	return nil
}

func (h *limitHandler) Post(ctx context.Context) error {
	if _, ok := h.Request.QueryArgument("stream"); ok {
		n, err := io.Copy(io.Discard, h.Request.Body)
		if err != nil {
			return err
		}
		return h.Text(fmt.Sprint(n))
	}
	body, err := h.Body(ctx)
	if err != nil {
		return err
	}
	return h.Text(fmt.Sprint(len(body)))
}

func TestSetMaxBody(t *testing.T) {
	settings := quiet
	settings.MaxBody = 50
	app := web.NewApplicationWith(settings, web.URL("/", limitHandler{}))
	forEachEngine(t, app, func(t *testing.T, url string) {
		tr := newTransport(url)
		tr.DisableKeepAlives = true
		defer tr.CloseIdleConnections()
		client := &http.Client{Transport: tr}
		for _, tt := range []struct {
			query  string
			length int
			status int
		}{
			{"", 50, 200}, {"", 51, 413}, {"?most=100", 100, 200}, {"?most=100", 101, 413}, {"?most=-1", 1000, 200},
			{"?most=10", 10, 200}, {"?most=10", 11, 413}, {"?stream&most=10", 11, 413}, {"?stream&most=11", 11, 200}, {"?most=0", 1, 413},
		} {
			for _, chunked := range []bool{false, true} {
				var body io.Reader = strings.NewReader(strings.Repeat("x", tt.length))
				if chunked {
					body = io.MultiReader(body)
				}
				resp, err := client.Post(url+"/"+tt.query, "text/plain", body)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != tt.status || tt.status == 200 && string(got) != fmt.Sprint(tt.length) {
					t.Errorf("%q with %d bytes, chunked %v: %s %q", tt.query, tt.length, chunked, resp.Status, got)
				}
			}
		}
	})
}

// rest sends a request whose body does not come, and returns what answers it.
func rest(t *testing.T, url, target string) *http.Response {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", target)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestSetBodyTimeout(t *testing.T) {
	app := web.NewApplicationWith(quiet, web.URL("/", limitHandler{}))
	forEachEngine(t, app, func(t *testing.T, url string) {
		for _, target := range []string{"/?soon", "/?soon&stream"} {
			if resp := rest(t, url, target); resp.StatusCode != 408 {
				t.Errorf("%s: %s", target, resp.Status)
			}
		}
	})
}

// The controller of net/http sets deadlines on both engines.
func TestMount_ResponseControllerSetsDeadlines(t *testing.T) {
	errs := make(chan error, 2)
	app := web.NewApplicationWith(quiet, web.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := errors.Join(rc.SetReadDeadline(time.Now().Add(50*time.Millisecond)), rc.SetWriteDeadline(time.Now().Add(time.Hour))); err != nil {
			t.Error(err)
		}
		_, err := io.Copy(io.Discard, r.Body)
		errs <- err
		w.WriteHeader(http.StatusTeapot)
	})))
	forEachEngine(t, app, func(t *testing.T, url string) {
		resp := rest(t, url, "/")
		if err := <-errs; resp.StatusCode != http.StatusTeapot || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s, %v", resp.Status, err)
		}
	})
}
