package compress_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"eddy/httputil/compress"
)

func TestNew_Refuses(t *testing.T) {
	open := func(w io.Writer) io.WriteCloser { return nil }
	for want, o := range map[string]compress.Options{
		"level 10": {Level: 10},
		"level -1": {Level: -1},
		`"br"`:     {Codings: []string{"gzip", "br"}},
		`"BR"`:     {Encoders: map[string]func(io.Writer) io.WriteCloser{"BR": open}},
		`"*"`:      {Encoders: map[string]func(io.Writer) io.WriteCloser{"*": open}},
		`"a b"`:    {Encoders: map[string]func(io.Writer) io.WriteCloser{"a b": open}},
		"identity": {Codings: []string{"identity"}},
	} {
		func() {
			defer func() {
				if v := recover(); !strings.Contains(fmt.Sprint(v), want) {
					t.Errorf("%v, want something about %s", v, want)
				}
			}()
			compress.New(o)
		}()
	}
}

func TestOptions(t *testing.T) {
	const all = "gzip, deflate, zstd, rot"
	others := 0
	for _, tc := range []struct {
		name   string
		o      compress.Options
		accept string
		size   int
		typ    string
		by     how
		coding string
	}{
		{"order", compress.Options{Codings: []string{"deflate", "gzip", "deflate"}}, all, 2000, "text/plain", whole, "deflate"},
		{"order of streams", compress.Options{Codings: []string{"zstd", "deflate", "gzip"}}, all, 2000, "text/plain", flushed, "deflate"},
		{"one's own in the middle", compress.Options{Codings: []string{"zstd", "rot"}, Encoders: rotEncoders()}, "gzip, rot", 2000, "text/plain", whole, "rot"},
		{"no streams", compress.Options{Codings: []string{"zstd"}}, all, 2000, "text/plain", flushed, ""},
		{"another gzip, and no part in streams", compress.Options{Codings: []string{"gzip"}, Encoders: gzipEncoder(&others)}, "gzip", 2000, "text/plain", whole, "gzip"},
		{"the same, streamed", compress.Options{Codings: []string{"gzip"}, Encoders: gzipEncoder(&others)}, "gzip", 2000, "text/plain", flushed, "gzip"},
		{"no minimum", compress.Options{MinSize: -1}, "gzip", 1, "text/plain", whole, "gzip"},
		{"higher minimum", compress.Options{MinSize: 5000}, "gzip", 4999, "text/plain", whole, ""},
		{"all types", compress.Options{Types: func(string) bool { return true }}, "gzip", 2000, "image/png", whole, "gzip"},
		{"no types", compress.Options{Types: func(string) bool { return false }}, "gzip", 2000, "text/plain", whole, ""},
	} {
		e := serve(tc.o, "GET", []string{"Accept-Encoding: " + tc.accept}, answer(200, []string{"Content-Type: " + tc.typ}, text(tc.size), tc.by))
		if got := e.header.Get("Content-Encoding"); got != tc.coding {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.coding)
		} else if decode(t, got, e.body) != text(tc.size) {
			t.Errorf("%s: another body", tc.name)
		}
	}
	if others != 1 {
		t.Errorf("the program's gzip was used %d times, want once", others)
	}
}

// gzipEncoder is a program's own, which counts.
func gzipEncoder(used *int) map[string]func(io.Writer) io.WriteCloser {
	return map[string]func(io.Writer) io.WriteCloser{"gzip": func(w io.Writer) io.WriteCloser {
		*used++
		return gzip.NewWriter(w)
	}}
}

// TestOptions_Levels holds that every level works, and that gzip's highest is denser than its lowest.
func TestOptions_Levels(t *testing.T) {
	body := text(40000)
	for _, coding := range []string{"gzip", "zstd"} {
		var sizes [10]int
		for level := 1; level <= 9; level++ {
			for _, by := range []how{whole, flushed} {
				e := serve(compress.Options{Level: level}, "GET", []string{"Accept-Encoding: " + coding}, answer(200, []string{html}, body, by))
				if decode(t, e.header.Get("Content-Encoding"), e.body) != body {
					t.Errorf("%s, level %d: another body", coding, level)
				}
				if by == whole {
					sizes[level] = len(e.body)
				}
			}
		}
		if coding == "gzip" && sizes[9] >= sizes[1] {
			t.Errorf("%s: %d bytes at level 9, %d at level 1", coding, sizes[9], sizes[1])
		}
	}
}

func TestCompressible(t *testing.T) {
	for _, yes := range []string{"text/html", "text/plain; charset=utf-8", "TEXT/CSS", " text/csv ;x", "text/event-stream",
		"application/json", "application/javascript", "application/x-javascript", "application/xml", "application/atom+xml",
		"application/xhtml+xml", "image/svg+xml", "application/manifest+json", "application/ld+json", "application/problem+json",
		"application/wasm", "application/x-ndjson", "font/ttf", "font/otf", "application/vnd.ms-fontobject", "image/x-icon"} {
		if !compress.Compressible(yes) {
			t.Errorf("%s is not", yes)
		}
	}
	for _, no := range []string{"", "text", "image/png", "image/jpeg", "font/woff2", "font/woff", "video/mp4", "application/zip",
		"application/gzip", "application/octet-stream", "application/pdf", "multipart/byteranges; boundary=x", "multipart/x+json",
		"application/grpc", "application/grpc+proto", "textual/plain"} {
		if compress.Compressible(no) {
			t.Errorf("%s is", no)
		}
	}
}
