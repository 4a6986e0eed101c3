package coding_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"eddy/internal/coding"
)

// references decode as the packages do that are under a Reader, by names of formats.
var references = map[string]func(io.Reader) (io.Reader, error){
	"gzip":    func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"deflate": func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
	"raw":     func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil },
	"zstd": func(r io.Reader) (io.Reader, error) {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(coding.MaxWindow))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	},
}

// decode is what a reference makes of data, up to one byte more than limit.
func decode(format string, data []byte, limit int64) ([]byte, error) {
	in := bytes.NewReader(data)
	z, err := references[format](in)
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err == nil && in.Len() > 0 && int64(len(out)) <= limit {
		err = errors.New("bytes behind it")
	}
	return out, err
}

// What a Reader makes of any bytes is what the decompressors make of them by themselves, at any size
// of reads on both sides.
func FuzzReader(f *testing.F) {
	for _, s := range []string{"", "hello", strings.Repeat("hello ", 1000)} {
		for i, format := range formats {
			data := coded(format, s)
			f.Add([]byte(data), uint8(i), uint8(3), uint8(1))
			f.Add([]byte(data+coded(format, "x")), uint8(i), uint8(200), uint8(0))
			f.Add([]byte(data[:len(data)-1]), uint8(i), uint8(1), uint8(7))
			f.Add([]byte(data+"x"), uint8(i)+4, uint8(255), uint8(2))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, which, size, piece uint8) {
		const limit = 1 << 20
		format := formats[which%4]
		o := coding.Options{Limit: limit, Strict: which >= 128}
		name := nameOf(format)
		if format == "deflate" || format == "raw" {
			format = "raw"
			if o.Strict || len(data) < 2 || data[0]&0x0f == 8 && (int(data[0])<<8|int(data[1]))%31 == 0 {
				format = "deflate"
			}
		}
		if bytes.Count(data, []byte("\x1f\x8b")) > coding.MaxEmpty {
			t.Skip("there may be too many empty members")
		}
		r, known := shared.NewReader(&body{data: string(data), piece: int(piece)}, name, o)
		if !known {
			if !o.Strict || format != "zstd" {
				t.Error("is not known")
			}
			return
		}
		defer r.Close()
		want, fault := decode(format, data, limit)
		got, err := all(r, int(size)+1)
		switch {
		case len(data) == 0 && !o.Strict:
			if got != "" || err != nil {
				t.Errorf("nothing: %q, %v", got, err)
			}
		case len(want) > limit:
			if kind(err) != "too large" || got != string(want[:limit]) {
				t.Errorf("%d bytes and %v, want as many as the limit", len(got), err)
			}
		case fault != nil:
			if k := kind(err); k != "malformed" && k != "cut" || got != string(want) {
				t.Errorf("%d bytes of %d, %v; want %v", len(got), len(want), err, fault)
			}
		case err != nil || got != string(want):
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
		if coding.Holds(r) {
			t.Error("the codec is not given back")
		}
	})
}

// The memory of a codec, 44 KB or more, is not among what is allocated.
func BenchmarkReader(b *testing.B) {
	plain := make([]byte, 10_000)
	for i, x := 0, uint32(1); i < len(plain); i++ {
		x = x*1664525 + 1013904223
		plain[i] = "abcdefgh "[x>>24%9]
	}
	buf := make([]byte, 4096)
	for _, list := range lists {
		data, in := coded(list, string(plain)), &body{}
		b.Run(list, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				*in = body{data: data}
				r, _ := shared.NewReader(in, nameOf(list), client)
				n, err := 0, error(nil)
				for err == nil {
					var k int
					k, err = r.Read(buf)
					n += k
				}
				if n != len(plain) || err != io.EOF {
					b.Fatal(n, err)
				}
			}
		})
	}
}
