package compress_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"eddy/httputil"
	"eddy/httputil/compress"
)

// TestWriter_LateWriters holds that a goroutine that a handler has left behind disturbs nobody: neither the
// race detector finds anything, nor is another response changed.
func TestWriter_LateWriters(t *testing.T) {
	c := compress.New(compress.Options{})
	noise := bytes.Repeat([]byte("noise "), 5000)
	for round := range 20 {
		stop := make(chan struct{})
		left := make(chan struct{})
		late := func(w *compress.Writer) {
			defer close(left)
			for {
				w.Write(noise)
				w.Flush()
				select {
				case <-stop:
					return
				default:
				}
			}
		}
		e := new(engine)
		w := c.Writer(e, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")})
		h := header(html)
		w.WriteHead(200, "", &h, -1)
		w.Flush()
		go late(w)
		func() {
			defer func() {
				if v := recover(); v != nil && v != http.ErrAbortHandler {
					t.Error(v)
				}
			}()
			w.End() // the writer may be writing just now
		}()
		for i := range 10 {
			body := text(2000 + 1000*i + round)
			e := new(engine)
			w := c.Writer(e, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: zstd;q=0.5, gzip")})
			if err := w.Respond(200, "", &h, []byte(body)); err != nil {
				t.Fatal(err)
			}
			w.End()
			if decode(t, "gzip", e.body) != body {
				t.Fatal("another's bytes")
			}
		}
		close(stop)
		<-left
	}
}

// A stuck engine does not take a write until it is let go.
type stuck struct {
	engine
	entered, leave chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	s.entered <- struct{}{}
	<-s.leave
	return 0, httputil.ErrFinished
}

// TestWriter_EndsWhileSomebodyWrites holds that a handler's end does not wait for a goroutine that it has left
// within a write, and that the response has no good end then.
func TestWriter_EndsWhileSomebodyWrites(t *testing.T) {
	for typ, want := range map[string]any{"text/plain": http.ErrAbortHandler, "image/png": nil} {
		e := &stuck{entered: make(chan struct{}, 10), leave: make(chan struct{})}
		w := writerOver(e)
		h := header("Content-Type: " + typ)
		w.WriteHead(200, "", &h, -1)
		left := make(chan struct{})
		go func() {
			defer close(left)
			io.WriteString(w, text(200_000))
		}()
		<-e.entered
		func() {
			defer func() {
				if v := recover(); v != want {
					t.Errorf("%s: panic %v, want %v", typ, v, want)
				}
			}()
			w.End()
		}()
		if e.finished {
			t.Errorf("%s: finished", typ)
		}
		close(e.leave)
		<-left
	}
}

// TestWriter_EncoderKeepsNothing holds that an encoder of the program's that goes on when it was closed
// does not reach another response.
func TestWriter_EncoderKeepsNothing(t *testing.T) {
	var kept []io.Writer
	c := compress.New(compress.Options{Encoders: map[string]func(io.Writer) io.WriteCloser{"rot": func(w io.Writer) io.WriteCloser {
		kept = append(kept, w)
		return struct{ io.WriteCloser }{newRot(w)} // not to be used again
	}}})
	for i := range 20 {
		body := text(5000 + 500*i)
		e := &meddled{kept: &kept}
		w := c.Writer(e, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: rot")})
		h := header(html)
		w.Respond(200, "", &h, []byte(body))
		w.End()
		if decode(t, "rot", e.body) != body {
			t.Fatal("another body")
		}
	}
}

// A meddled engine has the encoders of before write just as it is given a body.
type meddled struct {
	engine
	kept *[]io.Writer
}

func (m *meddled) Write(p []byte) (int, error) {
	for _, w := range (*m.kept)[:len(*m.kept)-1] {
		w.Write(bytes.Repeat([]byte("!"), 100))
	}
	return m.engine.Write(p)
}

// What was made in a bubble of testing/synctest stays there.
func TestCompressor_StaysInItsBubble(t *testing.T) {
	respond := func(t *testing.T) {
		for range 5 {
			e := serve(compress.Options{}, "GET", []string{"Accept-Encoding: zstd"}, answer(200, []string{html}, text(5000), whole))
			if decode(t, "zstd", e.body) != text(5000) {
				t.Error("another body")
			}
		}
	}
	synctest.Test(t, respond)
	respond(t)
	synctest.Test(t, respond)
}
