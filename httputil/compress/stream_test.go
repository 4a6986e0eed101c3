package compress_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/httputil/compress"
)

// TestWriter_FlushIsDecodable holds that what was flushed can be decoded, piece by piece, from what has
// left by then.
func TestWriter_FlushIsDecodable(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate"} {
		var want strings.Builder
		var lengths []int
		e := serve(compress.Options{}, "GET", []string{"Accept-Encoding: " + coding}, func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			h := header("Content-Type: text/event-stream")
			w.WriteHead(200, "", &h, -1)
			w.Flush()
			for i := range 20 {
				piece := text(1 << (i % 18))
				want.WriteString(piece)
				io.WriteString(w, piece)
				w.Flush()
				w.Flush() // again, with nothing new
				lengths = append(lengths, want.Len())
			}
		})
		if e.length != -1 || len(e.flushed) != 41 {
			t.Fatalf("%s: length %d, %d flushes", coding, e.length, len(e.flushed))
		}
		for i, n := range lengths {
			if a, b := e.flushed[1+2*i], e.flushed[2+2*i]; a != b {
				t.Errorf("%s: a flush of nothing has sent %d bytes", coding, b-a)
			}
			if got := decodePart(t, coding, e.body[:e.flushed[1+2*i]]); got != want.String()[:n] {
				t.Fatalf("%s: after %d flushes %d bytes can be decoded, want %d", coding, i+1, len(got), n)
			}
		}
		if got := decode(t, coding, e.body); got != want.String() {
			t.Errorf("%s: %d bytes, want %d", coding, len(got), want.Len())
		}
	}
}

// decodePart decodes what can be of a body that lacks its end.
func decodePart(t *testing.T, coding string, body []byte) string {
	t.Helper()
	var r io.Reader
	var err error
	if coding == "gzip" {
		r, err = gzip.NewReader(bytes.NewReader(body))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(body))
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("%s: %v", coding, err)
	}
	return string(b)
}

// TestWriter_EventsShrink holds that an event is written by what the ones before it have said. Alone it
// would not become smaller.
func TestWriter_EventsShrink(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate"} {
		to, size := new(counter), 0
		w := compress.New(compress.Options{}).Writer(to, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: " + coding)})
		h := header("Content-Type: text/event-stream")
		w.WriteHead(200, "", &h, -1)
		for i := range 100 {
			event := appendEvent(nil, i)
			w.Write(event)
			w.Flush()
			size += len(event)
		}
		if to.n > size/2 {
			t.Errorf("%s: %d bytes of events have become %d", coding, size, to.n)
		}
	}
}

// FuzzWriter writes and flushes by a random schedule, and decodes what comes.
func FuzzWriter(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed)
	}
	var compressors [9]*compress.Compressor
	for i := range compressors {
		compressors[i] = compress.New(compress.Options{Level: 1 + i, MinSize: 300})
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		accept := []string{"gzip", "deflate", "zstd", "gzip, zstd"}[rnd.IntN(4)]
		body := randomBody(rnd)
		length, flushing := int64(-1), rnd.IntN(2) == 0
		if rnd.IntN(2) == 0 {
			length = int64(len(body))
		}
		e := new(engine)
		r := &httputil.Request{Method: "GET", Header: header("Accept-Encoding: " + accept)}
		w := compressors[rnd.IntN(9)].Writer(e, r)
		h := header(html)
		if err := w.WriteHead(200, "", &h, length); err != nil {
			t.Fatal(err)
		}
		for rest := body; len(rest) > 0; {
			n := 1 + rnd.IntN(min(len(rest), 1<<rnd.IntN(18)))
			if k, err := w.Write(rest[:n]); k != n || err != nil {
				t.Fatal(k, err)
			}
			rest = rest[n:]
			if flushing && rnd.IntN(3) == 0 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.End()
		if got := decode(t, e.header.Get("Content-Encoding"), e.body); got != string(body) {
			t.Errorf("%d bytes, want %d, or they differ", len(got), len(body))
		}
		if coded := e.header.Has("Content-Encoding"); coded && !e.finished || e.length >= 0 && e.length != int64(len(e.body)) {
			t.Errorf("finished %v, length %d of %d", e.finished, e.length, len(e.body))
		}
	})
}

// randomBody is of text, of noise, and of what has been before, in any order.
func randomBody(rnd *rand.Rand) []byte {
	var b []byte
	for size := rnd.IntN(1 << rnd.IntN(20)); len(b) < size; {
		n := rnd.IntN(1 << rnd.IntN(17))
		switch rnd.IntN(4) {
		case 0:
			for range n {
				b = append(b, byte(rnd.Uint32()))
			}
		case 1:
			from := rnd.IntN(len(b) + 1)
			b = append(b, b[from:min(len(b), from+n)]...)
		case 2:
			b = append(b, bytes.Repeat([]byte{byte(n)}, n)...)
		case 3:
			b = append(b, text(n)...)
		}
	}
	return b
}

// TestWriter_BadEnds holds that no bad body has a good end.
func TestWriter_BadEnds(t *testing.T) {
	type writer = httputil.ResponseWriter
	head := func(w writer, length int64) {
		h := header(html)
		w.WriteHead(200, "", &h, length)
	}
	for _, tc := range []struct {
		name string
		do   func(w writer)
	}{
		{"panic before the head", func(w writer) { panic("on purpose") }},
		{"panic behind the head", func(w writer) { head(w, -1); panic("on purpose") }},
		{"panic in a body that is held back", func(w writer) { head(w, -1); io.WriteString(w, text(5000)); panic("on purpose") }},
		{"panic in a stream", func(w writer) { head(w, -1); io.WriteString(w, text(500000)); panic("on purpose") }},
		{"panic in a flushed stream", func(w writer) { head(w, -1); io.WriteString(w, "x"); w.Flush(); panic("on purpose") }},
		{"short", func(w writer) { head(w, 5000); io.WriteString(w, text(4999)) }},
		{"short, and finished", func(w writer) {
			head(w, 5000)
			io.WriteString(w, text(4999))
			wantErr(t, w.Finish(), httputil.ErrBodyLength)
		}},
		{"nothing at all", func(w writer) { head(w, 5000) }},
		{"short after a flush", func(w writer) { head(w, 5000); w.Flush(); io.WriteString(w, text(4999)) }},
		{"short and large", func(w writer) { head(w, 500000); io.WriteString(w, text(499999)) }},
		{"short, large and finished", func(w writer) {
			head(w, 500000)
			io.WriteString(w, text(499999))
			wantErr(t, w.Finish(), httputil.ErrBodyLength)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := new(engine)
			failed := func() (v any) {
				defer func() { v = recover() }()
				r := &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")}
				compress.Handler(httputil.HandlerFunc(func(_ context.Context, w writer, _ *httputil.Request) { tc.do(w) }),
					compress.Options{}).ServeRequest(t.Context(), e, r)
				return nil
			}()
			// Either the engine sees that the body is short, or it is made to cut the response.
			short := e.length > int64(len(e.body))
			if failed == nil && !short || e.finished && !short {
				t.Errorf("panic %v, finished %v, length %d of %d", failed, e.finished, len(e.body), e.length)
			}
			if strings.HasPrefix(tc.name, "short") && failed != nil && failed != http.ErrAbortHandler {
				t.Errorf("panic %v", failed)
			}
			if e.status != 0 && e.header.Get("Content-Encoding") == "gzip" {
				if z, err := gzip.NewReader(bytes.NewReader(e.body)); err == nil {
					if _, err = io.ReadAll(z); err == nil {
						t.Error("the body decodes to its end")
					}
				}
			}
		})
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error %v, want %v", got, want)
	}
}

// TestWriter_LongBody holds that no more is taken than was announced, and that the rest is good.
func TestWriter_LongBody(t *testing.T) {
	for _, size := range []int{5000, 500000} {
		e := serve(compress.Options{}, "GET", []string{"Accept-Encoding: gzip"}, func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
			h := header(html)
			w.WriteHead(200, "", &h, int64(size))
			io.WriteString(w, text(size))
			_, err := io.WriteString(w, "x")
			wantErr(t, err, httputil.ErrBodyLength)
		})
		if got := decode(t, "gzip", e.body); got != text(size) || !e.finished {
			t.Errorf("%d bytes of %d, finished %v", len(got), size, e.finished)
		}
	}
}

// TestWriter_Misuse holds that errors are those of an engine.
func TestWriter_Misuse(t *testing.T) {
	h := header(html)
	for _, length := range []int64{-1, 5000, 500000, 10} {
		e := new(engine)
		w := compress.New(compress.Options{}).Writer(e, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")})
		_, err := w.Write([]byte("x"))
		wantErr(t, err, httputil.ErrNoHead)
		wantErr(t, w.Flush(), httputil.ErrNoHead)
		wantErr(t, w.Finish(), httputil.ErrNoHead)
		if err := w.WriteHead(1000, "", &h, length); err == nil {
			t.Error("status 1000 is taken")
		}
		if err := w.WriteHead(103, "", &h, 0); err != nil || len(e.interim) != 1 {
			t.Errorf("an interim head: %v, %v", err, e.interim)
		}
		if err := w.WriteHead(200, "Fine", &h, length); err != nil {
			t.Error(err)
		}
		wantErr(t, w.WriteHead(200, "", &h, length), httputil.ErrHeadWritten)
		wantErr(t, w.Respond(200, "", &h, []byte("x")), httputil.ErrHeadWritten)
		io.WriteString(w, text(int(max(length, 0))))
		if err := w.Finish(); err != nil || e.reason != "Fine" {
			t.Errorf("Finish: %v; reason %q", err, e.reason)
		}
		_, err = w.Write([]byte("x"))
		wantErr(t, err, httputil.ErrFinished)
		for _, err := range []error{w.Finish(), w.WriteHead(200, "", &h, 1), w.Respond(200, "", &h, nil)} {
			wantErr(t, err, httputil.ErrFinished)
		}
		w.End()
		wantErr(t, w.Flush(), httputil.ErrFinished)
		wantErr(t, w.SetTrailer(&h), httputil.ErrFinished)
		wantErr(t, w.Finish(), httputil.ErrFinished)
		if got := h.Text(); got != "Content-Type: text/html; charset=utf-8\r\n" {
			t.Errorf("the handler's header has become %q", got)
		}
	}
}

// TestWriter_EngineFails holds that a response that the engine did not take has no end, and that
// the handler is told.
func TestWriter_EngineFails(t *testing.T) {
	for _, tc := range []struct {
		err    error
		panics bool
	}{{httputil.ErrClosed, false}, {fmt.Errorf("x: %w", httputil.ErrClosed), false}, {httputil.ErrDetached, false}, {errors.New("disk full"), true}} {
		e := new(engine)
		w := compress.New(compress.Options{}).Writer(e, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")})
		h := header(html)
		w.WriteHead(200, "", &h, -1)
		w.Flush()
		e.fail = tc.err
		_, err := io.WriteString(w, text(200000))
		wantErr(t, err, tc.err)
		e.fail = nil
		_, err = w.Write([]byte("x"))
		wantErr(t, err, tc.err)
		wantErr(t, w.Flush(), tc.err)
		wantErr(t, w.Finish(), tc.err)
		func() {
			defer func() {
				if v := recover(); (v != nil) != tc.panics {
					t.Errorf("%v: panic %v", tc.err, v)
				}
			}()
			w.End()
		}()
		if e.finished {
			t.Errorf("%v: finished", tc.err)
		}
	}
}

// TestWriter_EncoderFails holds that an encoder of the program's that fails costs nothing but compression.
func TestWriter_EncoderFails(t *testing.T) {
	broken := func(w io.Writer) io.WriteCloser { return &brokenEncoder{w} }
	e := serve(compress.Options{Encoders: map[string]func(io.Writer) io.WriteCloser{"x": broken}}, "GET",
		[]string{"Accept-Encoding: x"}, answer(200, []string{html, `Etag: "a"`}, text(5000), whole))
	if got := decode(t, "", e.body); got != text(5000) || e.length != 5000 {
		t.Errorf("%d bytes, length %d", len(got), e.length)
	}
	checkFields(t, &e.header, []string{"Content-Encoding:", vary, `Etag: "a"`})
}

type brokenEncoder struct{ w io.Writer }

func (b *brokenEncoder) Write(p []byte) (int, error) { return b.w.Write(p[:len(p)/2]) }
func (b *brokenEncoder) Close() error                { return errors.New("on purpose") }

func TestWriter_Trailer(t *testing.T) {
	for _, tc := range []struct {
		length int64
		want   string
	}{{-1, "yes"}, {5000, ""}, {500000, ""}} {
		e := serve(compress.Options{}, "GET", []string{"Accept-Encoding: gzip"}, func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
			h, trailer := header(html), header("X-Trailer: yes")
			w.WriteHead(200, "", &h, tc.length)
			io.WriteString(w, text(max(5000, int(tc.length))))
			if err := w.SetTrailer(&trailer); err != nil {
				t.Error(err)
			}
		})
		if got := e.trailer.Get("X-Trailer"); got != tc.want {
			t.Errorf("length %d: trailer %q, want %q", tc.length, got, tc.want)
		}
		if tc.want != "" && e.length >= 0 {
			t.Error("a length leaves no place for the trailer")
		}
	}
}
