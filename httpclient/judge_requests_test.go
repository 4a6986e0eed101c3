package httpclient_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// showsHead is a raw server that answers with the lines of the request's head, sorted, and the body as it came, of
// so many bytes.
func showsHead(body int) func(int, net.Conn, *bufio.Reader) {
	return func(_ int, c net.Conn, r *bufio.Reader) {
		for {
			head := readHead(r)
			if head == "" {
				return
			}
			b := make([]byte, body)
			if _, err := io.ReadFull(r, b); err != nil {
				return
			}
			lines := strings.Split(strings.TrimSpace(head), "\r\n")
			slices.Sort(lines[1:])
			text := strings.ReplaceAll(strings.Join(lines, "|")+"|"+string(b), c.LocalAddr().String(), "HOST")
			if lines[0][:4] == "HEAD" {
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Head: %s\r\n\r\n", text)
				continue
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		}
	}
}

// showsBody answers with what net/http makes of a request.
func showsBody(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %q length %d coding %v: %d bytes, %v, trailer %v, type %q", r.Method, r.RequestURI, r.Host, r.ContentLength,
		r.TransferEncoding, len(b), err, r.Trailer, r.Header.Get("Content-Type"))
}

// sent is a case that shows what is sent.
func sent(name string, body int, make func(p *tape) *http.Request) judged {
	return judged{name: name, raw: showsHead(body), run: func(p *tape) { p.whole(make(p)) }}
}

// whole notes the body as it is.
func (p *tape) whole(req *http.Request) {
	resp, err := p.client.Do(req)
	if err != nil {
		p.note("error: %s", kindOf(err))
		return
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	p.note("%s", strings.ReplaceAll(resp.Header.Get("X-Head"), strings.TrimPrefix(p.url, "http://"), "HOST"))
	p.note("%s %v", strings.ReplaceAll(string(b), strings.TrimPrefix(p.url, "http://"), "HOST"), err)
}

func TestTransport_AsNetHTTP_Requests(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	get := func(change func(*http.Request)) func(*tape) *http.Request {
		return func(p *tape) *http.Request {
			req := p.request("GET", "/a%2Fb?q=%20&r", nil)
			change(req)
			return req
		}
	}
	post := func(body func() io.Reader, change func(*http.Request)) func(*tape) *http.Request {
		return func(p *tape) *http.Request {
			req := p.request("POST", "/", body())
			change(req)
			return req
		}
	}
	same := func(*http.Request) {}
	small := func() io.Reader { return strings.NewReader("small") }
	unknown := func() io.Reader { return io.MultiReader(strings.NewReader("small")) }
	// refused is a case of a request that is not sent; its body is closed all the same.
	refused := func(name string, change func(*http.Request)) judged {
		return judged{name: name, serve: showsBody, run: func(p *tape) {
			body := watch(strings.NewReader("body"))
			req := p.request("POST", "/", body)
			change(req)
			resp, err := p.client.Transport.RoundTrip(req)
			p.note("%v %v", resp == nil, err != nil)
			p.closedSoon(body)
			p.note("%d connections", p.conns())
		}}
	}
	for _, j := range []judged{
		sent("GET", 0, get(same)),
		sent("HEAD", 0, func(p *tape) *http.Request { return p.request("HEAD", "/", nil) }),
		sent("no method", 0, get(func(r *http.Request) { r.Method = "" })),
		sent("a method of its own", 0, get(func(r *http.Request) { r.Method = "BREW" })),
		sent("fields", 0, get(func(r *http.Request) {
			r.Header = http.Header{"X-B": {"1", "2"}, "X-A": {" space "}, "lower": {"x"}, "X-None": {}, "X-Empty": {""}}
		})),
		sent("Host", 0, get(func(r *http.Request) { r.Host = "example.org" })),
		sent("Host in the header means nothing", 0, get(func(r *http.Request) { r.Header.Set("Host", "example.org") })),
		sent("a host that is not ASCII", 0, get(func(r *http.Request) { r.Host = "bücher.example" })),
		sent("User-Agent", 0, get(func(r *http.Request) { r.Header.Set("User-Agent", "me") })),
		sent("no User-Agent", 0, get(func(r *http.Request) { r.Header.Set("User-Agent", "") })),
		sent("credentials in the URL", 0, get(func(r *http.Request) { r.URL.User = url.UserPassword("a", "b:c") })),
		sent("credentials in both", 0, get(func(r *http.Request) { r.URL.User = url.User("a"); r.SetBasicAuth("c", "d") })),
		sent("Accept-Encoding", 0, get(func(r *http.Request) { r.Header.Set("Accept-Encoding", "br") })),
		sent("Range", 0, get(func(r *http.Request) { r.Header.Set("Range", "bytes=0-") })),
		sent("Close", 0, get(func(r *http.Request) { r.Close = true })),
		sent("Close and Connection", 0, get(func(r *http.Request) { r.Close = true; r.Header.Set("Connection", "close") })),
		sent("opaque", 0, get(func(r *http.Request) { r.URL.Opaque = "//" + r.URL.Host + "/as%20it/is" })),
		sent("fragment", 0, get(func(r *http.Request) { r.URL.Fragment = "not sent" })),
		sent("no path", 0, get(func(r *http.Request) { r.URL.Path, r.URL.RawPath = "", "" })),
		sent("a query of a question mark", 0, get(func(r *http.Request) { r.URL.RawQuery, r.URL.ForceQuery = "", true })),
		sent("framing in the header means nothing", 5, post(small, func(r *http.Request) {
			r.Header = http.Header{"Transfer-Encoding": {"chunked"}, "Content-Length": {"7"}, "Trailer": {"X"}}
		})),
		sent("small body", 5, post(small, same)),
		sent("NoBody", 0, post(func() io.Reader { return http.NoBody }, same)),
		sent("no body", 0, post(func() io.Reader { return nil }, same)),
		sent("empty reader in memory", 0, post(func() io.Reader { return strings.NewReader("") }, same)),
		sent("body of unknown length", len("5\r\nsmall\r\n0\r\n\r\n"), post(unknown, same)),
		sent("chunked though the length is known", len("5\r\nsmall\r\n0\r\n\r\n"), post(small, func(r *http.Request) { r.TransferEncoding = []string{"chunked"} })),
		sent("length -1", len("5\r\nsmall\r\n0\r\n\r\n"), post(small, func(r *http.Request) { r.ContentLength = -1 })),
		sent("length told of an unknown reader", 5, post(unknown, func(r *http.Request) { r.ContentLength = 5 })),
		sent("trailer", len("5\r\nsmall\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"), post(unknown, func(r *http.Request) { r.Trailer = http.Header{"X-B": {"2"}, "X-A": {"1"}} })),
		sent("no trailer behind a known length", 5, post(small, func(r *http.Request) { r.Trailer = http.Header{"X-A": {"1"}} })),
		sent("GET with a body", 5, func(p *tape) *http.Request { return p.request("GET", "/", small()) }),
		sent("GET with an empty body of unknown length", 0, func(p *tape) *http.Request {
			return p.request("GET", "/", iotest.OneByteReader(strings.NewReader("")))
		}),
		sent("DELETE with an empty body of unknown length", 0, func(p *tape) *http.Request { return p.request("DELETE", "/", io.MultiReader()) }),
		{name: "GET with a body that takes its time", serve: showsBody, run: func(p *tape) {
			r, w := io.Pipe()
			time.AfterFunc(300*time.Millisecond, func() { // beyond the time in which a body must show itself
				io.WriteString(w, "late")
				w.Close()
			})
			p.whole(p.request("GET", "/", r))
		}},
		{name: "GET with a body that fails", serve: showsBody, run: func(p *tape) {
			body := watch(iotest.ErrReader(errTest))
			_, err := p.client.Do(p.request("GET", "/", body))
			p.note("%v", err != nil)
			p.closedSoon(body)
		}},
		{name: "GET with a body in chunks", serve: showsBody, run: func(p *tape) {
			p.whole(p.request("GET", "/", io.MultiReader(strings.NewReader("some"))))
		}},
		{name: "PUT of much", serve: showsBody, run: func(p *tape) { p.whole(p.request("PUT", "/", strings.NewReader(long))) }},
		{name: "POST of much, unknown length", serve: showsBody, run: func(p *tape) {
			p.whole(p.request("POST", "/", io.MultiReader(strings.NewReader(long))))
		}},
		{name: "DELETE with a body in chunks", serve: showsBody, run: func(p *tape) {
			p.whole(p.request("DELETE", "/", io.MultiReader(strings.NewReader("some"))))
		}},
		{name: "trailer set at the end", serve: showsBody, run: func(p *tape) {
			req := p.request("POST", "/", nil)
			req.Trailer = http.Header{"X-Sum": nil}
			req.Body = watch(io.MultiReader(strings.NewReader("body"), readerFunc(func([]byte) (int, error) {
				req.Trailer.Set("X-Sum", "4")
				return 0, io.EOF
			})))
			p.whole(req)
		}},
		{name: "a form", serve: showsBody, run: func(p *tape) {
			resp, err := p.client.PostForm(p.url, url.Values{"a": {"1"}})
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			resp.Body.Close()
			p.note("%d", resp.StatusCode)
		}},
		{name: "bytes.Buffer", serve: showsBody, run: func(p *tape) { p.whole(p.request("POST", "/", bytes.NewBufferString("body"))) }},
		{name: "the body is closed", serve: showsBody, run: func(p *tape) {
			body := watch(strings.NewReader("body"))
			p.whole(p.request("POST", "/", body))
			p.closedSoon(body)
		}},
		{name: "NoBody's length told", byHTTP2: "true", serve: showsBody, run: func(p *tape) {
			req := p.request("POST", "/", nil)
			req.ContentLength = 5
			_, err := p.client.Transport.RoundTrip(req)
			p.note("%v", err != nil)
		}},
		{name: "a body that fails", serve: showsBody, run: func(p *tape) {
			body := watch(io.MultiReader(strings.NewReader("part"), iotest.ErrReader(errTest)))
			_, err := p.client.Do(p.request("POST", "/", body))
			p.note("%s", kindOf(err))
			p.closedSoon(body)
		}},
		{name: "a body that is shorter than told", byHTTP2: "true", serve: showsBody, run: func(p *tape) {
			req := p.request("POST", "/", small())
			req.ContentLength = 9
			_, err := p.client.Do(req)
			p.note("%v", err != nil)
		}},
		{name: "a body that is longer than told", serve: showsBody, run: func(p *tape) {
			body := watch(strings.NewReader("longer"))
			req := p.request("POST", "/", body)
			req.ContentLength = 3
			if resp, err := p.client.Do(req); err == nil { // the server may be the faster one
				resp.Body.Close()
			}
			p.closedSoon(body)
			p.whole(p.request("POST", "/", small()))
		}},
		refused("invalid method", func(r *http.Request) { r.Method = "A B" }),
		refused("invalid field name", func(r *http.Request) { r.Header["A B"] = []string{"x"} }),
		refused("invalid field value", func(r *http.Request) { r.Header["A"] = []string{"x\ny"} }),
		refused("invalid trailer", func(r *http.Request) { r.Trailer = http.Header{"A": {"x\x00"}} }),
		refused("no URL", func(r *http.Request) { r.URL = nil }),
		refused("no header", func(r *http.Request) { r.Header = nil }),
		refused("another scheme", func(r *http.Request) { r.URL.Scheme = "ftp" }),
		refused("no host", func(r *http.Request) { r.URL.Host = "" }),
		{name: "invalid trailer key", serve: showsBody, run: func(p *tape) {
			req := p.request("POST", "/", unknown())
			req.Trailer = http.Header{"Content-Length": {"1"}}
			_, err := p.client.Do(req)
			p.note("%v", err != nil)
		}},
		{name: "what a request is stays as it was", serve: showsBody, run: func(p *tape) {
			req := p.request("POST", "/", small(), "X-A", "1")
			req.URL.User = url.User("me")
			before := fmt.Sprintf("%v %v %v %v", req.Header, req.URL, req.ContentLength, req.Trailer)
			resp, err := p.client.Transport.RoundTrip(req)
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			resp.Body.Close()
			after := fmt.Sprintf("%v %v %v %v", req.Header, req.URL, req.ContentLength, req.Trailer)
			p.note("%v %v", before == after, resp.Request == req)
		}},
	} {
		judge(t, j)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A connection that was closed while it was idle costs another one, also for requests that cannot be repeated, if
// nothing of them was sent.
func TestTransport_AsNetHTTP_Retries(t *testing.T) {
	// onceThenGone answers one request of the first connection and closes it when the next one has come: by then the
	// client cannot know.
	onceThenGone := func(n int, c net.Conn, r *bufio.Reader) {
		for i := 0; readHead(r) != ""; i++ {
			if n == 0 && i == 1 {
				return
			}
			io.WriteString(c, ok)
		}
	}
	twice := func(second func(p *tape) *http.Request) func(*tape) {
		return func(p *tape) {
			p.get("/")
			resp, err := p.client.Do(second(p))
			if err != nil {
				p.note("%s", kindOf(err))
			} else {
				p.body(resp)
			}
			p.note("%d", p.conns())
		}
	}
	for _, j := range []judged{
		{name: "GET", raw: onceThenGone, run: twice(func(p *tape) *http.Request { return p.request("GET", "/", nil) })},
		{name: "HEAD", raw: onceThenGone, run: twice(func(p *tape) *http.Request { return p.request("OPTIONS", "/", nil) })},
		{name: "POST", raw: onceThenGone, run: twice(func(p *tape) *http.Request { return p.request("POST", "/", nil) })},
		{name: "POST with a key", raw: onceThenGone, run: twice(func(p *tape) *http.Request {
			return p.request("POST", "/", nil, "Idempotency-Key", "1")
		})},
		{name: "PUT", raw: onceThenGone, run: twice(func(p *tape) *http.Request { return p.request("PUT", "/", nil) }),
			differs: "PUT and DELETE are idempotent, too (RFC 9110 §9.2.2)",
			eddy: strings.Join([]string{`HTTP/1.1 "200 OK" 200 1.1 length 2, coding [], uncompressed false, close false, TLS false, of GET /`,
				`[Content-Length=["2"]]`, "trailer 0", `body "ok", error none`, `body "ok", error none`, "2"}, "\n")},
		{name: "first on its connection", raw: func(n int, c net.Conn, r *bufio.Reader) { readHead(r) }, run: func(p *tape) {
			_, err := p.client.Do(p.request("GET", "/", nil))
			p.note("%s, %d", kindOf(err), p.conns())
		}},
		{name: "nobody listens", serve: showsBody, run: func(p *tape) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				p.t.Error(err)
				return
			}
			l.Close()
			body := watch(strings.NewReader("x"))
			req := p.request("POST", "", body)
			req.URL.Host = l.Addr().String()
			_, err = p.client.Do(req)
			p.note("%s", kindOf(err))
			var failed *url.Error
			p.note("%v", errors.As(err, &failed) && failed.Op == "Post")
			p.closedSoon(body)
		}},
	} {
		judge(t, j)
	}
}
