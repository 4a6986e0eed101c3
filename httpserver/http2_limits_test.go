package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
)

// What HTTP/1 refuses before a handler sees it, HTTP/2 refuses too, and by the same status.
func TestHTTP2_LimitsOfHeads(t *testing.T) {
	limits := http1.Limits{RequestLine: 200, HeaderBytes: 4000, HeaderFields: 20, Body: 100}
	s := serveHTTP2(t, echo, httpserver.Options{Limits: limits})
	c, url := s.client(true)
	for _, tc := range []struct {
		name       string
		path, body string
		fields     int
		value      string
		want       int
	}{
		{"all of it", "/" + strings.Repeat("x", 150), strings.Repeat("x", 100), 15, "x", 200},
		{"a long path", "/" + strings.Repeat("x", 200), "", 0, "", 414},
		{"many fields", "/", "", 30, "x", 431},
		{"a long body", "/", strings.Repeat("x", 101), 0, "", 413},
	} {
		req, _ := http.NewRequest("POST", url+tc.path, strings.NewReader(tc.body))
		for i := range tc.fields {
			req.Header.Add(fmt.Sprint("X-", i), tc.value)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if mustRead(t, resp); resp.StatusCode != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, resp.StatusCode, tc.want)
		}
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections: the one should have gone on", n)
	}
	r := s.raw(t) // a proper client does not even send that much
	r.must(r.request(1, true, "GET", "/", "x-long", strings.Repeat("x", 3000), "x-longer", strings.Repeat("x", 3000)))
	if f := r.await(isHeaders(1)); f == nil || f.(*http2.MetaHeadersFrame).PseudoValue("status") != "431" {
		t.Errorf("long fields: %v", f)
	}
	if log := s.logs.Take(); strings.Count(log, "malformed request") != 2 || strings.Contains(log, "xxx") {
		t.Error(log)
	}
}

// bodyOf is a handler that tells how reading the body ended.
func bodyOf(errs chan<- error) httputil.Handler {
	return handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		errs <- err
		respond(w, 200, "answered")
	})
}

func TestHTTP2_BodiesWithoutALengthHaveTheirLimit(t *testing.T) {
	errs := make(chan error, 1)
	read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if n > 100 {
			err = fmt.Errorf("%d bytes came", n)
		}
		errs <- err
	})
	for _, h := range []any{bodyOf(errs), read} {
		s := serveHTTP2(t, h, httpserver.Options{Limits: http1.Limits{Body: 100}})
		c, url := s.client(true)
		for n, want := range map[int]error{100: nil, 101: httputil.ErrBodyTooLarge, 100_000: httputil.ErrBodyTooLarge} {
			resp, err := c.Post(url, "", io.MultiReader(strings.NewReader(strings.Repeat("x", n))))
			if err != nil {
				t.Fatal(err)
			}
			mustRead(t, resp)
			var standard *http.MaxBytesError
			if err := <-errs; !errors.Is(err, want) || want != nil && !errors.As(err, &standard) {
				t.Errorf("%T, %d bytes: %v", h, n, err)
			}
		}
	}
}

func TestHTTP2_SlowBodies(t *testing.T) {
	errs := make(chan error, 1)
	o := httpserver.Options{BodyTimeout: 50 * time.Millisecond, MinBodyRate: 10_000}
	s := serveHTTP2(t, bodyOf(errs), o)
	r := s.raw(t)
	r.must(r.request(1, false, "POST", "/stalls"))
	if err := <-errs; !errors.Is(err, httputil.ErrBodyTimeout) {
		t.Errorf("a body that does not come: %v", err)
	}
	if r.await(isHeaders(1)) == nil {
		t.Error("no answer to it")
	}
	r.must(r.request(3, false, "POST", "/trickles"))
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				r.WriteData(3, false, []byte("x"))
			}
		}
	}()
	if err := <-errs; !errors.Is(err, httputil.ErrBodyTimeout) {
		t.Errorf("a body that comes too slowly: %v", err)
	}
	close(stop)
}

// A client that breaks its promise, resets the stream or leaves is told apart.
func TestHTTP2_BodiesThatEndBadly(t *testing.T) {
	begun, errs := make(chan struct{}), make(chan error, 1)
	read := bodyOf(errs)
	s := serveHTTP2(t, handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		begun <- struct{}{}
		read.ServeRequest(ctx, w, r)
	}), httpserver.Options{})
	for name, tc := range map[string]struct {
		do   func(r *rawClient)
		want error
	}{
		"more than announced": {func(r *rawClient) { r.WriteData(1, false, []byte("123456")) }, httputil.ErrBodyMalformed},
		"less than announced": {func(r *rawClient) { r.WriteData(1, true, []byte("1234")) }, httputil.ErrBodyMalformed},
		"reset":               {func(r *rawClient) { r.WriteRSTStream(1, http2.ErrCodeCancel) }, httputil.ErrClosed},
		"gone":                {func(r *rawClient) { r.conn.Close() }, httputil.ErrClosed},
	} {
		r := s.raw(t)
		r.must(r.request(1, false, "POST", "/", "content-length", "5"))
		<-begun
		tc.do(r)
		if err := <-errs; !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		r.conn.Close()
	}
}

func TestHTTP2_AClosedBodyIsNotReadOn(t *testing.T) {
	errs := make(chan error, 1)
	s := serveHTTP2(t, handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		r.Body.Close()
		_, err := r.Body.Read(make([]byte, 1))
		errs <- err
		respond(w, 200, "")
	}), httpserver.Options{})
	c, url := s.client(false)
	resp, err := c.Post(url, "", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	mustRead(t, resp)
	if err := <-errs; err == nil || err == io.EOF || errors.Is(err, httputil.ErrClosed) {
		t.Errorf("a closed body: %v", err)
	}
}

// A client that opens no window gets its stream reset, however much or little is waiting for it.
func TestHTTP2_ClientsThatTakeNothing(t *testing.T) {
	t.Parallel() // for its time, which is long enough for a reset to leave before the connection is cut
	errs := make(chan error, 10)
	h := handlerFunc(func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var none httputil.Header
		w.WriteHead(200, "", &none, -1)
		n := 100
		if r.Path == "/much" {
			n = 1 << 20
		}
		_, err := w.Write(make([]byte, n))
		if r.Path == "/flush" {
			err = w.Flush()
		}
		errs <- err
	})
	s := serveHTTP2(t, h, httpserver.Options{WriteTimeout: 500 * time.Millisecond})
	r := s.raw(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	for i, path := range []string{"/much", "/flush"} {
		id := uint32(2*i + 1)
		r.must(r.request(id, true, "GET", path))
		if err := <-errs; !errors.Is(err, httputil.ErrClosed) {
			t.Errorf("%s: %v", path, err)
		}
		if r.await(isReset(id)) == nil {
			t.Fatalf("%s: the connection has ended, the stream was not reset", path)
		}
	}
	r.must(r.request(5, true, "GET", "/little"))
	if err := <-errs; err != nil {
		t.Error(err)
	}
	r.ended() // the handler has returned: nobody else watches over the stream
	s.wantConnections(0)

	r = s.raw(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	long := strings.Repeat("x", http1.DefaultHeaderBytes)
	fragment := append([]byte{}, r.fields("GET", "/", "x", long)...)
	r.must(r.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fragment[:16000], EndStream: true}))
	for fragment = fragment[16000:]; len(fragment) > 16000; fragment = fragment[16000:] {
		r.must(r.WriteContinuation(1, false, fragment[:16000]))
	}
	r.must(r.WriteContinuation(1, true, fragment))
	r.ended() // this was answered by a handler of the engine's own
	s.wantConnections(0)
}

// A client that reads slowly, but does, gets everything, though all of it takes longer than WriteTimeout.
func TestHTTP2_ClientsThatTakeTheirTime(t *testing.T) {
	t.Parallel()
	const window, size = 8 << 10, 160 << 10
	s := serveHTTP2(t, handlerFunc(func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
		respond(w, 200, strings.Repeat("x", size))
	}), httpserver.Options{WriteTimeout: 3 * time.Second}) // so much for a busy machine
	r := s.raw(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	r.must(r.request(1, true, "GET", "/"))
	for got := 0; got < size; {
		r.must(r.WriteWindowUpdate(0, window))
		r.must(r.WriteWindowUpdate(1, window))
		for most := got + window; got < most; {
			f := r.await(func(f http2.Frame) bool {
				_, ok := f.(*http2.DataFrame)
				return ok || isReset(1)(f)
			})
			d, ok := f.(*http2.DataFrame)
			if !ok {
				t.Fatalf("%d of %d bytes, and %v", got, size, f)
			}
			got += len(d.Data())
		}
		time.Sleep(180 * time.Millisecond)
	}
}

func TestHTTP2_IdleConnectionsEnd(t *testing.T) {
	t.Parallel() // for the second that a client has after a GOAWAY
	s := serveHTTP2(t, echo, httpserver.Options{IdleTimeout: 50 * time.Millisecond})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/"))
	if code, told := r.ended(); !told || code != http2.ErrCodeNo {
		t.Errorf("GOAWAY %v, %v", told, code)
	}
	s.wantConnections(0)
}

func TestHTTP2_NoKeepAlive(t *testing.T) {
	t.Parallel() // for the second that a client has after a GOAWAY
	s := serveHTTP2(t, echo, httpserver.Options{NoKeepAlive: true})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/"))
	var got []string
	r.await(func(f http2.Frame) bool {
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			got = append(got, fmt.Sprint("GOAWAY ", f.LastStreamID, " ", f.ErrCode))
		case *http2.DataFrame:
			got = append(got, string(f.Data()))
		}
		return false
	})
	slices.Sort(got)
	if want := []string{"GET / ", "GOAWAY 1 NO_ERROR"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHTTP2_MaxStreamsAreToldAndKept(t *testing.T) {
	p := newParked()
	s := serveHTTP2(t, p, httpserver.Options{MaxStreams: 3})
	r := s.raw(t)
	f := r.await(func(f http2.Frame) bool { s, ok := f.(*http2.SettingsFrame); return ok && !s.IsAck() })
	if v, ok := f.(*http2.SettingsFrame).Value(http2.SettingMaxConcurrentStreams); !ok || v != 3 {
		t.Errorf("told: %v", v)
	}
	r.must(r.WriteSettingsAck())
	for id := uint32(1); id <= 7; id += 2 {
		r.must(r.request(id, true, "GET", "/"))
	}
	if r.await(isReset(7)) == nil {
		t.Error("the fourth stream was not reset")
	}
	for range 3 {
		<-p.begun
	}
	close(p.release)
	for id := uint32(1); id <= 5; id += 2 {
		if r.await(func(f http2.Frame) bool { _, ok := f.(*http2.MetaHeadersFrame); return ok }) == nil {
			t.Error("an answer is missing")
		}
	}
	if len(p.begun) != 0 {
		t.Error("the fourth was served")
	}
}

func TestHTTP2_ConnectionsCountForMaxConnections(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{MaxConnections: 1})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/"))
	if r.await(isHeaders(1)) == nil {
		t.Fatal("no answer")
	}
	c, url := s.client(true)
	done := make(chan string, 1)
	go func() {
		resp, err := c.Get(url)
		if err != nil {
			done <- err.Error()
			return
		}
		done <- mustRead(t, resp)
	}()
	eventually(t, func() bool {
		return strings.Contains(s.logs.String(), "as many connections as allowed") || len(done) > 0
	}, "the log does not tell")
	if len(done) > 0 {
		t.Error("a second connection was accepted")
	}
	r.conn.Close()
	if got := <-done; got != "GET / " {
		t.Error(got)
	}
}
