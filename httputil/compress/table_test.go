package compress_test

import (
	"cmp"
	"context"
	"io"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/httputil/compress"
)

// how a handler answers.
type how int

const (
	whole   how = iota // by httputil.Respond
	written            // by WriteHead with the length, and Write
	unknown            // by WriteHead without a length, and Write
	flushed            // the same with a Flush behind the head and in the middle
)

func answer(status int, fields []string, body string, by how) httputil.HandlerFunc {
	return func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		h := header(fields...)
		length := int64(len(body))
		switch by {
		case whole:
			httputil.Respond(w, status, "", &h, []byte(body))
			return
		case unknown, flushed:
			length = -1
		}
		w.WriteHead(status, "", &h, length)
		if by == flushed {
			w.Flush()
		}
		io.WriteString(w, body[:len(body)/2])
		if by == flushed {
			w.Flush()
		}
		io.WriteString(w, body[len(body)/2:])
	}
}

const (
	vary = "Vary: Accept-Encoding"
	html = "Content-Type: text/html; charset=utf-8"
)

// A response is what comes for what was asked and answered, with defaults. fields lists "Name: value", several values
// joined by " | "; "Name:" alone says that there must be none.
type response struct {
	name     string
	method   string // GET
	asked    []string
	accept   string   // "gzip"; "-" for no field
	status   int      // 200
	answered []string // html
	size     int      // 5000; none for no body
	by       how
	coding   string
	fields   []string
}

var responses = []response{
	{name: "gzip", coding: "gzip", fields: []string{vary, html}},
	{name: "zstd", accept: "zstd", coding: "zstd", fields: []string{vary}},
	{name: "deflate", accept: "deflate", coding: "deflate", fields: []string{vary}},
	{name: "browser", accept: "gzip, deflate, br, zstd", coding: "zstd", fields: []string{vary}},
	{name: "browser, streamed", accept: "gzip, deflate, br, zstd", by: flushed, coding: "gzip", fields: []string{vary}},
	{name: "a coding of the program's", accept: "gzip, rot", coding: "rot", fields: []string{vary}},
	{name: "a coding of the program's, streamed", accept: "gzip, rot", by: flushed, coding: "gzip", fields: []string{vary}},
	{name: "unknown coding", accept: "compress", fields: []string{vary}},
	{name: "no field", accept: "-", fields: []string{vary}},
	{name: "empty field", accept: "-", asked: []string{"Accept-Encoding: "}, fields: []string{vary}},
	{name: "refused", accept: "gzip;q=0", fields: []string{vary}},
	{name: "all refused", accept: "*;q=0", fields: []string{vary}},
	{name: "all but gzip refused", accept: "gzip, *;q=0", coding: "gzip", fields: []string{vary}},
	{name: "gzip refused, all else not", accept: "gzip;q=0, *", coding: "rot", fields: []string{vary}},
	{name: "any", accept: "*", coding: "rot", fields: []string{vary}},
	{name: "identity refused", accept: "gzip, identity;q=0", coding: "gzip"},
	{name: "identity refused, and nothing else", accept: "identity;q=0", fields: []string{vary}},
	{name: "identity liked better", accept: "gzip;q=0.5, identity", fields: []string{vary}},
	{name: "identity liked as well", accept: "gzip, identity", coding: "gzip"},
	{name: "identity liked less", accept: "gzip;q=0.5, identity;q=0.1", coding: "gzip"},
	{name: "the client's order of two", accept: "gzip;q=0.9, zstd;q=0.8", coding: "gzip"},
	{name: "nonsense for a weight", accept: "gzip;q=much", fields: []string{vary}},
	{name: "upper case", accept: "GZIP", coding: "gzip"},
	{name: "two fields", accept: "-", asked: []string{"Accept-Encoding: br", "accept-encoding: deflate"}, coding: "deflate"},

	{name: "two fields, the other way round", accept: "-", asked: []string{"Accept-Encoding: deflate", "accept-encoding: br"}, coding: "deflate"},

	{name: "length announced", by: written, coding: "gzip", fields: []string{vary}},
	{name: "length unknown", by: unknown, coding: "gzip", fields: []string{vary}},
	{name: "flushed", by: flushed, coding: "gzip", fields: []string{vary}},
	{name: "large", size: 300_000, coding: "gzip"},
	{name: "large, zstd", accept: "zstd", size: 300_000, coding: "zstd"},
	{name: "large, announced", size: 300_000, by: written, coding: "gzip"},
	{name: "large, announced, zstd alone", accept: "zstd", size: 300_000, by: written, fields: []string{vary}},
	{name: "large, unknown", size: 300_000, by: unknown, coding: "gzip"},
	{name: "large, unknown, zstd alone", accept: "zstd", size: 300_000, by: unknown, fields: []string{vary}},
	{name: "streamed, zstd alone", accept: "zstd", by: flushed, fields: []string{vary}},
	{name: "very large", size: 1<<20 + 1, coding: "gzip"},
	{name: "very large, zstd", accept: "zstd, gzip;q=0.1", size: 1<<20 + 1, coding: "gzip"},
	{name: "very large, zstd alone", accept: "zstd", size: 1<<20 + 1, fields: []string{vary}},
	{name: "as large as a piece", size: 64 << 10, by: written, accept: "zstd", coding: "zstd"},
	{name: "one byte larger", size: 64<<10 + 1, by: written, accept: "zstd"},

	{name: "small", size: 1023, fields: []string{"Vary:"}},
	{name: "just large enough", size: 1024, coding: "gzip"},
	{name: "small, announced", size: 1023, by: written, fields: []string{"Vary:"}},
	{name: "small, unknown", size: 1023, by: unknown, fields: []string{vary}},
	{name: "small, flushed", size: 100, by: flushed, coding: "gzip", fields: []string{vary}},
	{name: "empty", size: none, fields: []string{"Vary:"}},
	{name: "empty, unknown", size: none, by: unknown},
	{name: "empty, flushed", size: none, by: flushed, coding: "gzip"},

	{name: "no type", answered: []string{"X: y"}, fields: []string{"Vary:"}},
	{name: "an image", answered: []string{"Content-Type: image/png"}, fields: []string{"Vary:"}},
	{name: "a drawing", answered: []string{"Content-Type: IMAGE/SVG+XML ; charset=x"}, coding: "gzip"},
	{name: "encoded already", answered: []string{html, "Content-Encoding: br", `Etag: "x"`, "Accept-Ranges: bytes"},
		fields: []string{"Vary:", "Content-Encoding: br", `Etag: "x"`, "Accept-Ranges: bytes"}},
	{name: "identity by the handler", answered: []string{html, "content-encoding: identity"}, fields: []string{"Vary:"}},
	{name: "no-transform", answered: []string{html, "Cache-Control: max-age=5, No-Transform"}, fields: []string{"Vary:"}},
	{name: "a digest", answered: []string{html, "Content-Digest: sha-256=:AAAA:"}, fields: []string{"Vary:"}},
	{name: "an old digest", answered: []string{html, "content-md5: AAAA"}, fields: []string{"Vary:"}},

	{name: "Vary of another", answered: []string{html, "Vary: Origin"}, coding: "gzip", fields: []string{"Vary: Origin, Accept-Encoding"}},
	{name: "Vary twice", answered: []string{html, "Vary: Origin", "Vary: Cookie"}, coding: "gzip",
		fields: []string{"Vary: Origin, Cookie, Accept-Encoding"}},
	{name: "Vary is there", answered: []string{html, "Vary: Origin, accept-encoding"}, coding: "gzip",
		fields: []string{"Vary: Origin, accept-encoding"}},
	{name: "Vary is there, not compressed", accept: "-", answered: []string{html, "Vary: accept-encoding"},
		fields: []string{"Vary: accept-encoding"}},
	{name: "Vary on all", answered: []string{html, "Vary: *"}, coding: "gzip", fields: []string{"Vary: *"}},
	{name: "Vary is empty", answered: []string{html, "Vary: "}, coding: "gzip", fields: []string{vary}},

	{name: "strong tag", answered: []string{html, `ETag: "abc"`}, coding: "gzip", fields: []string{`Etag: W/"abc"`}},
	{name: "weak tag", answered: []string{html, `ETag: W/"abc"`}, coding: "gzip", fields: []string{`Etag: W/"abc"`}},
	{name: "strong tag, streamed", answered: []string{html, `ETag: "abc"`}, by: flushed, coding: "gzip", fields: []string{`Etag: W/"abc"`}},
	{name: "strong tag, not compressed", accept: "-", answered: []string{html, `ETag: "abc"`}, fields: []string{`Etag: "abc"`}},
	{name: "ranges", answered: []string{html, "Accept-Ranges: bytes"}, coding: "gzip", fields: []string{"Accept-Ranges:"}},
	{name: "ranges, not compressed", accept: "-", answered: []string{html, "Accept-Ranges: bytes"}, fields: []string{"Accept-Ranges: bytes"}},

	{name: "asked for a range, got it", asked: []string{"Range: bytes=0-4999"}, status: 206,
		answered: []string{html, "Content-Range: bytes 0-4999/9000", `ETag: "abc"`, "Accept-Ranges: bytes"},
		fields:   []string{vary, `Etag: "abc"`, "Content-Range: bytes 0-4999/9000", "Accept-Ranges: bytes"}},
	{name: "asked for ranges, got them", asked: []string{"Range: bytes=0-1,7-8"}, status: 206,
		answered: []string{"Content-Type: multipart/byteranges; boundary=x"}, fields: []string{vary}},
	{name: "a range of an image", asked: []string{"Range: bytes=0-1"}, status: 206,
		answered: []string{"Content-Type: image/png", "Content-Range: bytes 0-1/9"}, fields: []string{"Vary:"}},
	{name: "asked for a range, got the whole", asked: []string{"Range: bytes=0-1"}, answered: []string{html, `ETag: "abc"`},
		fields: []string{vary, `Etag: "abc"`}},

	{name: "not found", status: 404, coding: "gzip", fields: []string{vary}},
	{name: "failed", status: 500, by: unknown, coding: "gzip", fields: []string{vary}},
	{name: "no content", status: 204, size: none, fields: []string{"Vary:"}},
	{name: "reset content", status: 205, size: none, fields: []string{"Vary:"}},
	{name: "POST", method: "POST", coding: "gzip", fields: []string{vary}},
	{name: "CONNECT", method: "CONNECT", by: unknown, fields: []string{"Vary:"}},

	{name: "304 of the compressed", asked: []string{`If-None-Match: "x", W/"abc"`}, status: 304, size: none,
		answered: []string{`ETag: "abc"`}, fields: []string{`Etag: W/"abc"`, vary, "Content-Encoding:"}},
	{name: "304 of the other", asked: []string{`If-None-Match: "abc"`}, status: 304, size: none,
		answered: []string{`ETag: "abc"`}, fields: []string{`Etag: "abc"`, vary}},
	{name: "304 of both", asked: []string{`If-None-Match: "abc"`, `If-None-Match: W/"abc"`}, status: 304, size: none,
		answered: []string{`ETag: "abc"`}, fields: []string{`Etag: W/"abc"`}},
	{name: "304 of both, for who takes none", accept: "-", asked: []string{`If-None-Match: W/"abc","abc"`}, status: 304, size: none,
		answered: []string{`ETag: "abc"`}, fields: []string{`Etag: "abc"`}},
	{name: "304 of the compressed, for who takes none any more", accept: "-", asked: []string{`If-None-Match: W/"abc"`}, status: 304,
		size: none, answered: []string{`ETag: "abc"`}, fields: []string{`Etag: W/"abc"`}},
	{name: "304 of all", asked: []string{`If-None-Match: *`}, status: 304, size: none,
		answered: []string{`ETag: "abc"`, "Vary: Origin"}, fields: []string{`Etag: "abc"`, "Vary: Origin, Accept-Encoding"}},
}

// none is the size of no body.
const none = -1

// fill puts in what a case leaves to the defaults.
func (r response) fill() response {
	r.method, r.accept = cmp.Or(r.method, "GET"), cmp.Or(r.accept, "gzip")
	r.status, r.size = cmp.Or(r.status, 200), max(0, cmp.Or(r.size, 5000))
	if r.accept != "-" {
		r.asked = append([]string{"Accept-Encoding: " + r.accept}, r.asked...)
	}
	if r.answered == nil {
		r.answered = []string{html}
	}
	return r
}

func TestHandler_Responses(t *testing.T) {
	for _, tc := range responses {
		t.Run(tc.name, func(t *testing.T) {
			tc := tc.fill()
			body := text(tc.size)
			e := serve(compress.Options{Encoders: rotEncoders()}, tc.method, tc.asked, answer(tc.status, tc.answered, body, tc.by))
			if e.status != tc.status {
				t.Errorf("status %d, want %d", e.status, tc.status)
			}
			if before := header(tc.answered...); !before.Has("Content-Encoding") {
				if got := e.header.Get("Content-Encoding"); got != tc.coding {
					t.Fatalf("Content-Encoding is %q, want %q", got, tc.coding)
				}
			}
			if plain := decode(t, tc.coding, e.body); plain != body {
				t.Errorf("the body decodes to %d bytes, want %d, or to others", len(plain), len(body))
			}
			if e.length >= 0 && e.length != int64(len(e.body)) {
				t.Errorf("length %d was announced of %d", e.length, len(e.body))
			}
			if tc.coding != "" && tc.coding != "rot" && tc.size >= 1024 && len(e.body) > tc.size/2 {
				t.Errorf("%d bytes have become %d", tc.size, len(e.body))
			}
			if tc.by == whole && tc.size <= 1<<20 && e.length < 0 {
				t.Error("a whole body has lost its length")
			}
			checkFields(t, &e.header, tc.fields)
		})
	}
}

func checkFields(t *testing.T, h *httputil.Header, fields []string) {
	t.Helper()
	for _, f := range fields {
		name, want, _ := strings.Cut(f, ":")
		if got := strings.Join(h.Values(name), " | "); got != strings.TrimSpace(want) {
			t.Errorf("%s is %q, want %q", name, got, strings.TrimSpace(want))
		}
	}
}

// TestHandler_HEAD holds that HEAD tells what GET tells, but for a length that takes the body.
func TestHandler_HEAD(t *testing.T) {
	o := compress.Options{Encoders: rotEncoders()}
	for _, tc := range responses {
		if tc.method != "" || tc.status != 0 {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			tc := tc.fill()
			h := answer(200, tc.answered, text(tc.size), tc.by)
			get, head := serve(o, "GET", tc.asked, h), serve(o, "HEAD", tc.asked, h)
			wantSameHead(t, get, head)
			if tc.by == whole && tc.size <= 1<<20 && head.length < 0 {
				t.Errorf("HEAD tells no length, GET %d", get.length)
			}
			if tc.by == written {
				wantSameHead(t, get, serve(o, "HEAD", tc.asked, func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
					h := header(tc.answered...)
					w.WriteHead(200, "", &h, int64(tc.size)) // as http.ServeContent does
				}))
			}
		})
	}
}

func wantSameHead(t *testing.T, get, head *engine) {
	t.Helper()
	if !get.header.Equal(&head.header) {
		t.Errorf("HEAD has\n%sGET\n%s", head.header.Text(), get.header.Text())
	}
	if head.length >= 0 && head.length != get.length {
		t.Errorf("HEAD tells length %d, GET %d", head.length, get.length)
	}
}
