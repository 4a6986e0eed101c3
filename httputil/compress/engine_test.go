package compress_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"eddy/httputil"
	"eddy/httputil/compress"
)

// An engine records a response. It is as strict as the contract of httputil.ResponseWriter.
type engine struct {
	head     bool // the request is one
	status   int
	reason   string
	header   httputil.Header
	length   int64
	body     []byte
	flushed  []int // lengths of the body at each Flush
	trailer  httputil.Header
	finished bool
	interim  []int
	fail     error // of the next write
}

func (e *engine) WriteHead(status int, reason string, h *httputil.Header, length int64) error {
	switch {
	case e.finished:
		return httputil.ErrFinished
	case e.status != 0:
		return httputil.ErrHeadWritten
	case status > 999:
		return fmt.Errorf("status %d", status)
	case status < 200 && status != http.StatusSwitchingProtocols:
		e.interim = append(e.interim, status)
		return nil
	}
	e.status, e.reason, e.header, e.length = status, reason, h.Clone(), length
	return nil
}

func (e *engine) Write(p []byte) (int, error) {
	switch {
	case e.finished:
		return 0, httputil.ErrFinished
	case e.status == 0:
		return 0, httputil.ErrNoHead
	case e.fail != nil:
		return 0, e.fail
	case e.length >= 0 && int64(len(e.body)+len(p)) > e.length:
		return 0, httputil.ErrBodyLength
	}
	e.body = append(e.body, p...)
	return len(p), nil
}

func (e *engine) Flush() error {
	if e.status == 0 {
		return httputil.ErrNoHead
	}
	e.flushed = append(e.flushed, len(e.body))
	return nil
}

func (e *engine) SetTrailer(h *httputil.Header) error {
	e.trailer = h.Clone()
	return nil
}

func (e *engine) Finish() error {
	switch {
	case e.finished:
		return httputil.ErrFinished
	case e.status == 0:
		return httputil.ErrNoHead
	}
	e.finished = true
	if e.length > int64(len(e.body)) && !e.head {
		return httputil.ErrBodyLength
	}
	return nil
}

// serve runs a handler over a recording engine. Fields are "Name: value".
func serve(o compress.Options, method string, fields []string, h httputil.HandlerFunc) *engine {
	e := &engine{head: method == "HEAD"}
	r := &httputil.Request{Method: method, Path: "/", Version: httputil.HTTP11, Header: header(fields...), Body: httputil.NoBody}
	compress.Handler(h, o).ServeRequest(context.Background(), e, r)
	return e
}

func header(fields ...string) httputil.Header {
	var h httputil.Header
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		h.Append(name, value)
	}
	return h
}

// decode undoes a coding by decoders that are not of this package, and wants nothing behind the end.
func decode(t *testing.T, coding string, body []byte) string {
	t.Helper()
	from := bytes.NewReader(body)
	var r io.Reader
	var err error
	switch coding {
	case "":
		r = from
	case "gzip":
		var z *gzip.Reader
		if z, err = gzip.NewReader(from); err == nil {
			z.Multistream(false)
			r = z
		}
	case "deflate":
		r, err = zlib.NewReader(from)
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20)); err == nil {
			defer z.Close()
			r = z
		}
	case "rot":
		r = &rot{r: from, by: 256 - rotBy}
	default:
		t.Fatalf("coding %q", coding)
	}
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v behind %d bytes", coding, err, len(b))
	}
	if coding != "zstd" && from.Len() > 0 {
		t.Fatalf("%s: %d bytes behind the end", coding, from.Len())
	}
	return string(b)
}

// rotBy is the key of a coding for tests, which adds a number to each byte.
const rotBy = 7

type rot struct {
	r  io.Reader
	by byte
}

func (x *rot) Read(p []byte) (int, error) {
	n, err := x.r.Read(p)
	for i := range p[:n] {
		p[i] += x.by
	}
	return n, err
}

type rotWriter struct {
	w      io.Writer
	closed bool
}

func (x *rotWriter) Write(p []byte) (int, error) {
	b := make([]byte, len(p))
	for i := range p {
		b[i] = p[i] + rotBy
	}
	return x.w.Write(b)
}

func (x *rotWriter) Close() error       { x.closed = true; return nil }
func (x *rotWriter) Reset(w io.Writer)  { *x = rotWriter{w: w} }
func newRot(w io.Writer) io.WriteCloser { return &rotWriter{w: w} }
func rotEncoders() map[string]func(io.Writer) io.WriteCloser {
	return map[string]func(io.Writer) io.WriteCloser{"rot": newRot}
}

// text is n bytes that compress as text does.
func text(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "line %d of a text that says nothing, number %x\n", i, i*i*7919)
	}
	return b.String()[:n]
}
