package httpserver_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
)

// asked is a request of both protocols.
type asked struct {
	method string
	body   io.Reader // of unknown length unless it is a *strings.Reader
	fields []string  // names and values
	secure bool
}

// alike sends the same request by HTTP/1.1 and by HTTP/2, and holds that both answers, of status and body, begin
// with want.
func (s *h2Server) alike(t *testing.T, name string, make func() asked, want string) {
	t.Helper()
	var both sync.WaitGroup
	for _, version := range []int{1, 2} {
		both.Go(func() { s.askBy(t, version, name, make(), want) })
	}
	both.Wait()
}

func (s *h2Server) askBy(t *testing.T, version int, name string, a asked, want string) {
	c, url := s.client(a.secure)
	defer c.CloseIdleConnections()
	if version == 1 {
		protocols := c.Transport.(*http.Transport).Protocols
		protocols.SetHTTP1(true)
		protocols.SetHTTP2(false)
		protocols.SetUnencryptedHTTP2(false)
	}
	req, _ := http.NewRequest(a.method, url+"/a%20b?q", a.body)
	req.Host = "h"
	for i := 0; i < len(a.fields); i += 2 {
		req.Header.Add(a.fields[i], a.fields[i+1])
	}
	if late, ok := a.body.(io.Closer); ok {
		defer late.Close() // or the client waits for it
	}
	got := "no answer"
	if resp, err := c.Do(req); err == nil {
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		got = fmt.Sprintf("%d %s", resp.StatusCode, b)
		if resp.ProtoMajor != version {
			got = resp.Proto
		}
	}
	if !strings.HasPrefix(got, want) {
		t.Errorf("%s, HTTP/%d: %q, want %q", name, version, got, want)
	}
}

func getting(fields ...string) func() asked {
	return func() asked { return asked{method: "GET", fields: fields} }
}

func gettingSecure(fields ...string) func() asked {
	return func() asked { return asked{method: "GET", fields: fields, secure: true} }
}

func posting(body string, fields ...string) func() asked {
	return func() asked { return asked{method: "POST", body: strings.NewReader(body), fields: fields} }
}

// postingOpen posts a body whose length is not announced.
func postingOpen(body string, fields ...string) func() asked {
	return func() asked {
		return asked{method: "POST", body: io.MultiReader(strings.NewReader(body)), fields: fields}
	}
}

// postingLate posts a body of which nothing comes until late.
func postingLate(late time.Duration) func() asked {
	return func() asked {
		r, w := io.Pipe()
		time.AfterFunc(late, func() { io.WriteString(w, "late"); w.Close() })
		return asked{method: "POST", body: r}
	}
}

func gzippedText(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

var told = []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "outer:8443"}

func TestHTTP2_IsAlikeBehindProxies(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"", "http", "https"} {
		direct := "http"
		if protocol != "" {
			direct = protocol
		}
		o := httpserver.Options{Proxies: believed(t, "127.0.0.1/32"), Protocol: protocol}
		s := serveHTTP2(t, client, o)
		s.alike(t, "told", getting(told...), "200 192.0.2.1 https outer:8443, proxied true")
		s.alike(t, "told nothing", getting(), "200 127.0.0.1 "+direct+" h, proxied true")
		s.alike(t, "a broken address", getting("X-Forwarded-For", "hidden", "X-Forwarded-Host", "/evil"), "200 0.0.0.0 "+direct+" h, proxied true")
		s = serveHTTP2(t, hosted, o)
		s.alike(t, "hosted, told", getting(told...), "200 192.0.2.1:0 outer:8443 https://outer:8443/a%20b?q false")
		s.alike(t, "hosted, told the client alone", getting(told[:2]...), "200 192.0.2.1:0 h "+direct+"://h/a%20b?q false")
		o.Proxies = believed(t, "192.0.2.0/24")
		s = serveHTTP2(t, client, o)
		s.alike(t, "told by another", getting(told...), "200 127.0.0.1 "+direct+" h, proxied false")
	}
}

func TestHTTP2_IsAlikeInItsProtocol(t *testing.T) {
	t.Parallel()
	s := serveHTTP2(t, client, httpserver.Options{})
	s.alike(t, "with TLS", gettingSecure(), "200 127.0.0.1 https h, proxied false")
	s.alike(t, "in clear", getting(), "200 127.0.0.1 http h, proxied false")
	s = serveHTTP2(t, client, httpserver.Options{Protocol: "http"})
	s.alike(t, "set, with TLS", gettingSecure(), "200 127.0.0.1 http h, proxied false")
	addresses := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, fmt.Sprint(r.Conn.RemoteAddr().Addr(), " ", r.Conn.LocalAddr()))
	})
	s = serveHTTP2(t, addresses, httpserver.Options{})
	s.alike(t, "addresses", getting(), "200 127.0.0.1 "+s.clear)
	s.alike(t, "addresses with TLS", gettingSecure(), "200 127.0.0.1 "+s.secure)
}

// consumed answers with what is known of the body's coding, and the body.
func consumed(header http.Header, length int64, body io.Reader, secure bool) string {
	b, err := io.ReadAll(body)
	return fmt.Sprintf("%q %q %d %q %v, TLS %v", header["Content-Encoding"], header["X-Consumed-Content-Encoding"], length, b,
		errors.Is(err, httputil.ErrBodyTooLarge), secure)
}

func TestHTTP2_IsAlikeInDecompressing(t *testing.T) {
	t.Parallel()
	native := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		header := http.Header{}
		for name, value := range r.Header.All() {
			header.Add(name, value)
		}
		respond(w, 200, consumed(header, r.ContentLength, r.Body, r.Protocol == "https"))
	})
	standard := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, consumed(r.Header, r.ContentLength, r.Body, r.TLS != nil))
	})
	o := httpserver.Options{DecompressRequests: true, Limits: http1.Limits{Body: 1000}}
	for _, h := range []any{native, standard} {
		s := serveHTTP2(t, h, o)
		coded := []string{"Content-Encoding", "gzip"}
		s.alike(t, "gzip", posting(gzippedText("text"), coded...), `200 [] ["gzip"] -1 "text" false, TLS false`)
		s.alike(t, "gzip without a length", postingOpen(gzippedText("text"), coded...), `200 [] ["gzip"] -1 "text" false, TLS false`)
		s.alike(t, "gzip with TLS", func() asked { a := posting(gzippedText("text"), coded...)(); a.secure = true; return a }, `200 [] ["gzip"] -1 "text" false, TLS true`)
		s.alike(t, "another", posting("text", "Content-Encoding", "br"), `200 ["br"] [] 4 "text" false, TLS false`)
		s.alike(t, "too large", posting(gzippedText(strings.Repeat("x", 1001)), coded...), `200 [] ["gzip"] -1 "`+strings.Repeat("x", 1000)+`" true, TLS false`)
	}
}

func TestHTTP2_IsAlikeInRequestTimeouts(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]any{
		"returns": handlerFunc(func(ctx context.Context, _ httputil.ResponseWriter, _ *httputil.Request) { <-ctx.Done() }),
		"looks": handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
			<-ctx.Done()
			if err := ctx.Err(); errors.Is(err, context.DeadlineExceeded) && context.Cause(ctx) == httputil.ErrRequestTimeout {
				respond(w, 503, "timeout")
			} else {
				respond(w, 200, fmt.Sprint(err, context.Cause(ctx)))
			}
		}),
		"is hosted": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			if errors.Is(r.Context().Err(), context.DeadlineExceeded) {
				w.WriteHeader(503)
			}
		}),
	} {
		s := serveHTTP2(t, h, httpserver.Options{RequestTimeout: 20 * time.Millisecond})
		s.alike(t, name, getting(), "503")
	}
}

// reads reads the body after f has seen the request, and answers by how that went.
func reads(f func(r *httputil.Request) error) httputil.Handler {
	return handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if err := f(r); err != nil {
			respond(w, 200, err.Error())
			return
		}
		b, err := io.ReadAll(r.Body)
		if err == nil {
			respond(w, 200, string(b)) // else the engine answers
		}
	})
}

func TestHTTP2_IsAlikeInBounds(t *testing.T) {
	t.Parallel()
	o, hasty := httpserver.Options{Limits: http1.Limits{Body: 10}}, httpserver.Options{BodyTimeout: 50 * time.Millisecond}
	ten, eleven := strings.Repeat("x", 10), strings.Repeat("x", 11)
	for _, sends := range []func(string, ...string) func() asked{posting, postingOpen} {
		s := serveHTTP2(t, reads(func(r *httputil.Request) error { return nil }), o)
		s.alike(t, "the server's limit", sends(ten), "200 "+ten)
		s.alike(t, "beyond the server's limit", sends(eleven), "413")
		s = serveHTTP2(t, reads(func(r *httputil.Request) error { return r.SetMaxBody(11) }), o)
		s.alike(t, "a higher one", sends(eleven), "200 "+eleven)
		s = serveHTTP2(t, reads(func(r *httputil.Request) error { return r.SetMaxBody(9) }), o)
		s.alike(t, "beyond a lower one", sends(ten), "413")
		s = serveHTTP2(t, reads(func(r *httputil.Request) error { return r.SetMaxBody(-1) }), o)
		s.alike(t, "none", sends(eleven), "200 "+eleven)
		s = serveHTTP2(t, reads(func(r *httputil.Request) error { return r.SetMaxBody(0) }), o)
		s.alike(t, "zero", sends("x"), "413")
	}
	s := serveHTTP2(t, reads(func(r *httputil.Request) error { return nil }), hasty)
	s.alike(t, "the server's time", postingLate(10*time.Second), "408")
	s = serveHTTP2(t, reads(func(r *httputil.Request) error { return r.SetBodyTimeout(20 * time.Millisecond) }), httpserver.Options{})
	s.alike(t, "a time", postingLate(10*time.Second), "408")
	for _, d := range []time.Duration{time.Minute, -1} {
		s = serveHTTP2(t, reads(func(r *httputil.Request) error { return r.SetBodyTimeout(d) }), hasty)
		s.alike(t, "a longer time", postingLate(250*time.Millisecond), "200 late")
	}
	s = serveHTTP2(t, reads(func(r *httputil.Request) error { r.SetBodyTimeout(time.Minute); return r.SetBodyTimeout(0) }), hasty)
	s.alike(t, "the server's time again", postingLate(10*time.Second), "408")
	s = serveHTTP2(t, reads(func(r *httputil.Request) error { return errors.Join(r.SetMaxBody(1), r.SetBodyTimeout(1)) }), o)
	s.alike(t, "no body", getting(), "200 ")
}

// controlled reads the body after it has set a deadline.
func controlled(deadline func(r *http.ResponseController) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := deadline(http.NewResponseController(w)); err != nil {
			fmt.Fprint(w, err)
			return
		}
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%q, late %v", b, errors.Is(err, os.ErrDeadlineExceeded) && errors.Is(err, httputil.ErrBodyTimeout))
	})
}

func TestHTTP2_IsAlikeInReadDeadlines(t *testing.T) {
	t.Parallel()
	o := httpserver.Options{BodyTimeout: 50 * time.Millisecond}
	after := func(d time.Duration) func(r *http.ResponseController) error {
		return func(r *http.ResponseController) error { return r.SetReadDeadline(time.Now().Add(d)) }
	}
	s := serveHTTP2(t, controlled(after(-time.Second)), o)
	s.alike(t, "a deadline that has passed", postingLate(10*time.Second), `200 "", late true`)
	s = serveHTTP2(t, controlled(after(20*time.Millisecond)), httpserver.Options{})
	s.alike(t, "a deadline", postingLate(10*time.Second), `200 "", late true`)
	s = serveHTTP2(t, controlled(after(time.Minute)), o)
	s.alike(t, "a deadline in the place of BodyTimeout", postingLate(250*time.Millisecond), `200 "late", late false`)
	s = serveHTTP2(t, controlled(func(r *http.ResponseController) error {
		return errors.Join(r.SetReadDeadline(time.Now().Add(time.Minute)), r.SetReadDeadline(time.Time{}))
	}), o)
	s.alike(t, "none again", postingLate(10*time.Second), `200 "", late`)
	s = serveHTTP2(t, controlled(func(r *http.ResponseController) error {
		time.AfterFunc(50*time.Millisecond, func() { r.SetReadDeadline(time.Unix(1, 0)) })
		return nil
	}), httpserver.Options{})
	s.alike(t, "one that comes while a read waits", postingLate(10*time.Second), `200 "", late true`)
}

func TestHTTP2_IsAlikeInFailures(t *testing.T) {
	t.Parallel()
	native := func(f func(w httputil.ResponseWriter)) httputil.Handler {
		return handlerFunc(func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) { f(w) })
	}
	for _, tc := range []struct {
		name string
		h    any
		want string
	}{
		{"nothing", native(func(httputil.ResponseWriter) {}), "500"},
		{"a panic", native(func(httputil.ResponseWriter) { panic("oh") }), "500"},
		{"an abort", native(func(httputil.ResponseWriter) { panic(http.ErrAbortHandler) }), "no answer"},
		{"an abort, hosted", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", "y")
			panic(http.ErrAbortHandler)
		}), "no answer"},
		{"a status that is none", native(func(w httputil.ResponseWriter) {
			var none httputil.Header
			if err := w.WriteHead(1000, "", &none, 0); err != nil {
				respond(w, 200, "refused")
			}
		}), "200 refused"},
		{"a status that is none, hosted", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(1000) }), "500"},
		{"a function's", httpserver.Func(func(context.Context, *httputil.Request, []byte) httpserver.Response {
			return httpserver.Response{Status: 1000}
		}), "500"},
	} {
		s := serveHTTP2(t, tc.h, httpserver.Options{})
		s.alike(t, tc.name, getting(), tc.want)
	}
}
