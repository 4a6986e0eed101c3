package httpserver_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
)

// deadlines is what http.ResponseController asks of a response.
type deadlines interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

const upload = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"

// isLate reports whether a read failed by a deadline that its handler has set.
func isLate(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && errors.Is(err, httputil.ErrBodyTimeout)
}

func TestSetReadDeadline(t *testing.T) {
	var ended chan error
	tests := []struct {
		name  string
		set   func(d deadlines)
		after time.Duration
		late  bool // by the handler's deadline, and not by the server's
	}{
		{"earlier than the server's", func(d deadlines) { d.SetReadDeadline(time.Now().Add(5 * time.Second)) }, 5 * time.Second, true},
		{"later", func(d deadlines) { d.SetReadDeadline(time.Now().Add(time.Minute)) }, time.Minute, true},
		{"past", func(d deadlines) { d.SetReadDeadline(time.Now().Add(-time.Second)) }, 0, true},
		{"withdrawn", func(d deadlines) {
			d.SetReadDeadline(time.Now().Add(time.Second))
			d.SetReadDeadline(time.Time{})
		}, 20 * time.Second, false},
		{"by another goroutine, during the read", func(d deadlines) {
			go func() {
				time.Sleep(2 * time.Second)
				d.SetReadDeadline(time.Now().Add(5 * time.Second))
			}()
		}, 7 * time.Second, true},
		{"withdrawn during the read", func(d deadlines) {
			d.SetReadDeadline(time.Now().Add(10 * time.Second))
			go func() {
				time.Sleep(2 * time.Second)
				d.SetReadDeadline(time.Time{})
			}()
		}, 22 * time.Second, false},
		{"past, during the read", func(d deadlines) {
			go func() {
				time.Sleep(2 * time.Second)
				d.SetReadDeadline(time.Unix(1, 0))
			}()
		}, 2 * time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				tt.set(w.(deadlines))
				_, err := io.Copy(io.Discard, r.Body)
				ended <- err
				w.(deadlines).SetReadDeadline(time.Now().Add(time.Hour))
				if _, again := r.Body.Read(make([]byte, 1)); !errors.Is(again, httputil.ErrBodyTimeout) {
					t.Errorf("after another deadline: %v", again)
				}
			})
			bubble(t, h, httpserver.Options{BodyTimeout: 20 * time.Second}, func(h *harness) {
				ended = make(chan error, 1)
				p := h.connect()
				begin := time.Now()
				got := h.send(p, upload)
				err := <-ended
				if d := time.Since(begin); d < tt.after || d > tt.after+time.Second || isLate(err) != tt.late || !errors.Is(err, httputil.ErrBodyTimeout) {
					t.Errorf("after %v: %v", d, err)
				}
				if got += h.take(p); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "Connection: close") {
					t.Errorf("answer %q", got)
				}
			})
		})
	}
}

// Deadlines are those of one request.
func TestSetReadDeadline_EndsWithItsRequest(t *testing.T) {
	var ended chan error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path == "/first" {
			w.(deadlines).SetReadDeadline(time.Now().Add(5 * time.Second))
			w.(deadlines).SetWriteDeadline(time.Now().Add(5 * time.Second))
		}
		_, err := io.Copy(io.Discard, r.Body)
		if respond(w, 200, "") != nil {
			t.Error("the response was refused")
		}
		ended <- err
	})
	bubble(t, h, httpserver.Options{BodyTimeout: time.Minute}, func(h *harness) {
		ended = make(chan error, 2)
		p := h.connect()
		got := h.send(p, "POST /first HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"+upload)
		time.Sleep(30 * time.Second)
		got += h.send(p, strings.Repeat("x", 1000))
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if strings.Count(got, "200 OK") != 2 || closed(p) {
			t.Errorf("closed %v, got %q", closed(p), got)
		}
	})
}

func TestSetWriteDeadline(t *testing.T) {
	var ended chan error
	var begin time.Time
	after := func(d time.Duration) time.Time { return time.Now().Add(d) }
	tests := []struct {
		name string
		run  func(ctx context.Context, w httputil.ResponseWriter) error
		want error
		cut  time.Duration // when the connection is closed
	}{
		{"a write that waits", func(ctx context.Context, w httputil.ResponseWriter) error {
			w.(deadlines).SetWriteDeadline(after(5 * time.Second))
			return respond(w, 200, strings.Repeat("x", 1<<20))
		}, os.ErrDeadlineExceeded, 5 * time.Second},
		{"later than the server's", func(ctx context.Context, w httputil.ResponseWriter) error {
			w.(deadlines).SetWriteDeadline(after(time.Minute))
			return respond(w, 200, strings.Repeat("x", 1<<20))
		}, os.ErrDeadlineExceeded, time.Minute},
		{"set while a write waits", func(ctx context.Context, w httputil.ResponseWriter) error {
			go func() {
				time.Sleep(2 * time.Second)
				w.(deadlines).SetWriteDeadline(after(3 * time.Second))
			}()
			return respond(w, 200, strings.Repeat("x", 1<<20))
		}, os.ErrDeadlineExceeded, 5 * time.Second},
		{"withdrawn", func(ctx context.Context, w httputil.ResponseWriter) error {
			w.(deadlines).SetWriteDeadline(after(5 * time.Second))
			w.(deadlines).SetWriteDeadline(time.Time{})
			return respond(w, 200, strings.Repeat("x", 1<<20))
		}, httputil.ErrClosed, 20 * time.Second},
		{"past", func(ctx context.Context, w httputil.ResponseWriter) error {
			w.(deadlines).SetWriteDeadline(time.Unix(1, 0))
			err := respond(w, 200, "x")
			w.(deadlines).SetWriteDeadline(after(time.Hour))
			return errors.Join(err, respond(w, 200, "x"))
		}, os.ErrDeadlineExceeded, 0},
		{"passes between two writes", func(ctx context.Context, w httputil.ResponseWriter) error {
			w.(deadlines).SetWriteDeadline(after(5 * time.Second))
			w.WriteHead(200, "", &httputil.Header{}, -1)
			async.Sleep(ctx, 6*time.Second)
			_, err := io.WriteString(w, "x")
			return err
		}, os.ErrDeadlineExceeded, 6 * time.Second},
		{"what the handler leaves behind", func(ctx context.Context, w httputil.ResponseWriter) error {
			w.(deadlines).SetWriteDeadline(after(5 * time.Second))
			return respond(w, 200, strings.Repeat("x", 1000))
		}, nil, 5 * time.Second},
		{"what it leaves behind, for longer", func(ctx context.Context, w httputil.ResponseWriter) error {
			w.(deadlines).SetWriteDeadline(after(time.Minute))
			return respond(w, 200, strings.Repeat("x", 1000))
		}, nil, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				ended <- tt.run(ctx, w)
			})
			bubble(t, h, httpserver.Options{WriteTimeout: 20 * time.Second, IdleTimeout: time.Hour}, func(h *harness) {
				ended = make(chan error, 1)
				p := h.connect()
				p.SetRoom(10)
				begin = time.Now()
				h.send(p, get)
				for !isGone(p) && time.Since(begin) < 2*time.Minute {
					time.Sleep(time.Second / 10)
					synctest.Wait()
				}
				if d := time.Since(begin); d < tt.cut || d > tt.cut+time.Second {
					t.Errorf("closed after %v", d)
				}
				if err := <-ended; !errors.Is(err, tt.want) {
					t.Errorf("the handler's write: %v", err)
				}
			})
		})
	}
}

// The deadline of one response's rest ends where another begins, and leaves none without a bound.
func TestSetWriteDeadline_IsFollowedByOthers(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.(deadlines).SetWriteDeadline(time.Now().Add(time.Hour))
		respond(w, 200, strings.Repeat("x", 1000))
	})
	o := httpserver.Options{WriteTimeout: 10 * time.Second, HeaderTimeout: 10 * time.Second, BodyTimeout: 10 * time.Second}
	for name, send := range map[string][]string{
		"a body that nobody reads": {upload},
		"a part of a head":         {get, "GET /"},
		"a malformed head":         {get, "GET / HTTP/1.1\r\n", "no\r\n\r\n"},
	} {
		bubble(t, h, o, func(h *harness) {
			p := h.connect()
			p.SetRoom(10)
			for _, s := range send {
				h.send(p, s)
			}
			time.Sleep(25 * time.Second)
			if !closed(p) {
				t.Errorf("%s: open", name)
			}
		})
	}
}

// isGone reports whether the server sends no more.
func isGone(p *peer) bool {
	gone, ended := p.Closed()
	return gone || ended
}

// Whoever has set a deadline and is over, sets none for the next request.
func TestSetDeadlines_AfterTheRequest(t *testing.T) {
	var kept chan deadlines
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		kept <- w.(deadlines)
		respond(w, 200, "")
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		kept = make(chan deadlines, 1)
		h.send(h.connect(), get)
		d := <-kept
		for _, err := range []error{d.SetReadDeadline(time.Time{}), d.SetWriteDeadline(time.Unix(1, 0))} {
			if !errors.Is(err, httputil.ErrFinished) {
				t.Error(err)
			}
		}
	})
}

func TestSetMaxBody(t *testing.T) {
	fixed := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789"
	waits := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
	chunked := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"
	for _, tt := range []struct {
		name, send string
		server     int64
		set        int64 // 0: not
		read       string
		large      bool
	}{
		{"the server's", fixed, 5, 0, "", true},
		{"no 100 Continue for what is refused", waits, 5, 0, "", true},
		{"raised", fixed, 5, 10, "0123456789", false},
		{"not enough", fixed, 5, 9, "", true},
		{"none", fixed, 5, -1, "0123456789", false},
		{"lowered", fixed, 100, 9, "", true},
		{"chunked, the server's", chunked, 9, 0, "0123", true},
		{"chunked, raised", chunked, 9, 10, "0123456789", false},
		{"chunked, lowered", chunked, 100, 9, "0123", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				if tt.set != 0 && r.Path == "/" {
					if err := r.SetMaxBody(tt.set); err != nil {
						t.Error(err)
					}
				}
				body, err := io.ReadAll(r.Body)
				if string(body) != tt.read || errors.Is(err, httputil.ErrBodyTooLarge) != tt.large || tt.large != (err != nil) {
					t.Errorf("read %q, %v", body, err)
				}
				if err == nil {
					respond(w, 200, "")
				}
			})
			bubble(t, h, httpserver.Options{Limits: http1.Limits{Body: tt.server}}, func(h *harness) {
				p := h.connect()
				got := h.send(p, tt.send)
				if tt.large && !(strings.HasPrefix(got, "HTTP/1.1 413 ") && strings.Contains(got, "Connection: close\r\n") && strings.HasSuffix(got, ": the body is too large\n")) {
					t.Errorf("got %q", got)
				}
				if _, ended := p.Closed(); ended != tt.large {
					t.Errorf("the server ended the connection: %v", ended)
				}
			})
		})
	}
}

func TestSetMaxBody_EndsWithItsRequest(t *testing.T) {
	var errs []error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if len(errs) == 0 {
			r.SetMaxBody(-1)
		}
		_, err := io.ReadAll(r.Body)
		errs = append(errs, err)
		respond(w, 200, "")
	})
	bubble(t, h, httpserver.Options{Limits: http1.Limits{Body: 5}}, func(h *harness) {
		h.send(h.connect(), strings.Repeat("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabcdef", 2))
		if len(errs) != 2 || errs[0] != nil || !errors.Is(errs[1], httputil.ErrBodyTooLarge) {
			t.Errorf("%v", errs)
		}
	})
}

// Content that nobody reads is not too large.
func TestLimits_BodyThatIsNotRead(t *testing.T) {
	deaf := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) { respond(w, 200, "no") })
	bubble(t, deaf, httpserver.Options{Limits: http1.Limits{Body: 2}}, func(h *harness) {
		p := h.connect()
		got := h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"+
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
		if got != ok("no")+ok("no") {
			t.Errorf("got %q", got)
		}
	})
}

func TestSetBodyTimeout(t *testing.T) {
	var ended chan error
	for name, tt := range map[string]struct {
		set   []time.Duration
		after time.Duration // with 100 bytes a second of 1000
		err   error
	}{
		"the server's":    {nil, 10 * time.Second, nil},
		"shorter":         {[]time.Duration{5 * time.Second}, 5 * time.Second, httputil.ErrBodyTimeout},
		"enough":          {[]time.Duration{15 * time.Second}, 10 * time.Second, nil},
		"withdrawn":       {[]time.Duration{5 * time.Second, 0}, 10 * time.Second, nil},
		"withdrawn again": {[]time.Duration{-1, 5 * time.Second}, 5 * time.Second, httputil.ErrBodyTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				for _, d := range tt.set {
					if err := r.SetBodyTimeout(d); err != nil {
						t.Error(err)
					}
				}
				_, err := io.Copy(io.Discard, r.Body)
				ended <- err
			})
			bubble(t, h, httpserver.Options{BodyTimeout: 8 * time.Second, MinBodyRate: 50}, func(h *harness) {
				ended = make(chan error, 1)
				p := h.connect()
				begin := time.Now()
				h.send(p, upload)
				for len(ended) == 0 && time.Since(begin) < time.Minute {
					time.Sleep(time.Second)
					h.send(p, strings.Repeat("x", 100))
				}
				if d, err := time.Since(begin), <-ended; !errors.Is(err, tt.err) || err != nil && tt.err == nil || d < tt.after || d > tt.after+time.Second {
					t.Errorf("after %v: %v", d, err)
				}
			})
		})
	}
	// Without any time, a client may rest as long as it likes.
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		r.SetBodyTimeout(-1)
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})
	bubble(t, h, httpserver.Options{BodyTimeout: 8 * time.Second, MinBodyRate: 50}, func(h *harness) {
		ended = make(chan error, 1)
		p := h.connect()
		for range 10 {
			h.send(p, upload)
			for range 10 {
				time.Sleep(time.Hour)
				h.send(p, strings.Repeat("x", 100))
			}
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			h.take(p)
		}
	})
}

func TestRequestTimeout(t *testing.T) {
	var ended chan error
	var at time.Time
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		switch r.Path {
		case "/begun":
			w.WriteHead(200, "", &httputil.Header{}, -1)
			io.WriteString(w, "half")
			w.Flush()
		case "/body":
			_, err := io.Copy(io.Discard, r.Body)
			at = time.Now()
			ended <- err
			return
		case "/quick":
			respond(w, 200, "")
			return
		}
		err := async.Sleep(ctx, time.Hour)
		at = time.Now()
		ended <- err
	})
	o := httpserver.Options{RequestTimeout: 10 * time.Second, BodyTimeout: time.Hour, IdleTimeout: time.Hour}
	for send, want := range map[string]string{
		get:                                      strings.Replace(failure(503, "Service Unavailable", "the request took too long"), "Connection: close\r\n", "", 1),
		"GET /begun HTTP/1.1\r\nHost: h\r\n\r\n": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n\r\n",
		"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\nabc": failure(503, "Service Unavailable", "the request took too long"),
	} {
		bubble(t, h, o, func(h *harness) {
			ended = make(chan error, 1)
			p := h.connect()
			h.send(p, "GET /quick HTTP/1.1\r\nHost: h\r\n\r\n")
			time.Sleep(30 * time.Second) // between requests nothing counts
			h.take(p)
			begin := time.Now()
			got := h.send(p, send)
			for range 600 { // bytes that come do not put it off, however often
				time.Sleep(20 * time.Millisecond)
				p.Send("x")
			}
			err := <-ended
			if d := at.Sub(begin); d < 10*time.Second || d > 11*time.Second || !errors.Is(err, httputil.ErrRequestTimeout) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %v: %v", d, err)
			}
			if got += h.take(p); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestMaxRequestsPerConnection(t *testing.T) {
	bubble(t, echo, httpserver.Options{MaxRequestsPerConnection: 3}, func(h *harness) {
		for _, pipelined := range []bool{true, false} {
			p := h.connect()
			got := ""
			if pipelined {
				got = h.send(p, strings.Repeat(get, 5))
			} else {
				for range 5 {
					got += h.send(p, get)
				}
			}
			if want := ok("GET / ") + ok("GET / ") + okClose("GET / "); got != want {
				t.Errorf("pipelined %v: got %q", pipelined, got)
			}
			if !isGone(p) {
				t.Error("the connection goes on")
			}
			p.CloseWrite()
			synctest.Wait()
		}
	})
}
