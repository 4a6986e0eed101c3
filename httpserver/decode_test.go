package httpserver_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/nethttp"
)

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func deflated(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func post(coding, body string) string {
	return fmt.Sprintf("POST /a HTTP/1.1\r\nHost: h\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(body), body)
}

// chunks is post with a chunked body, in chunks of one byte.
func chunks(coding, body string) string {
	s := "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Encoding: " + coding + "\r\n\r\n"
	for i := range len(body) {
		s += "1\r\n" + body[i:i+1] + "\r\n"
	}
	return s + "0\r\n\r\n"
}

var decodes = httpserver.Options{DecompressRequests: true}

func TestDecompress_DeliversWhatWasCompressed(t *testing.T) {
	long := strings.Repeat("all work and no play ", 500)
	for _, tt := range []struct{ name, request, want string }{
		{"gzip", post("gzip", zipped("hello")), "hello"},
		{"x-gzip in any case", post("\tX-GZip ", zipped("hello")), "hello"},
		{"deflate", post("Deflate", deflated("hello")), "hello"},
		{"nothing, compressed", post("gzip", zipped("")), ""},
		{"long", post("gzip", zipped(long)), long},
		{"chunked", chunks("gzip", zipped(long)), long},
		{"chunked deflate", chunks("deflate", deflated(long)), long},
		{"several members", post("gzip", zipped("one ")+zipped("")+zipped("two")), "one two"},
		{"64 empty members", post("gzip", strings.Repeat(zipped(""), 64)+zipped("x")), "x"},
		{"not compressed", post("identity", "hello"), "hello"},
		{"another coding is the handler's", post("br", "hello"), "hello"},
		{"zstd is the handler's", post("zstd", "hello"), "hello"},
		{"two codings are the handler's", post("gzip, gzip", "hello"), "hello"},
		{"no body", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, echo, decodes, func(h *harness) {
				for _, piece := range []int{1 << 20, 7} {
					p := h.connect()
					for range 2 { // on one connection
						got := ""
						for s := tt.request; s != ""; {
							n := min(piece, len(s))
							got += h.send(p, s[:n])
							s = s[n:]
						}
						if got != ok("POST /a "+tt.want) {
							t.Errorf("in pieces of %d: %.200q", piece, got)
						}
					}
				}
			})
		})
	}
}

func TestDecompress_TheTrailerComesBehind(t *testing.T) {
	last := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		body, err := io.ReadAll(r.Body)
		respond(w, 200, fmt.Sprintf("%s %v %s", body, err, r.Trailer.Get("X-Sum")))
	})
	for coding, body := range map[string]string{"gzip": zipped("hello"), "deflate": deflated("hello")} {
		bubble(t, last, decodes, func(h *harness) {
			request := strings.TrimSuffix(chunks(coding, body), "\r\n") + "X-Sum: 42\r\n\r\n"
			p := h.connect()
			for range 2 {
				if got := h.send(p, request); got != ok("hello <nil> 42") {
					t.Errorf("%s: %q", coding, got)
				}
			}
		})
	}
}

func TestDecompress_OnlyByOption(t *testing.T) {
	body := zipped("hello")
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		if got := h.send(h.connect(), post("gzip", body)); got != ok("POST /a "+body) {
			t.Errorf("%q", got)
		}
	})
}

func TestDecompress_TellsHandlersWhatItDid(t *testing.T) {
	fields := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, fmt.Sprintf("%q %q %q %d", r.Header.Values("Content-Encoding"),
			r.Header.Values("X-Consumed-Content-Encoding"), r.Header.Values("Content-Length"), r.ContentLength))
	})
	bubble(t, fields, decodes, func(h *harness) {
		for _, tt := range []struct{ request, want string }{
			{post("GZIP\r\nX-Consumed-Content-Encoding: lie", zipped("x")), `[] ["GZIP"] [] -1`},
			{post("br\r\nX-Consumed-Content-Encoding: gzip", "xyz"), `["br"] [] ["3"] 3`},
			{post("gzip\r\nContent-Encoding: gzip", "xyz"), `["gzip" "gzip"] [] ["3"] 3`},
		} {
			if got := h.send(h.connect(), tt.request); !strings.HasSuffix(got, "\r\n"+tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		}
	})
	mounted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v %d %v", body, err, r.ContentLength, r.Header)
	})
	bubble(t, nethttp.Handler(mounted), decodes, func(h *harness) {
		if got := h.send(h.connect(), post("gzip", zipped("hello"))); !strings.HasSuffix(got, "\r\nhello <nil> -1 map[X-Consumed-Content-Encoding:[gzip]]") {
			t.Errorf("%q", got)
		}
	})
}

// faults answers with the kind of error that a body has ended in, and how much came before.
var faults = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	body, err := io.ReadAll(r.Body)
	_, again := r.Body.Read(make([]byte, 1))
	kind := "none"
	for name, known := range map[string]error{"malformed": httputil.ErrBodyMalformed, "too large": httputil.ErrBodyTooLarge, "late": httputil.ErrBodyTimeout} {
		if errors.Is(err, known) {
			kind = name
		}
	}
	respond(w, 200, fmt.Sprintf("%s %d %v", kind, len(body), err == nil && again == io.EOF || errors.Is(again, err)))
})

func TestDecompress_RefusesWhatIsMalformed(t *testing.T) {
	good, zlibbed := zipped("hello hello hello"), deflated("hello hello hello")
	var raw bytes.Buffer
	fw, _ := flate.NewWriter(&raw, 1)
	io.WriteString(fw, "hello")
	fw.Close()
	for _, tt := range []struct {
		name, coding, body string
		came               int
	}{
		{"plain text", "gzip", "hello", 0},
		{"a head cut short", "gzip", good[:7], 0},
		{"data cut short", "gzip", good[:14], -1},
		{"no checksum", "gzip", good[:len(good)-8], 17},
		{"half a checksum", "gzip", good[:len(good)-5], 17},
		{"a wrong checksum", "gzip", good[:len(good)-8] + "\x00" + good[len(good)-7:], 17},
		{"a wrong length", "gzip", good[:len(good)-1] + "\x01", 17},
		{"text behind it", "gzip", good + "x", 17},
		{"zeros behind it", "gzip", good + strings.Repeat("\x00", 100), 17},
		{"a second member cut short", "gzip", good + good[:12], -1},
		{"zlib for gzip", "gzip", zlibbed, 0},
		{"65 empty members", "gzip", strings.Repeat(zipped(""), 66), 0},
		{"gzip for zlib", "deflate", good, 0},
		{"raw for zlib", "deflate", raw.String(), 0},
		{"zlib cut short", "deflate", zlibbed[:len(zlibbed)-1], 17},
		{"zlib, a wrong checksum", "deflate", zlibbed[:len(zlibbed)-1] + "\x00", 17},
		{"zlib, bytes behind it", "deflate", zlibbed + "x", 17},
		{"zlib twice", "deflate", zlibbed + zlibbed, 17},
		{"zlib with a dictionary", "deflate", "\x78\xbb\x00\x00\x00\x01", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, faults, decodes, func(h *harness) {
				got := h.send(h.connect(), post(tt.coding, tt.body))
				var kind string
				var came int
				var sticky bool
				fmt.Sscan(got[strings.LastIndexByte(got, '\n')+1:], &kind, &came, &sticky)
				if kind != "malformed" || tt.came >= 0 && came != tt.came || !sticky {
					t.Errorf("%q", got)
				}
			})
		})
	}
}

// An empty chunked body is no compressed nothing.
func TestDecompress_AnEmptyBodyIsMalformed(t *testing.T) {
	bubble(t, faults, decodes, func(h *harness) {
		if got := h.send(h.connect(), chunks("gzip", "")); got != ok("malformed 0 true") {
			t.Errorf("%q", got)
		}
	})
}

func TestDecompress_BoundsWhatComesOut(t *testing.T) {
	const limit = 10_000
	o := httpserver.Options{DecompressRequests: true, Limits: http1.Limits{Body: limit}}
	for n, want := range map[int]string{limit - 1: "none 9999 true", limit: "none 10000 true", limit + 1: "too large 10000 true", 100 * limit: "too large 10000 true"} {
		bubble(t, faults, o, func(h *harness) {
			for _, body := range []string{zipped(strings.Repeat("x", n)), zipped("x") + zipped(strings.Repeat("x", n-1))} {
				if got := h.send(h.connect(), post("gzip", body)); got != ok(want) {
					t.Errorf("%d bytes: %q", n, got)
				}
			}
		})
	}
	o.Limits.Body = -1
	bubble(t, faults, o, func(h *harness) {
		if got := h.send(h.connect(), post("gzip", zipped(strings.Repeat("x", 1_000_000)))); got != ok("none 1000000 true") {
			t.Errorf("without a limit: %q", got)
		}
	})
}

// adjustable is a body whose limits a handler may set.
type adjustable struct {
	io.ReadCloser
	limit   int64
	timeout time.Duration
}

func (a *adjustable) SetMaxBody(n int64) error             { a.limit = n; return nil }
func (a *adjustable) SetBodyTimeout(d time.Duration) error { a.timeout = d; return nil }

func TestDecompress_LimitsOfOneRequest(t *testing.T) {
	for _, tt := range []struct {
		limit    int64
		want     int
		inner    int64
		tooLarge bool
	}{{5, 5, 1029, true}, {10_000, 10_000, 11_033, false}, {math.MaxInt64, 10_000, math.MaxInt64, false}, {-1, 10_000, -1, false}} {
		inner := &adjustable{ReadCloser: io.NopCloser(strings.NewReader(zipped(strings.Repeat("x", 10_000))))}
		r := &httputil.Request{Method: "POST", ContentLength: -1, Body: inner}
		r.Header.Append("Content-Encoding", "gzip")
		httpserver.InFrontOf(httpserver.Options{DecompressRequests: true, Limits: http1.Limits{Body: 100}}, handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			b := r.Body.(interface {
				SetMaxBody(int64) error
				SetBodyTimeout(time.Duration) error
			})
			if err := errors.Join(b.SetMaxBody(tt.limit), b.SetBodyTimeout(time.Minute)); err != nil {
				t.Error(err)
			}
			if n, err := r.Body.Read(nil); n != 0 || err != nil {
				t.Errorf("a read of nothing: %d, %v", n, err)
			}
			got, err := io.ReadAll(r.Body)
			if len(got) != tt.want || errors.Is(err, httputil.ErrBodyTooLarge) != tt.tooLarge {
				t.Errorf("limit %d: %d bytes, %v", tt.limit, len(got), err)
			}
		})).ServeRequest(t.Context(), nil, r)
		if inner.limit != tt.inner || inner.timeout != time.Minute {
			t.Errorf("limit %d: the body has %d, %v", tt.limit, inner.limit, inner.timeout)
		}
	}
}

func TestDecompress_AsTheHandlerReads(t *testing.T) {
	reader := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, "early")
	})
	bubble(t, reader, decodes, func(h *harness) {
		p := h.connect()
		// Who does not read the body does not ask for it.
		got := h.send(p, "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Encoding: gzip\r\nContent-Length: 300\r\n\r\n")
		if strings.Contains(got, "100 Continue") || !strings.HasSuffix(got, "\r\nearly") {
			t.Errorf("%q", got)
		}
		if _, ended := p.Closed(); !ended {
			t.Error("the connection goes on, though a body may follow")
		}
		p.CloseWrite()
		p = h.connect()
		if got := h.send(p, post("gzip", zipped("unread"))) + h.send(p, get); got != ok("early")+ok("early") {
			t.Errorf("a body that nobody reads: %q", got)
		}
	})
	bubble(t, echo, decodes, func(h *harness) {
		p := h.connect()
		body := zipped("hello")
		head := fmt.Sprintf("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(body))
		if got := h.send(p, head); got != "HTTP/1.1 100 Continue\r\n\r\n" {
			t.Errorf("%q", got)
		}
		if got := h.send(p, body); got != ok("POST /a hello") {
			t.Errorf("%q", got)
		}
	})
}

func TestDecompress_FaultsOfTheConnectionStayWhatTheyAre(t *testing.T) {
	body := zipped("hello")
	bubble(t, faults, decodes, func(h *harness) {
		slow, gone := h.connect(), h.connect()
		half := post("gzip", body)
		half = half[:len(half)-4]
		slow.Send(half)
		gone.Send(half)
		gone.CloseWrite()
		if got := h.take(gone); !strings.HasSuffix(got, "\r\nmalformed 5 true") {
			t.Errorf("cut off: %q", got)
		}
		time.Sleep(httpserver.DefaultBodyTimeout + time.Second)
		if got := h.take(slow); !strings.HasSuffix(got, "\r\nlate 5 true") {
			t.Errorf("late: %q", got)
		}
	})
}

// Codecs are recycled. A goroutine that goes on reading when its request is over must never see
// another's body; nor may it break that.
func TestDecompress_LateReadersSeeNothingOfOthers(t *testing.T) {
	var late sync.WaitGroup
	text := func(i int) string { return strings.Repeat(fmt.Sprintf("%04d ", i), 2000) }
	serve := httpserver.InFrontOf(decodes, handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		buf := make([]byte, 5000)
		n, err := io.ReadFull(r.Body, buf)
		if err != nil || string(buf[:n]) != text(len(r.Path))[:n] {
			t.Errorf("request %d: %v, %.20q", len(r.Path), err, buf)
		}
		if len(r.Path)%3 == 0 {
			return
		}
		late.Go(func() {
			rest, err := io.ReadAll(r.Body)
			if !strings.HasPrefix(text(len(r.Path))[n:], string(rest)) {
				t.Errorf("request %d: %v, then %.20q", len(r.Path), err, rest)
			}
			if _, err := r.Body.Read(buf); err == nil {
				t.Errorf("request %d: a read after its end", len(r.Path))
			}
		})
		if len(r.Path)%3 == 1 {
			r.Body.Close()
		}
	}))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 40 {
				number := i*40 + j
				r := &httputil.Request{Method: "POST", Path: strings.Repeat("x", number), ContentLength: -1,
					Body: io.NopCloser(strings.NewReader(zipped(text(number))))}
				r.Header.Append("Content-Encoding", "gzip")
				serve.ServeRequest(t.Context(), nil, r)
			}
		})
	}
	all.Wait()
	late.Wait()
}
