package nethttp_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"reflect"
	"slices"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/nethttp"
)

// opaque hides the writer's type, so that Handler cannot take its short cut and both
// translations are run.
type opaque struct{ httputil.ResponseWriter }

// roundTrip runs h through both directions: net/http, Serve, Handler, h.
func roundTrip(h http.Handler) http.Handler {
	inner := nethttp.Handler(h)
	outer := httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		inner.ServeRequest(ctx, opaque{w}, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { nethttp.Serve(w, r, outer) })
}

// shortCut runs h the same way, but lets Handler see net/http's own writer.
func shortCut(h http.Handler) http.Handler {
	inner := nethttp.Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { nethttp.Serve(w, r, inner) })
}

func quietServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

// answer is everything of a response that a client can see, in a form to compare.
type answer struct {
	Failed   bool // no response at all
	Status   int
	Header   http.Header
	Length   int64
	Coding   []string
	Body     string
	BodyFail bool
	Interim  []string
}

func ask(t *testing.T, base string, tc alikeCase) answer {
	t.Helper()
	var a answer
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			a.Interim = append(a.Interim, fmt.Sprint(code, " ", h.Get("Link")))
			return nil
		},
	})
	var body io.Reader
	if tc.body != "" {
		body = strings.NewReader(tc.body)
		if tc.chunked {
			body = io.MultiReader(body)
		}
	}
	method := tc.method
	if method == "" {
		method = "GET"
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/p%20q/%2F?x=1&y", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-In", "in")
	if tc.chunked {
		req.Trailer = http.Header{"X-Sum": {"42"}}
	}
	tr := &http.Transport{DisableCompression: true}
	defer tr.CloseIdleConnections()
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return answer{Failed: true}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	a.Status, a.Header, a.Length = resp.StatusCode, resp.Header, resp.ContentLength
	a.Coding, a.Body, a.BodyFail = resp.TransferEncoding, string(b), err != nil
	a.Header.Del("Date")
	return a
}

type alikeCase struct {
	name    string
	method  string
	body    string
	chunked bool
	handler http.HandlerFunc
}

var large = strings.Repeat("0123456789abcdef", 1<<12)

var alikeCases = []alikeCase{
	{name: "nothing", handler: func(w http.ResponseWriter, r *http.Request) {}},
	{name: "implicit 200, sniffed text", handler: write("hello")},
	{name: "sniffed html", handler: write("<html><body>x</body></html>")},
	{name: "sniffed binary", handler: write("\x89PNG\r\n\x1a\n0000")},
	{name: "type given", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "x/y")
		io.WriteString(w, "<html>")
	}},
	{name: "type suppressed", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "<html>")
	}},
	{name: "coded bodies are not sniffed", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "x-made-up")
		io.WriteString(w, "<html>")
	}},
	{name: "2048 bytes have a length", handler: write(large[:2048])},
	{name: "2049 bytes are chunked", handler: write(large[:2049])},
	{name: "large", handler: write(large)},
	{name: "large by small writes", handler: func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(large); i += 1000 {
			io.WriteString(w, large[i:min(i+1000, len(large))])
		}
	}},
	{name: "announced length", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "hello")
	}},
	{name: "announced length of a large body", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(large)))
		io.WriteString(w, large)
	}},
	{name: "announced length is a limit", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "3")
		io.WriteString(w, "abc")
		if _, err := io.WriteString(w, "def"); err != http.ErrContentLength {
			panic(err)
		}
	}},
	{name: "body shorter than announced", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "abc")
	}},
	{name: "flush before anything", handler: func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, "late")
	}},
	{name: "flush in between", handler: func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "one ")
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		io.WriteString(w, "two")
	}},
	{name: "status", handler: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
	}},
	{name: "second WriteHeader is ignored", handler: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		w.WriteHeader(500)
	}},
	{name: "header changes after WriteHeader are ignored", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "1")
		w.WriteHeader(200)
		w.Header().Set("X-A", "2")
		w.Header().Set("X-B", "3")
	}},
	{name: "repeated fields", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-A", "1")
		w.Header().Add("X-A", "2")
	}},
	{name: "line breaks in values become spaces", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "a\r\nX-B: b")
	}},
	{name: "204", handler: noBody(204)},
	{name: "304", handler: noBody(304)},
	{name: "103 then 200", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		w.Header().Del("Link")
		io.WriteString(w, "done")
	}},
	{name: "HEAD with a body", method: "HEAD", handler: write("hello")},
	{name: "HEAD without a body", method: "HEAD", handler: func(w http.ResponseWriter, r *http.Request) {}},
	{name: "HEAD with a length", method: "HEAD", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "77")
	}},
	{name: "HEAD of a large body", method: "HEAD", handler: write(large)},
	{name: "echo", method: "POST", body: large, handler: echo},
	{name: "echo chunked with trailer", method: "PUT", body: large, chunked: true, handler: echo},
	{name: "body not read", method: "POST", body: "unread", handler: write("ok")},
	{name: "panic before the head", handler: func(w http.ResponseWriter, r *http.Request) { panic("no") }},
	{name: "abort before the head", handler: func(w http.ResponseWriter, r *http.Request) {
		panic(http.ErrAbortHandler)
	}},
	{name: "abort after a flush", handler: func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}},
	{name: "the request", handler: func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, r.Method, r.Proto, r.ProtoMajor, r.ProtoMinor, r.RequestURI, r.ContentLength, r.TransferEncoding)
		fmt.Fprintln(w, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.Host, r.Header.Get("Host"))
		fmt.Fprintln(w, strings.HasPrefix(r.RemoteAddr, "127.0.0.1:"), r.Host != "", r.TLS, r.Context().Err())
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			fmt.Fprintln(w, name, r.Header[name])
		}
	}},
	{name: "http.ServeContent", handler: func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Range", "bytes=10-19")
		http.ServeContent(w, r, "x.txt", noTime, strings.NewReader(large))
	}},
}

func write(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, s) }
}

func noBody(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/x")
		w.Header().Set("X-Kept", "yes")
		w.WriteHeader(status)
		if _, err := io.WriteString(w, "x"); err != http.ErrBodyNotAllowed {
			panic(err)
		}
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("X-Sum", r.Trailer.Get("X-Sum"))
	w.Header().Set("X-Length", fmt.Sprint(r.ContentLength, r.TransferEncoding))
	w.Write(b)
}

func TestAlike(t *testing.T) {
	for _, tc := range alikeCases {
		t.Run(tc.name, func(t *testing.T) {
			want := ask(t, quietServer(t, tc.handler).URL, tc)
			for name, wrap := range map[string]func(http.Handler) http.Handler{"round trip": roundTrip, "short cut": shortCut} {
				got := ask(t, quietServer(t, wrap(tc.handler)).URL, tc)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
				}
			}
		})
	}
}

// TestServe_FullDuplex reads and writes in turn, far beyond what net/http would have
// buffered of the request by itself.
func TestServe_FullDuplex(t *testing.T) {
	streaming := httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var header httputil.Header
		if err := w.WriteHead(200, "", &header, -1); err != nil {
			t.Error(err)
		}
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	})
	srv := quietServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nethttp.Serve(w, r, streaming)
	}))
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const size = 2 << 20
	go func() {
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", size)
		c.Write(bytes.Repeat([]byte("x"), size))
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if n != size || err != nil {
		t.Fatalf("echoed %d bytes, %v; want %d", n, err, size)
	}
}
