package compress_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

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

// streamMemory returns how many bytes an open stream holds.
func streamMemory(streams int) int {
	c := compress.New(compress.Options{})
	r := &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")}
	all := make([]*compress.Writer, streams)
	openStream(c, r) // so that encoders are there
	before := heap()
	for i := range all {
		all[i] = openStream(c, r)
	}
	after := heap()
	runtime.KeepAlive(all)
	runtime.KeepAlive(c)
	return (int(after) - int(before)) / streams
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
	if each := streamMemory(1000); each > 4<<10 {
		t.Errorf("an open stream holds %d bytes", each)
	}
}

// BenchmarkOpenStream has the memory that one holds.
func BenchmarkOpenStream(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(float64(streamMemory(5000)), "held-B/stream")
	}
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
				for b.Loop() {
					w := c.Writer(discard{}, r)
					w.Respond(200, "", &h, body)
					w.End()
				}
			})
		}
	}
}

// BenchmarkEvent sends events of 150 bytes, flushed one by one.
func BenchmarkEvent(b *testing.B) {
	c := compress.New(compress.Options{})
	event := json(150)
	w := openStream(c, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")})
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		w.Write(event)
		w.Flush()
	}
}

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
