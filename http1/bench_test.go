package http1_test

import (
	"math"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

const helloHead = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n\r\n"

// browserHead has what a browser sends on a follow-up request: 14 fields, 700 bytes.
var browserHead = strings.Join([]string{
	"GET /articles/2031/a-title-of-some-length?ref=front HTTP/1.1",
	"Host: www.example.com",
	"Connection: keep-alive",
	"Cache-Control: max-age=0",
	"Upgrade-Insecure-Requests: 1",
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
	"Sec-Fetch-Site: same-origin",
	"Sec-Fetch-Mode: navigate",
	"Sec-Fetch-Dest: document",
	"Referer: https://www.example.com/",
	"Accept-Encoding: gzip, deflate, br",
	"Accept-Language: en-GB,en;q=0.9,de;q=0.8",
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1",
	`If-None-Match: "5f1c-0a1b2c3d4e5f6071"`,
	"", "",
}, "\r\n")

func BenchmarkParseHello(b *testing.B)   { benchmarkParse(b, helloHead) }
func BenchmarkParseBrowser(b *testing.B) { benchmarkParse(b, browserHead) }

// benchmarkParse measures all that is done for a head but making the string of it.
func benchmarkParse(b *testing.B, head string) {
	lim := http1.Limits{}.WithDefaults()
	p := []byte(head)
	var r http1.RequestReader
	var req httputil.Request
	req.Header = httputil.HeaderOver(make([]httputil.Field, 0, 16))
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		req.Header.Reset()
		if n, err := r.FindHead(p, &lim); n != len(p) || err != nil {
			b.Fatal(n, err)
		}
		if err := r.ParseHead(head, &lim, &req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindHead(b *testing.B) {
	lim := http1.Limits{}.WithDefaults()
	p := []byte(browserHead)
	var r http1.RequestReader
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.FindHead(p, &lim); n != len(p) || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkAppendHead(b *testing.B) {
	req := httputil.Request{Method: "GET", Version: httputil.HTTP11}
	date := []byte("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
	var h httputil.Header
	h.Append("Content-Type", "text/plain; charset=utf-8")
	h.Append("Server", "eddy")
	var e http1.ResponseEncoder
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		e.Init(&req, true)
		if _, err := e.AppendHead(buf, 200, "", &h, 13, date); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChunkedBody(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"64B", 64}, {"4KiB", 4 << 10}} {
		b.Run(size.name, func(b *testing.B) { benchmarkChunks(b, size.n) })
	}
}

// benchmarkChunks reads a body of 64 chunks.
func benchmarkChunks(b *testing.B, size int) {
	lim := http1.Limits{}.WithDefaults()
	head := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	var e http1.RequestEncoder
	wire, _ := e.AppendHead(nil, "POST", "/", "a", nil, -1)
	start := len(wire)
	for range 64 {
		wire, _ = e.AppendBody(wire, make([]byte, size))
	}
	wire, _ = e.AppendEnd(wire, nil)
	wire = wire[start:]
	var r http1.RequestReader
	var req httputil.Request
	req.Header = httputil.HeaderOver(make([]httputil.Field, 0, 4))
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		req.Header.Reset()
		if err := r.ParseHead(head, &lim, &req); err != nil {
			b.Fatal(err)
		}
		for p := wire; !r.BodyDone(); {
			_, n, _, err := r.ReadBody(p, math.MaxInt, &lim, nil)
			if err != nil {
				b.Fatal(err)
			}
			p = p[n:]
		}
	}
}
