package eddy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"eddy"
	"eddy/async"
	"eddy/httpserver"
	"eddy/internal/testcert"
	"eddy/web"
)

// An application is the same under HTTP/2: it waits for futures, sees its client, has its own
// error pages, and hosts handlers of net/http.
func TestHTTP2_Applications(t *testing.T) {
	app := web.NewApplicationWith(web.Settings{Logger: quiet},
		web.Func("/future", func(ctx context.Context, h *web.RequestHandler) error {
			f := async.Go(ctx, func(ctx context.Context) (string, error) {
				return h.Request.Version, async.Sleep(ctx, time.Millisecond)
			})
			text, err := f.Wait(ctx)
			if err != nil {
				return err
			}
			return h.Text(text + " " + h.Request.Protocol + " " + h.Request.RemoteIP())
		}),
		web.Func("/panic", func(context.Context, *web.RequestHandler) error { panic("oh") }),
		web.Mount("/mounted", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			fmt.Fprint(w, r.TLS.NegotiatedProtocol)
		})))
	_, url, _ := serveTLS(t, app, eddy.Options{})
	transport := &http.Transport{TLSClientConfig: testcert.Shared().Client(), ForceAttemptHTTP2: true}
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	for path, want := range map[string]string{
		"/future": "200 HTTP/2.0 https 127.0.0.1", "/mounted": "200 h2", "/panic": "500 ", "/none": "404 ",
	} {
		resp, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := fmt.Sprint(resp.StatusCode, " ", string(body)); !strings.HasPrefix(got, want) || resp.ProtoMajor != 2 {
			t.Errorf("%s: %q by %s, want %q", path, got, resp.Proto, want)
		}
	}
}

func TestHTTP2_Curl(t *testing.T) {
	features, err := exec.Command("curl", "--version").Output()
	if err != nil || !strings.Contains(string(features), "HTTP2") {
		t.Skip("there is no curl that speaks HTTP/2")
	}
	s, url, _ := serveTLS(t, app(echoes), eddy.Options{HTTP: httpserver.Options{H2C: true}})
	addr, err := s.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--http2", "--insecure", url + "/"},
		{"--http2-prior-knowledge", "http://" + addr.String() + "/"},
	} {
		args = append([]string{"--silent", "--max-time", "20", "--write-out", " %{http_version} %{http_code}", "--data", "body"}, args...)
		got, err := exec.CommandContext(t.Context(), "curl", args...).Output()
		if err != nil || !strings.HasSuffix(string(got), "body 2 200") {
			t.Errorf("%v: %q, %v", args, got, err)
		}
	}
}
