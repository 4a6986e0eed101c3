package ecosystem_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzhttp"

	"eddy"
	"eddy/httputil/compress"
	"eddy/web"
)

// brotliEncoder is how a server is given a coding that Eddy does not have.
var brotliEncoder = map[string]func(io.Writer) io.WriteCloser{
	"br": func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 4) },
}

func compressing(o compress.Options, rules ...web.Rule) *web.Application {
	return web.NewApplicationWith(web.Settings{Logger: slog.New(slog.DiscardHandler), CompressResponse: true, Compress: o}, rules...)
}

func TestCompress_Brotli(t *testing.T) {
	s := onEddy(t, compressing(compress.Options{Encoders: brotliEncoder},
		web.Func("/", func(_ context.Context, h *web.RequestHandler) error { return h.Text(longText) })), false)
	for range 20 { // with encoders that were used before
		resp, body := s.get(t, "/", "Accept-Encoding", "gzip, deflate, br, zstd")
		b, err := io.ReadAll(brotli.NewReader(strings.NewReader(body)))
		if resp.Header.Get("Content-Encoding") != "br" || string(b) != longText || err != nil {
			t.Fatalf("%q: %d bytes, %v", resp.Header.Get("Content-Encoding"), len(b), err)
		}
	}
}

// TestCompress_Compressed holds that what compresses by itself is left alone.
func TestCompress_Compressed(t *testing.T) {
	h := gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, longText) }))
	s := onEddy(t, compressing(compress.Options{}, web.Mount("/", h)), false)
	resp, body := s.get(t, "/", "Accept-Encoding", "gzip, zstd")
	coding := resp.Header.Values("Content-Encoding")
	if len(coding) != 1 || len(resp.Header.Values("Vary")) != 1 {
		t.Errorf("Content-Encoding %q, Vary %q", coding, resp.Header.Values("Vary"))
	}
	if coding[0] == "gzip" && unzip(t, resp, body) != longText {
		t.Error("the body is another")
	}
}

// TestCompress_WebSockets holds that the libraries take their connection through the compression.
func TestCompress_WebSockets(t *testing.T) {
	for server, h := range webSocketServers {
		for client, talk := range webSocketClients {
			t.Run(client+" client of "+server, func(t *testing.T) {
				onBoth(t, func() http.Handler { return compressing(compress.Options{}, web.Mount("/", h())) }, talk)
			})
		}
	}
}

// people is 10 KiB of JSON.
func people() []byte {
	type person struct {
		ID     int      `json:"id"`
		Name   string   `json:"name"`
		Mail   string   `json:"mail"`
		Tags   []string `json:"tags"`
		Active bool     `json:"active"`
	}
	var all []person
	for i := range 100 {
		all = append(all, person{i * 7919 % 100003, fmt.Sprint("user-", i*31%97), fmt.Sprintf("user%d@example.org", i*31%97),
			[]string{"red", "green"}[:i%3%2+1], i%3 == 0})
	}
	b, _ := json.Marshal(all)
	return bytes.Repeat(b, 2)[:10<<10]
}

// BenchmarkGzip answers with 10 KiB of JSON in gzip at level 5, over sockets: a web.Application on Eddy,
// and net/http with gzhttp. The time is also that of the client, which does not decode.
func BenchmarkGzip(b *testing.B) {
	data := people()
	app := compressing(compress.Options{Codings: []string{"gzip"}}, web.Func("/", func(_ context.Context, h *web.RequestHandler) error {
		h.SetHeader("Content-Type", "application/json")
		h.SetHeader("Etag", `"1"`) // which web would hash, and gzhttp would not
		_, err := h.Write(data)
		return err
	}))
	b.Run("eddy", func(b *testing.B) {
		srv, err := eddy.New(app, eddy.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		defer srv.Close()
		addr, err := srv.Listen(b.Context(), "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		ask(b, addr.String(), len(data))
	})
	b.Run("net_http", func(b *testing.B) {
		wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(5), gzhttp.EnableZstd(false))
		if err != nil {
			b.Fatal(err)
		}
		srv := httptest.NewServer(wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(data)
		})))
		defer srv.Close()
		ask(b, srv.Listener.Addr().String(), len(data))
	})
}

// ask asks again and again, on 16 connections for each processor.
func ask(b *testing.B, addr string, size int) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		for pb.Next() {
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
			resp, err := http.ReadResponse(r, nil)
			if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
				b.Error(resp, err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
}
