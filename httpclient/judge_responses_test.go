package httpclient_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

func zipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.Bytes()
}

func TestTransport_AsNetHTTP_Responses(t *testing.T) {
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
	}
	zip := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Asked", r.Header.Get("Accept-Encoding"))
		w.Write(zipped(strings.Repeat("text", 1000)))
	}
	for _, j := range []judged{
		{name: "length", serve: text("hello")},
		{name: "empty", serve: text("")},
		{name: "long", serve: text(strings.Repeat("x", 1<<20))},
		{name: "chunked", serve: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "one")
			w.(http.Flusher).Flush()
			io.WriteString(w, "two")
		}},
		{name: "204", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }},
		{name: "304", serve: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Etag", `"x"`); w.WriteHeader(304) }},
		{name: "404", serve: http.NotFound},
		{name: "500", serve: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) }},
		{name: "status 299 without reason", raw: says("HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n")},
		{name: "status 299 with an empty reason", raw: says("HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"), run: func(p *tape) {
			resp, err := p.client.Do(p.request("GET", "/", nil))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			resp.Body.Close()
			p.note("%q", resp.Status)
		}, differs: "a space that nothing follows is no part of a status", eddy: `"299"`},
		{name: "reason of its own", raw: says("HTTP/1.1 200 As  you wish\r\nContent-Length: 0\r\n\r\n")},
		{name: "status 999", raw: says("HTTP/1.1 999 Beyond\r\nContent-Length: 0\r\n\r\n")},
		{name: "HEAD", serve: text("hello"), run: func(p *tape) { p.do(p.request("HEAD", "/", nil)) }},
		{name: "HEAD of something in chunks", raw: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), run: func(p *tape) { p.do(p.request("HEAD", "/", nil)) }},
		{name: "HEAD of something without length", raw: says("HTTP/1.1 200 OK\r\n\r\n"), run: func(p *tape) { p.do(p.request("HEAD", "/", nil)) }},
		{name: "HEAD keeps the connection", serve: text("hello"), run: func(p *tape) {
			for range 3 {
				p.do(p.request("HEAD", "/", nil))
			}
			p.note("%d", p.conns())
		}},
		{name: "304 with a length", raw: keeps("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"), run: func(p *tape) {
			p.get("/")
			p.get("/")
			p.note("%d", p.conns())
		}},
		{name: "until the connection closes", raw: says("HTTP/1.1 200 OK\r\n\r\nall of it")},
		{name: "HTTP/1.0", raw: says("HTTP/1.0 200 OK\r\n\r\nold")},
		{name: "HTTP/1.0 with length", raw: says("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold")},
		{name: "HTTP/1.0 that stays", raw: keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold"), run: func(p *tape) {
			p.get("/")
			p.get("/")
			p.note("%d", p.conns())
		}},
		{name: "Connection: close", serve: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }, run: func(p *tape) {
			p.get("/")
			p.get("/")
			p.note("%d", p.conns())
		}},
		{name: "the connection is used again", serve: text("x"), run: func(p *tape) {
			for range 5 {
				p.get("/")
			}
			p.note("%d", p.conns())
		}},
		{name: "a body that is not read costs the connection", serve: text(strings.Repeat("x", 8<<20)), run: func(p *tape) {
			for range 2 {
				resp, err := p.client.Do(p.request("GET", "/", nil))
				if err != nil {
					p.note("%s", kindOf(err))
					return
				}
				resp.Body.Close()
				_, err = resp.Body.Read(make([]byte, 1))
				p.note("read after close fails: %v", err != nil)
				p.note("second close: %v", resp.Body.Close())
			}
			p.note("%d", p.conns())
		}},
		{name: "fields", raw: says("HTTP/1.1 200 OK\r\nx-one: 1\r\nX-ONE: 2\r\nsome_thing: a\r\nempty:\r\nContent-Length: 0\r\n\r\n")},
		{name: "folded field", raw: says("HTTP/1.1 200 OK\r\nX-One: 1\r\n  2\r\nContent-Length: 0\r\n\r\n")},
		{name: "trailer announced", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum, X-Other")
			io.WriteString(w, "body")
			w.Header().Set("X-Sum", "42")
		}},
		{name: "trailer of which nobody knew", raw: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n")},
		{name: "trailer announced in lower case", raw: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n1\r\na\r\n0\r\nx-sum: 1\r\n\r\n")},
		{name: "103 before", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(103)
			w.WriteHeader(200)
		}},
		{name: "100 unasked", raw: says("HTTP/1.1 100 Continue\r\n\r\n" + ok)},
		{name: "gzip", serve: zip},
		{name: "gzip, empty", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zipped(""))
		}},
		{name: "gzip in capitals", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "GZIP")
			w.Write(zipped("x"))
		}},
		{name: "gzip that the caller asked for", serve: zip, run: func(p *tape) { p.get("/", "Accept-Encoding", "gzip") }},
		{name: "gzip of a part", serve: zip, run: func(p *tape) { p.get("/", "Range", "bytes=0-9") }},
		{name: "gzip for HEAD", serve: zip, run: func(p *tape) { p.do(p.request("HEAD", "/", nil)) }},
		{name: "gzip that is none", raw: says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot that one")},
		{name: "gzip cut short", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			b := zipped(strings.Repeat("text", 1000))
			w.Write(b[:len(b)/2])
		}},
		{name: "gzip keeps the connection", serve: zip, run: func(p *tape) {
			p.get("/")
			p.get("/")
			p.note("%d", p.conns())
		}},
		{name: "other codings are the caller's", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, "x")
		}},
		{name: "cookies", client: withJar, serve: func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("a"); err == nil {
				fmt.Fprint(w, c.Value)
			}
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		}, run: func(p *tape) { p.get("/"); p.get("/") }},
		{name: "a redirect", serve: redirecting, run: func(p *tape) { p.get("/r/3") }},
		{name: "too many redirects", serve: redirecting, run: func(p *tape) { p.get("/r/20") }},
		{name: "redirect of a POST by 302", serve: redirecting, run: func(p *tape) { p.do(p.request("POST", "/302", strings.NewReader("body"))) }},
		{name: "redirect of a POST by 307", serve: redirecting, run: func(p *tape) { p.do(p.request("POST", "/307", strings.NewReader("body"))) }},
		{name: "redirect of a long POST by 308", serve: redirecting, run: func(p *tape) {
			p.do(p.request("POST", "/308", strings.NewReader(strings.Repeat("x", 1<<20))))
		}},
		{name: "redirect with a cookie", client: withJar, serve: redirecting, run: func(p *tape) { p.get("/cookie") }},
		{name: "redirects use one connection", serve: redirecting, run: func(p *tape) { p.get("/r/5"); p.note("%d", p.conns()) }},
		{name: "redirect that nobody follows", serve: redirecting, client: func(c *http.Client) {
			c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		}, run: func(p *tape) { p.get("/r/3") }},
		{name: "dump", serve: text("hello"), run: func(p *tape) {
			resp, err := p.client.Do(p.request("GET", "/", nil))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			resp.Header.Del("Date")
			b, err := httputil.DumpResponse(resp, true)
			p.note("%s %v", b, err)
			p.body(resp)
		}},
		{name: "early response", raw: func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
			io.Copy(io.Discard, r)
		}, run: func(p *tape) {
			r, w := io.Pipe()
			p.do(p.request("POST", "/", r))
			w.Close()
		}},
		{name: "full duplex", serve: func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).EnableFullDuplex()
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			b := make([]byte, 4)
			for {
				n, err := r.Body.Read(b)
				w.Write(bytes.ToUpper(b[:n]))
				w.(http.Flusher).Flush()
				if err != nil {
					return
				}
			}
		}, run: func(p *tape) {
			r, w := io.Pipe()
			resp, err := p.client.Do(p.request("POST", "/", r))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			b := make([]byte, 4)
			for range 3 {
				io.WriteString(w, "ping")
				_, err := io.ReadFull(resp.Body, b)
				p.note("%s %v", b, err)
			}
			w.Close()
			p.body(resp)
		}},
	} {
		judge(t, j)
	}
}

func withJar(c *http.Client) { c.Jar, _ = cookiejar.New(nil) }

// redirecting redirects as its path says.
func redirecting(w http.ResponseWriter, r *http.Request) {
	var n int
	switch {
	case r.URL.Path == "/cookie":
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
		http.Redirect(w, r, "/end", http.StatusFound)
	case scan(r.URL, "/r/%d", &n) && n > 0:
		http.Redirect(w, r, fmt.Sprintf("/r/%d", n-1), http.StatusFound)
	case scan(r.URL, "/30%d", &n):
		http.Redirect(w, r, "/end", 300+n)
	default:
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d %v cookie %q", r.Method, r.URL.Path, len(b), err, r.Header.Get("Cookie"))
	}
}

func scan(u *url.URL, format string, n *int) bool {
	_, err := fmt.Sscanf(u.Path, format, n)
	return err == nil
}
