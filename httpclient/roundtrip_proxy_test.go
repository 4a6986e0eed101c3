package httpclient_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"eddy/httpclient"
)

// ReverseProxy over Transport passes on what HTTP/2 has, whichever way its own clients come: bodies of both directions
// while they are made, trailers, interim responses, and the end of a client.
func TestTransport_ReverseProxyToHTTP2(t *testing.T) {
	gone := make(chan struct{}, 1)
	back, config := newH2(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Error("upstream was asked by", r.Proto)
		}
		switch r.URL.Path {
		case "/early":
			w.Header().Set("Link", "x")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "early")
		case "/echo":
			w.Header().Set("Trailer", "Sum")
			w.(http.Flusher).Flush()
			lines := bufio.NewScanner(r.Body)
			for lines.Scan() {
				io.WriteString(w, lines.Text()+"!\n")
				w.(http.Flusher).Flush()
			}
			w.Header().Set("Sum", "yes")
		case "/ever":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 10<<10)); err != nil {
					break
				}
			}
			gone <- struct{}{}
		}
	})
	to, err := url.Parse(back.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, httpclient.Options{TLS: config, MaxClients: 2, QueueTimeout: judgeTime})
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     &httpclient.Transport{Client: c},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex() // for HTTP/1.1
		proxy.ServeHTTP(w, r)
	}))
	front.EnableHTTP2 = true
	front.Config.ErrorLog = proxy.ErrorLog
	front.StartTLS()
	t.Cleanup(front.Close)
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			tr := &http.Transport{ForceAttemptHTTP2: version == "HTTP/2.0", TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			defer tr.CloseIdleConnections()
			for range 3 { // more than there are places
				echoes(t, tr, front.URL+"/echo", version)
				early := 0
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
					early = code
					return nil
				}})
				if resp := answered(t, tr, ctx, "GET", front.URL+"/early", nil); resp.StatusCode != 200 || early != 103 {
					t.Errorf("%d behind %d", resp.StatusCode, early)
				} else {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				ctx, leave := context.WithCancel(t.Context())
				resp := answered(t, tr, ctx, "GET", front.URL+"/ever", nil)
				io.ReadFull(resp.Body, make([]byte, 1<<20))
				leave()
				resp.Body.Close()
				select {
				case <-gone:
				case <-time.After(judgeTime):
					t.Fatal("upstream does not know that the client has left")
				}
			}
		})
	}
}

// answered returns a response with its head.
func answered(t *testing.T, tr http.RoundTripper, ctx context.Context, method, url string, body io.Reader) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// echoes has a conversation: each line is answered before the next one is sent.
func echoes(t *testing.T, tr http.RoundTripper, url, version string) {
	t.Helper()
	r, w := io.Pipe()
	defer w.Close()
	resp := answered(t, tr, t.Context(), "POST", url, r)
	defer resp.Body.Close()
	if resp.Proto != version {
		t.Error("the proxy was asked by", resp.Proto)
	}
	lines := bufio.NewReader(resp.Body)
	for _, line := range []string{"one", strings.Repeat("x", 50_000), "three"} {
		go io.WriteString(w, line+"\n")
		if got, err := lines.ReadString('\n'); got != line+"!\n" || err != nil {
			t.Fatalf("%.20q, %v", got, err)
		}
	}
	w.Close()
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil || resp.Trailer.Get("Sum") != "yes" {
		t.Errorf("%q, %v, %v", rest, err, resp.Trailer)
	}
}
