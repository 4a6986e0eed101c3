package httpserver_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"eddy/httpserver"
	"eddy/httputil"
)

// flood sends without reading until the server has had enough, and returns how it ended.
func (r *rawClient) flood(most int, send func(i int) error) (sent int, code http2.ErrCode, told bool) {
	r.t.Helper()
	type ending struct {
		code http2.ErrCode
		told bool
	}
	ended := make(chan ending, 1)
	go func() {
		code, told := r.ended()
		ended <- ending{code, told}
	}()
	for sent < most {
		if send(sent) != nil {
			break
		}
		sent++
	}
	if sent == most {
		r.conn.Close()
	}
	e := <-ended
	return sent, e.code, e.told
}

// Streams that are reset as soon as they are opened (CVE-2023-44487) do not make more handlers
// than MaxStreams, and a client that goes on has its connection ended.
func TestHTTP2_RapidResetIsBounded(t *testing.T) {
	t.Parallel() // for the second that a client has after a GOAWAY
	var running, most atomic.Int32
	p := newParked()
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		most.Store(max(most.Load(), running.Add(1)))
		<-p.release // it does not look at its context
		running.Add(-1)
	})
	s := serveHTTP2(t, h, httpserver.Options{MaxStreams: 10})
	r := s.raw(t)
	const tries = 100_000
	sent, code, told := r.flood(tries, func(i int) error {
		id := uint32(2*i + 1)
		if err := r.request(id, true, "GET", "/"); err != nil {
			return err
		}
		return r.WriteRSTStream(id, http2.ErrCodeCancel)
	})
	if sent == tries && !told || told && code != http2.ErrCodeEnhanceYourCalm {
		t.Errorf("%d streams were reset before the end; GOAWAY %v, %v", sent, told, code)
	}
	if n := most.Load(); n > 10 {
		t.Errorf("%d handlers at once", n)
	}
	close(p.release)
	s.wantConnections(0)
}

// A head that does not end (CVE-2023-45288) costs neither memory nor its decoding for ever.
func TestHTTP2_ContinuationFloodIsBounded(t *testing.T) {
	t.Parallel() // for the second that a client has after a GOAWAY
	s := serveHTTP2(t, echo, httpserver.Options{})
	r := s.raw(t)
	r.must(r.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: r.fields("GET", "/")}))
	r.head.Reset()
	for range 100 {
		r.enc.WriteField(hpack.HeaderField{Name: "x-flood", Value: strings.Repeat("x", 100)})
	}
	fragment := r.head.Bytes()
	const tries = 100_000
	if sent, _, _ := r.flood(tries, func(int) error { return r.WriteContinuation(1, false, fragment) }); sent == tries {
		t.Error("the connection took all of it")
	}
	s.wantConnections(0)
}

// Frames that cost their sender nothing, and the server an answer each: a client that does not
// read the answers has its connection ended, and meanwhile costs no more than 10,000 of them.
func TestHTTP2_AFloodThatNobodyReadsTheAnswersTo(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{WriteTimeout: time.Second})
	r := s.raw(t)
	var pings bytes.Buffer
	f := http2.NewFramer(&pings, nil)
	for range 1000 {
		r.must(f.WritePing(false, [8]byte{}))
	}
	before, most := heap(), uint64(0)
	const tries = 10_000
	sent := 0
	for ; sent < tries; sent++ {
		if _, err := r.conn.Write(pings.Bytes()); err != nil {
			break
		}
		if sent%100 == 0 {
			most = max(most, heap())
		}
	}
	if sent == tries || most > before+(8<<20) {
		t.Errorf("%d,000 frames were sent; the heap grew from %d to %d bytes", sent, before, most)
	}
	s.wantConnections(0)
}

// Frames without content, and priorities that mean nothing, cost no memory.
func TestHTTP2_EmptyFramesCostNoMemory(t *testing.T) {
	p := newParked()
	s := serveHTTP2(t, p, httpserver.Options{})
	r := s.raw(t)
	r.must(r.request(1, false, "POST", "/"))
	<-p.begun
	before := heap()
	for i := range 20_000 {
		r.must(r.WriteSettings()) // of which some are acknowledged together
		r.must(r.WriteData(1, false, nil))
		r.must(r.WritePriority(uint32(2*i+3), http2.PriorityParam{Weight: 1}))
	}
	r.must(r.WritePing(false, [8]byte{}))
	if r.await(func(f http2.Frame) bool { p, ok := f.(*http2.PingFrame); return ok && p.IsAck() }) == nil {
		t.Error("the connection has ended") // it may, but then this says nothing
	}
	if after := heap(); after > before+(2<<20) {
		t.Errorf("the heap has grown from %d to %d bytes", before, after)
	}
	close(p.release)
}

// A body that no handler reads fills its window, and no more.
func TestHTTP2_UnreadBodiesAreBounded(t *testing.T) {
	p := newParked()
	s := serveHTTP2(t, p, httpserver.Options{})
	r := s.raw(t)
	windows := map[uint32]int{0: 65535}
	r.await(func(f http2.Frame) bool {
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if v, ok := f.Value(http2.SettingInitialWindowSize); ok {
				windows[1] = int(v)
			}
			if v, ok := f.Value(http2.SettingMaxFrameSize); !f.IsAck() && (!ok || v != 16<<10) {
				t.Errorf("frames of %d bytes", v)
			}
		case *http2.WindowUpdateFrame:
			windows[f.StreamID] += int(f.Increment)
		}
		return len(windows) == 2 && windows[0] > 65535
	})
	if windows[0] != 1<<20 || windows[1] != 256<<10 {
		t.Errorf("windows of %d and %d bytes", windows[0], windows[1])
	}
	r.must(r.request(1, false, "POST", "/"))
	<-p.begun
	for range windows[1] >> 14 {
		r.must(r.WriteData(1, false, make([]byte, 16<<10)))
	}
	r.must(r.WriteData(1, false, []byte("x")))
	if f := r.await(isReset(1)); f == nil || f.(*http2.RSTStreamFrame).ErrCode != http2.ErrCodeFlowControl {
		t.Errorf("beyond the window: %v", f)
	}
}

// What the engine says of clients that break the protocol goes to the server's log, some of it.
func TestHTTP2_TheLogIsBounded(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	for range 50 {
		r := s.raw(t)
		r.must(r.WriteData(1, false, []byte("secret")))
		f := r.await(func(f http2.Frame) bool { _, ok := f.(*http2.GoAwayFrame); return ok })
		if f == nil || f.(*http2.GoAwayFrame).ErrCode != http2.ErrCodeProtocol {
			t.Fatalf("GOAWAY %v", f)
		}
		r.conn.Close()
	}
	log := s.logs.Take()
	if n := strings.Count(log, "\n"); n != strings.Count(log, "level=INFO") || n == 0 || n > 20 || strings.Contains(log, "secret") {
		t.Errorf("%d lines: %s", n, log)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
