package nethttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"eddy/httputil"
	"eddy/internal/nethttp"
)

func onEngine(w httputil.ResponseWriter, h http.HandlerFunc) {
	r := &httputil.Request{Method: "GET", URI: "/", Path: "/", Version: httputil.HTTP11, Body: http.NoBody}
	nethttp.Handler(h).ServeRequest(context.Background(), w, r)
}

// patient is an engine with deadlines.
type patient struct {
	engine
	read, write time.Time
}

func (p *patient) SetReadDeadline(t time.Time) error  { p.read = t; return nil }
func (p *patient) SetWriteDeadline(t time.Time) error { p.write = t; return io.ErrClosedPipe }

func TestControl_DeadlinesAreTheEngines(t *testing.T) {
	var p patient
	onEngine(&p, func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if err := c.SetReadDeadline(changed); err != nil {
			t.Error(err)
		}
		if err := c.SetWriteDeadline(changed.Add(1)); err != io.ErrClosedPipe {
			t.Error(err)
		}
	})
	if p.read != changed || p.write != changed.Add(1) {
		t.Errorf("%v and %v", p.read, p.write)
	}
}

// What an engine does not have is not supported, and does no harm.
func TestControl_EnginesWithout(t *testing.T) {
	e := new(engine)
	onEngine(e, func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_, _, hijack := c.Hijack()
		for what, err := range map[string]error{
			"Hijack": hijack, "SetReadDeadline": c.SetReadDeadline(changed), "SetWriteDeadline": c.SetWriteDeadline(changed),
		} {
			if !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("%s: %v", what, err)
			}
		}
		io.WriteString(w, "hello")
	})
	if len(e.calls) != 3 {
		t.Errorf("calls %q", e.calls)
	}
}

func TestControl_DeadlinesOnEddy(t *testing.T) {
	tc := wireCase{handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%v", http.NewResponseController(w).SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		_, err := io.ReadAll(r.Body)
		n.add("%v", err)
	}), act: func(c *client) {
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")
		c.awaitHandler()
		c.answer()
	}}
	for i, s := range wireServers {
		t.Run(s.name, func(t *testing.T) { t.Log(converse(t, tc, i)) })
	}
	if want, got := converse(t, tc, 0), converse(t, tc, 1); got != want {
		t.Errorf("eddy:\n%s\nnet/http:\n%s", got, want)
	}
}

// A handler of the standard library behind two crossings still controls the connection.
func TestControl_ThroughNetHTTP(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nethttp.Serve(w, r, httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
			full := w.(interface {
				http.Hijacker
				SetReadDeadline(time.Time) error
				SetWriteDeadline(time.Time) error
			})
			if err := errors.Join(full.SetReadDeadline(time.Time{}), full.SetWriteDeadline(time.Time{})); err != nil {
				t.Error(err)
			}
			c, rw, err := full.Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			for what, err := range map[string]error{"WriteHead": w.WriteHead(200, "", &httputil.Header{}, 0),
				"Flush": w.Flush(), "Finish": w.Finish(), "SetTrailer": w.SetTrailer(&httputil.Header{})} {
				if !errors.Is(err, httputil.ErrDetached) {
					t.Errorf("%s: %v", what, err)
				}
			}
			io.WriteString(rw, "raw")
			rw.Flush()
			c.Close()
		}))
	})
	srv := httptest.NewServer(h)
	defer srv.Close()
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, plainGet)
	if b, err := io.ReadAll(bufio.NewReader(c)); string(b) != "raw" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// A read that is under way does not meet a Close from elsewhere.
func TestBody_ClosedWhileItIsRead(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	body := &slowBody{began: began, end: end}
	r := &httputil.Request{Method: "POST", URI: "/", Path: "/", Version: httputil.HTTP11, ContentLength: 3, Body: body}
	h := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := make(chan error)
		go func() {
			_, err := r.Body.Read(make([]byte, 3))
			read <- err
		}()
		<-began
		if _, err := r.Body.Read(make([]byte, 1)); err == nil {
			t.Error("two reads at once")
		}
		r.Body.Close()
		if body.closed {
			t.Error("closed under the reader's feet")
		}
		close(end)
		if err := <-read; err != nil {
			t.Error(err)
		}
		if _, err := r.Body.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose || !body.closed {
			t.Errorf("then %v, closed %v", err, body.closed)
		}
	}))
	h.ServeRequest(context.Background(), new(engine), r)
}

type slowBody struct {
	began, end chan struct{}
	closed     bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	close(b.began)
	<-b.end
	return copy(p, "abc"), nil
}

func (b *slowBody) Close() error { b.closed = true; return nil }
