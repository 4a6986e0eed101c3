package httpserver_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/httputil/compress"
	"eddy/stream"
)

// events is a sink that writes down what it is told.
type events struct {
	s   *stream.Stream
	got []string
}

func (e *events) StreamReadable() {
	if e.s.EOF() {
		e.got = append(e.got, "end")
		e.s.Close()
		return
	}
	e.got = append(e.got, string(e.s.Unread()))
	e.s.SendBytes(e.s.Unread())
	e.s.Discard(len(e.s.Unread()))
}
func (e *events) StreamHangup()          { e.got = append(e.got, "hang-up") }
func (e *events) StreamBlocked()         {}
func (e *events) StreamFlushed()         {}
func (e *events) StreamDeadline()        { e.got = append(e.got, "deadline") }
func (e *events) StreamClosed(err error) { e.got = append(e.got, "closed") }
func (e *events) take() (got string)     { got, e.got = strings.Join(e.got, " "), nil; return got }
func (e *events) begin(s *stream.Stream) { e.s = s; s.Resume() }
func head101(w httputil.ResponseWriter) error {
	var h httputil.Header
	h.Append("Upgrade", "echo")
	return w.WriteHead(101, "", &h, -1)
}

const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n"

func TestDetach_ToASink(t *testing.T) { testDetach(t, func(h handlerFunc) handlerFunc { return h }) }

func TestDetach_ThroughCompression(t *testing.T) {
	testDetach(t, func(h handlerFunc) handlerFunc {
		return compress.Handler(httputil.HandlerFunc(h), compress.Options{}).ServeRequest
	})
}

// testDetach tries Detach in a handler within layers.
func testDetach(t *testing.T, within func(handlerFunc) handlerFunc) {
	e := new(events)
	upgrade := func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if err := head101(w); err != nil {
			t.Error(err)
		}
		s, err := httpserver.Detach(w, e)
		if err != nil {
			t.Error(err)
			return
		}
		s.Loop().Do(context.Background(), func(context.Context) error {
			if got := string(s.Unread()); got != "early" {
				t.Errorf("unread %q", got)
			}
			s.Discard(len(s.Unread()))
			e.begin(s)
			return nil
		})
		for what, err := range map[string]error{
			"WriteHead": w.WriteHead(200, "", &httputil.Header{}, 0), "Flush": w.Flush(), "Finish": w.Finish(),
			"SetTrailer": w.SetTrailer(&httputil.Header{}), "SetReadDeadline": w.(deadlines).SetReadDeadline(time.Time{}),
			"SetWriteDeadline": w.(deadlines).SetWriteDeadline(time.Time{}),
		} {
			if !errors.Is(err, httputil.ErrDetached) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := w.Write([]byte("x")); !errors.Is(err, httputil.ErrDetached) {
			t.Errorf("Write: %v", err)
		}
		if _, err := httpserver.Detach(w, nil); !errors.Is(err, httputil.ErrDetached) {
			t.Errorf("a second Detach: %v", err)
		}
		if !strings.HasPrefix(r.Path, "/") || r.Conn.RemoteAddr().IsValid() {
			t.Error("the request is no use any more")
		}
	}
	inEveryPlace(t, within(upgrade), func(h *harness) {
		e.take()
		p := h.connect()
		if got := h.sendSlowly(p, get+"early"); got != switched {
			h.t.Errorf("got %q", got)
		}
		if n := h.srv.Connections(); n != 0 {
			h.t.Errorf("the server has %d connections", n)
		}
		time.Sleep(time.Hour) // no deadline of the server's is left
		if got := h.send(p, "ping"); got != "ping" {
			h.t.Errorf("echo %q", got)
		}
		if err := h.srv.Shutdown(context.Background()); err != nil {
			h.t.Error(err)
		}
		if got := h.send(p, "pong"); got != "pong" || h.loop.Load() != 1 {
			h.t.Errorf("after Shutdown: echo %q, load %d", got, h.loop.Load())
		}
		p.CloseWrite()
		synctest.Wait()
		if got := e.take(); got != "ping pong end closed" || !closed(p) || h.loop.Load() != 0 {
			h.t.Errorf("events %q, closed %v, load %d", got, closed(p), h.loop.Load())
		}
	})
}

// A coroutine goes on with the stream where the request ended.
func TestDetach_ToACoroutine(t *testing.T) {
	upgrade := func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		head101(w)
		s, err := httpserver.Detach(w, nil)
		if err != nil {
			t.Error(err)
			return
		}
		ctx = context.WithoutCancel(ctx)
		for {
			line, err := s.ReadUntil(ctx, []byte("\n"), 100)
			if err != nil {
				break
			}
			s.Write(ctx, line)
		}
		s.Loop().Do(ctx, func(context.Context) error { s.Close(); return nil })
	}
	inEveryPlace(t, upgrade, func(h *harness) {
		p := h.connect()
		if got := h.sendSlowly(p, get+"one\ntw"); got != switched+"one\n" {
			h.t.Errorf("got %q", got)
		}
		if got := h.sendSlowly(p, "o\n"); got != "two\n" {
			h.t.Errorf("got %q", got)
		}
		p.CloseWrite()
		time.Sleep(time.Second)
		synctest.Wait()
		if !closed(p) {
			h.t.Error("open")
		}
	})
}

// What is sent before it goes first, however slowly the client takes it, and within WriteTimeout.
func TestDetach_WaitsForASlowClient(t *testing.T) {
	detached := make(chan error, 1)
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, -1)
		io.WriteString(w, strings.Repeat("x", 10_000))
		_, err := httpserver.Detach(w, nil)
		detached <- err
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		for _, reads := range []bool{true, false} {
			p := h.connect()
			p.SetRoom(100)
			h.send(p, get)
			if len(detached) > 0 {
				t.Fatalf("detached at once: %v", <-detached)
			}
			if reads {
				p.SetRoom(-1)
			} else {
				time.Sleep(2 * time.Minute)
			}
			synctest.Wait()
			if err := <-detached; reads != (err == nil) || !reads && !errors.Is(err, httputil.ErrClosed) {
				t.Errorf("reads %v: %v", reads, err)
			}
			if reads == closed(p) {
				t.Errorf("reads %v: closed %v", reads, closed(p))
			}
		}
	})
}

func TestDetach_Refusals(t *testing.T) {
	var got error
	var kept httputil.ResponseWriter
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		switch r.Path {
		case "/finished":
			respond(w, 200, "x")
			w.Finish()
			_, got = httpserver.Detach(w, nil)
		case "/late":
			_, got = httpserver.Detach(kept, nil)
			respond(w, 200, "y")
		case "/reading":
			read := make(chan error)
			go func() {
				_, err := r.Body.Read(make([]byte, 1))
				read <- err
			}()
			async.Sleep(ctx, time.Second)
			_, got = httpserver.Detach(w, nil)
			respond(w, 200, "z")
			w.Flush()
			<-read
		}
		kept = w
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		if s := h.send(p, "GET /finished HTTP/1.1\r\nHost: h\r\n\r\n"); s != ok("x") || got != httputil.ErrFinished {
			t.Errorf("finished: %q, %v", s, got)
		}
		if s := h.sendSlowly(p, "GET /late HTTP/1.1\r\nHost: h\r\n\r\n"); s != ok("y") || got != httputil.ErrFinished {
			t.Errorf("after the handler's return: %q, %v", s, got)
		}
		p.Send("POST /reading HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")
		time.Sleep(2 * time.Second)
		if s := h.take(p); s != ok("z") || got != stream.ErrNotIdle {
			t.Errorf("while a body is read: %q, %v", s, got)
		}
		h.send(p, "b")
		if _, err := httpserver.Detach(opaque{}, nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("another engine's: %v", err)
		}
	})
}

type opaque struct{ httputil.ResponseWriter }

func TestDetach_ReadsOfTheBodyFail(t *testing.T) {
	var first, second error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		s, err := httpserver.Detach(w, nil)
		if err != nil {
			t.Error(err)
			return
		}
		_, first = r.Body.Read(make([]byte, 1))
		r.Body.Close()
		_, second = r.Body.Read(make([]byte, 1))
		if string(s.Unread()) != "b" {
			t.Errorf("unread %q", s.Unread())
		}
		s.Close()
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		h.send(h.connect(), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb")
		if first != httputil.ErrDetached || second == nil {
			t.Errorf("%v, then %v", first, second)
		}
	})
}

// A panic behind it is logged, and the connection is left alone.
func TestDetach_PanicAfterwards(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		e := new(events)
		s, _ := httpserver.Detach(w, e)
		e.begin(s)
		panic("boom")
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, get)
		if got := h.send(p, "still"); got != "still" || !strings.Contains(h.logs.Take(), "boom") {
			t.Errorf("echo %q", got)
		}
	})
}
