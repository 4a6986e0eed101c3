package coding_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"eddy/httputil"
	"eddy/internal/coding"
	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// writer is what compressors have in common.
type writer interface {
	io.WriteCloser
	Flush() error
}

// writers make the formats, by names of codings; "raw" is what some call deflate.
var writers = map[string]func(io.Writer) writer{
	"gzip":    func(w io.Writer) writer { return gzip.NewWriter(w) },
	"x-gzip":  func(w io.Writer) writer { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) writer { return zlib.NewWriter(w) },
	"raw":     func(w io.Writer) writer { f, _ := flate.NewWriter(w, 6); return f },
	"zstd": func(w io.Writer) writer {
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		if err != nil {
			panic(err)
		}
		return z
	},
}

// nameOf is the coding that a format is sent as.
func nameOf(format string) string {
	if format == "raw" {
		return "deflate"
	}
	return format
}

// formats are all of them, once; lists are they and some in a row.
var (
	formats = []string{"gzip", "deflate", "raw", "zstd"}
	lists   = append(slices.Clone(formats), "gzip, zstd", "zstd, gzip", "gzip, gzip")
)

// coded returns text in the formats of a list, applied in its order.
func coded(list, text string) string {
	for format := range strings.SplitSeq(list, ", ") {
		var b bytes.Buffer
		w := writers[format](&b)
		io.WriteString(w, text)
		w.Close()
		text = b.String()
	}
	return text
}

// body is one that comes in pieces and then ends in an error, which it returns once; io.EOF by default.
type body struct {
	data   string
	piece  int // 0: all at once
	end    error
	reads  int
	taken  int
	closed int
}

func (b *body) Read(p []byte) (int, error) {
	b.reads++
	if b.data == "" {
		end := b.end
		if b.end = nil; end == nil {
			end = io.EOF
		}
		return 0, end
	}
	if b.piece > 0 && len(p) > b.piece {
		p = p[:b.piece]
	}
	n := copy(p, b.data)
	b.data = b.data[n:]
	b.taken += n
	return n, nil
}

func (b *body) Close() error { b.closed++; return nil }

var (
	client = coding.Options{Limit: 1 << 20}
	server = coding.Options{Limit: 1 << 20, Strict: true}
)

// shared is the pool of the tests that are in no bubble.
var shared coding.Pool

// open is NewReader for codings that are known.
func open(t testing.TB, b io.ReadCloser, list string, o coding.Options) *coding.Reader {
	t.Helper()
	r, ok := shared.NewReader(b, list, o)
	if !ok {
		t.Fatalf("%q is left alone", list)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// all reads r to its end, in pieces of size.
func all(r io.Reader, size int) (string, error) {
	var text []byte
	for p := make([]byte, size); ; {
		n, err := r.Read(p)
		text = append(text, p[:n]...)
		if err == io.EOF {
			return string(text), nil
		}
		if err != nil {
			return string(text), err
		}
	}
}

// kind names an error of a reader.
func kind(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, httputil.ErrBodyTooLarge):
		return "too large"
	case errors.Is(err, httputil.ErrBodyMalformed) && errors.Is(err, io.ErrUnexpectedEOF):
		return "cut"
	case errors.Is(err, httputil.ErrBodyMalformed):
		return "malformed"
	}
	return "other"
}
