package compress_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"eddy/httputil"
	"eddy/httputil/compress"
)

// openStream is a stream that has sent a first event and waits for the next one.
func openStream(c *compress.Compressor, r *httputil.Request) *compress.Writer {
	w := c.Writer(discard{}, r)
	h := header("Content-Type: text/event-stream")
	w.WriteHead(200, "", &h, -1)
	io.WriteString(w, text(5000))
	w.Flush()
	return w
}

// discard is an engine that keeps nothing.
type discard struct{}

func (discard) WriteHead(int, string, *httputil.Header, int64) error { return nil }
func (discard) Write(p []byte) (int, error)                          { return len(p), nil }
func (discard) Flush() error                                         { return nil }
func (discard) Finish() error                                        { return nil }
func (discard) SetTrailer(*httputil.Header) error                    { return nil }

// memoryOf returns how many bytes one of many holds.
func memoryOf[T any](many int, open func() T) int {
	all := make([]T, many)
	open() // so that what they share is there
	before := heap()
	for i := range all {
		all[i] = open()
	}
	after := heap()
	runtime.KeepAlive(all)
	return (int(after) - int(before)) / many
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // the second empties what the first has left in the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestWriter_OpenStreamsAreSmall holds that a stream that waits has no encoder, which would be a
// hundred times as large, nor a buffer.
func TestWriter_OpenStreamsAreSmall(t *testing.T) {
	c := compress.New(compress.Options{})
	r := &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")}
	if each := memoryOf(1000, func() *compress.Writer { return openStream(c, r) }); each > 4<<10 {
		t.Errorf("an open stream holds %d bytes", each)
	}
	runtime.KeepAlive(c)
}

// BenchmarkOpenStream has the memory that one holds, and what it would be with an encoder for each.
func BenchmarkOpenStream(b *testing.B) {
	report := func(name string, of func() int) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(of())/1024, "KiB/stream")
			}
		})
	}
	c := compress.New(compress.Options{})
	r := &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")}
	report("here", func() int { return memoryOf(1000, func() *compress.Writer { return openStream(c, r) }) })
	held := func(open func() flusher) func() int {
		return func() int {
			return memoryOf(20, func() flusher {
				w := open()
				io.WriteString(w, text(5000))
				w.Flush()
				return w
			})
		}
	}
	report("gzip_encoder", held(func() flusher { return newGzip(io.Discard) }))
	report("zstd_encoder", held(func() flusher { return newZstd(io.Discard) }))
}

type flusher interface {
	io.Writer
	Flush() error
}

// json is of the size that an API answers with.
func json(n int) []byte {
	b := []byte("[")
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, `{"id":%d,"name":"user-%d","email":"user%d@example.org","balance":%d.%02d,"active":%t},`,
			i*7919%100003, i*31%997, i*31%997, i*i%9973, i*13%100, i%3 == 0)
	}
	return b[:n]
}

func BenchmarkRespond(b *testing.B) {
	for _, coding := range []string{"identity", "gzip", "deflate", "zstd"} {
		for _, size := range []int{2 << 10, 10 << 10, 100 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%dKiB", coding, size>>10), func(b *testing.B) {
				c, body := compress.New(compress.Options{}), json(size)
				r := &httputil.Request{Method: "GET", Header: header("Accept-Encoding: " + coding)}
				h := header("Content-Type: application/json", `Etag: "abc"`, "Server: Eddy")
				b.SetBytes(int64(size))
				b.ReportAllocs()
				e, n := new(counter), 0
				for b.Loop() {
					w := c.Writer(e, r)
					w.Respond(200, "", &h, body)
					w.End()
					n += size
				}
				b.ReportMetric(float64(e.n)/float64(n)*100, "%")
			})
		}
	}
}

// BenchmarkEvent sends events of some 110 bytes, flushed one by one, and has what becomes of them; also
// what encoders do that are held for the whole of a stream.
func BenchmarkEvent(b *testing.B) {
	run := func(name string, open func(to *counter) flusher) {
		b.Run(name, func(b *testing.B) {
			to, size := new(counter), 0
			w := open(to)
			var event []byte
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				event = appendEvent(event[:0], i)
				w.Write(event)
				w.Flush()
				size += len(event)
			}
			b.ReportMetric(float64(to.n)/float64(size)*100, "%")
		})
	}
	run("here", func(to *counter) flusher {
		w := compress.New(compress.Options{}).Writer(to, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")})
		h := header("Content-Type: text/event-stream")
		w.WriteHead(200, "", &h, -1)
		return w
	})
	run("gzip_encoder", func(to *counter) flusher { return newGzip(to) })
	run("zstd_encoder", func(to *counter) flusher { return newZstd(to) })
}

func appendEvent(b []byte, i int) []byte {
	const format = "event: update\ndata: {\"id\":%d,\"symbol\":\"AB%d\",\"price\":%d.%02d,\"volume\":%d,\"time\":\"2026-11-21T10:%02d:%02dZ\"}\n\n"
	return fmt.Appendf(b, format, i, i*7919%31, i*7919%997, i*31%100, i*7919%100003, i/60%60, i%60)
}

func newGzip(to io.Writer) flusher {
	w, err := gzip.NewWriterLevel(to, compress.DefaultLevel)
	if err != nil {
		panic(err)
	}
	return w
}

func newZstd(to io.Writer) flusher {
	w, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))
	if err != nil {
		panic(err)
	}
	return w
}

// counter is an engine that counts.
type counter struct {
	discard
	n int
}

func (c *counter) Write(p []byte) (int, error) { c.n += len(p); return len(p), nil }

// TestRespond_Allocations holds that a response costs the writer, and for its tag and its Accept-Encoding the strings.
func TestRespond_Allocations(t *testing.T) {
	c, body := compress.New(compress.Options{}), json(10<<10)
	h := header("Content-Type: application/json")
	for coding, most := range map[string]float64{"gzip": 3, "zstd": 3, "identity": 3} {
		r := &httputil.Request{Method: "GET", Header: header("Accept-Encoding: " + coding)}
		least := 100.0
		for range 20 { // the race detector empties pools
			least = min(least, testing.AllocsPerRun(1, func() {
				w := c.Writer(discard{}, r)
				w.Respond(200, "", &h, body)
				w.End()
			}))
		}
		if least > most {
			t.Errorf("%s: %v allocations, want at most %v", coding, least, most)
		}
	}
}
