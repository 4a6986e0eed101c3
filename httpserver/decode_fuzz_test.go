package httpserver_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
)

// What a decoder makes of any bytes is what compress/gzip and compress/zlib make of them, at any
// size of reads.
func FuzzDecompress(f *testing.F) {
	for _, s := range []string{"", "hello", strings.Repeat("hello ", 1000)} {
		f.Add([]byte(zipped(s)), true, uint8(3))
		f.Add([]byte(zipped(s)+zipped("x")), true, uint8(1))
		f.Add([]byte(deflated(s)), false, uint8(200))
	}
	f.Fuzz(func(t *testing.T, body []byte, isGzip bool, size uint8) {
		coding, open := "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
		if !isGzip {
			coding, open = "deflate", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }
		}
		const limit = 1 << 20
		in := bytes.NewReader(body)
		var want []byte
		z, fault := open(in)
		if fault == nil {
			want, fault = io.ReadAll(io.LimitReader(z, limit+1))
		}
		if fault == nil && !isGzip && in.Len() > 0 && len(want) <= limit {
			fault = errors.New("bytes behind it")
		}
		if bytes.Count(body, []byte("\x1f\x8b")) > 60 {
			t.Skip("there may be too many empty members")
		}
		r := &httputil.Request{Method: "POST", ContentLength: -1, Body: io.NopCloser(bytes.NewReader(body))}
		r.Header.Append("Content-Encoding", coding)
		o := httpserver.Options{DecompressRequests: true, Limits: http1.Limits{Body: limit}}
		httpserver.InFrontOf(o, handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			var got []byte
			var err error
			for p := make([]byte, int(size)+1); err == nil; {
				var n int
				n, err = r.Body.Read(p)
				got = append(got, p[:n]...)
			}
			switch {
			case len(want) > limit:
				if !errors.Is(err, httputil.ErrBodyTooLarge) || !bytes.Equal(got, want[:limit]) {
					t.Errorf("%d bytes and %v, want as many as the limit", len(got), err)
				}
			case fault != nil:
				if !errors.Is(err, httputil.ErrBodyMalformed) || !bytes.Equal(got, want) {
					t.Errorf("%d bytes of %d, %v; want %v", len(got), len(want), err, fault)
				}
			case err != io.EOF || !bytes.Equal(got, want):
				t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
			}
		})).ServeRequest(context.Background(), nil, r)
	})
}

// The 44 KB of a codec are not among what is allocated.
func BenchmarkDecompress(b *testing.B) {
	text := make([]byte, 10_000)
	for i := range text {
		text[i] = "abcdefgh "[rand.IntN(9)]
	}
	body := zipped(string(text))
	buf := make([]byte, 4096)
	serve := httpserver.InFrontOf(decodes, handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		n, err := 0, error(nil)
		for err == nil {
			var k int
			k, err = r.Body.Read(buf)
			n += k
		}
		if n != len(text) {
			b.Error(n, err)
		}
	}))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := &httputil.Request{Method: "POST", ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}
		r.Header.Append("Content-Encoding", "gzip")
		serve.ServeRequest(context.Background(), nil, r)
	}
}
