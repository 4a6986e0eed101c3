package httpserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
)

const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

func TestHandler_EndsThatAreNoReturn(t *testing.T) {
	tests := []struct {
		name    string
		handler handlerFunc
		want    string // of the response, … for more
		log     string
		open    bool
	}{
		{"panic", func(context.Context, httputil.ResponseWriter, *httputil.Request) { panic("boom") },
			"HTTP/1.1 500 Internal Server Error\r\n…", "boom", true},
		{"Goexit", func(context.Context, httputil.ResponseWriter, *httputil.Request) { runtime.Goexit() },
			"HTTP/1.1 500 Internal Server Error\r\n…", "", true},
		{"nothing written", func(context.Context, httputil.ResponseWriter, *httputil.Request) {},
			"HTTP/1.1 500 Internal Server Error\r\n…", "", true},
		{"abort", func(context.Context, httputil.ResponseWriter, *httputil.Request) { panic(http.ErrAbortHandler) },
			"", "", false},
		{"panic in the middle", func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
			w.WriteHead(200, "", &httputil.Header{}, -1)
			io.WriteString(w, "half")
			w.Flush()
			panic("boom")
		}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "boom", false},
		{"too few bytes", func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
			w.WriteHead(200, "", &httputil.Header{}, 10)
			io.WriteString(w, "half")
			if err := w.Finish(); !errors.Is(err, httputil.ErrBodyLength) {
				t.Errorf("a short Finish: %v", err)
			}
		}, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "incomplete response", false},
		{"too many bytes", func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
			w.WriteHead(200, "", &httputil.Header{}, 2)
			if _, err := io.WriteString(w, "half"); !errors.Is(err, httputil.ErrBodyLength) {
				t.Errorf("write beyond the length: %v", err)
			}
		}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "incomplete response", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.handler, httpserver.Options{}, func(h *harness) {
				p := h.connect()
				got := h.send(p, get)
				checkWire(t, "response", got, tt.want)
				if _, ended := p.Closed(); ended == tt.open {
					t.Errorf("the server ended the connection: %v", ended)
				}
				if s := h.logs.String(); tt.log == "" && s != "" || !strings.Contains(s, tt.log) {
					t.Errorf("log %q, want %q", s, tt.log)
				}
				// Others are not hurt.
				if got := h.send(h.connect(), get); got == "" && tt.want != "" {
					t.Error("the next connection got no answer")
				}
			})
		})
	}
}

func TestHandler_AwaitServesOthers(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path == "/slow" {
			if err := async.Sleep(ctx, time.Minute); err != nil {
				t.Error(err)
			}
		}
		respond(w, 200, r.Path)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		slow, fast := h.connect(), h.connect()
		// The second request of the slow connection waits its turn.
		if got := h.send(slow, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n"); got != "" {
			t.Errorf("early answer %q", got)
		}
		h.send(slow, "GET /third HTTP/1.1\r\nHost: h\r\n\r\n")
		if got := h.send(fast, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n"); got != ok("/fast") {
			t.Errorf("got %q", got)
		}
		time.Sleep(time.Minute)
		if got := h.take(slow); got != ok("/slow")+ok("/next")+ok("/third") {
			t.Errorf("got %q", got)
		}
	})
}

func TestHandler_LearnsThatTheClientIsGone(t *testing.T) {
	tests := []struct {
		name  string
		leave func(p *peer)
		write error
	}{
		{"half-close", func(p *peer) { p.CloseWrite() }, nil}, // it may still read
		{"reset", func(p *peer) { p.Reset(syscall.ECONNRESET) }, httputil.ErrClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var waited, written error
			h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				waited = async.Sleep(ctx, time.Hour)
				written = respond(w, 200, "late")
			})
			bubble(t, h, httpserver.Options{}, func(h *harness) {
				p := h.connect()
				h.send(p, get)
				tt.leave(p)
				got := h.take(p)
				if !errors.Is(waited, httputil.ErrClosed) {
					t.Errorf("the wait ended with %v", waited)
				}
				if !errors.Is(written, tt.write) {
					t.Errorf("the write: %v, want %v", written, tt.write)
				}
				if tt.write == nil && got != ok("late") {
					t.Errorf("got %q", got)
				}
				if !closed(p) {
					t.Error("the connection is open")
				}
			})
		})
	}
}

func TestHandler_HalfCloseAfterAPipelinedBatch(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		async.Sleep(context.WithoutCancel(ctx), time.Second)
		respond(w, 200, r.Path)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
		p.Send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
		p.CloseWrite()
		time.Sleep(5 * time.Second)
		if got := h.take(p); got != ok("/1")+ok("/2")+ok("/3") || !closed(p) {
			t.Errorf("got %q, closed %v", got, closed(p))
		}
	})
}

func TestHandler_GivesUpWithItsClient(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		async.Sleep(ctx, time.Hour)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, get)
		p.CloseWrite()
		if got := h.take(p); got != "" || !closed(p) {
			t.Errorf("got %q, closed %v; want silence and an end", got, closed(p))
		}
	})
}

func TestHandler_BodyThatEndsTooEarly(t *testing.T) {
	var got error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		_, got = io.ReadAll(r.Body)
		respond(w, 400, "")
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
		p.CloseWrite()
		if answer := h.take(p); !strings.HasPrefix(answer, "HTTP/1.1 400") || !errors.Is(got, httputil.ErrBodyMalformed) {
			t.Errorf("answer %q, error %v", answer, got)
		}
	})
}

func TestHandler_MayWriteFromAnotherGoroutine(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var p async.Promise[error]
		go func() {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				err = w.WriteHead(200, "", &httputil.Header{}, -1)
			}
			for range 3 {
				if err == nil {
					_, err = w.Write(body)
				}
				if err == nil {
					err = w.Flush()
				}
			}
			p.Resolve(err)
		}()
		if err, _ := p.Future().Wait(ctx); err != nil {
			t.Error(err)
		}
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		h.send(p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
		want := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nabcd\r\n4\r\nabcd\r\n0\r\n\r\n"
		if got := h.send(p, "cd"); got != want {
			t.Errorf("got %q", got)
		}
	})
}

func TestHandler_FinishLetsTheClientGo(t *testing.T) {
	var cleaned atomic.Bool
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, "done")
		if err := w.Finish(); err != nil {
			t.Error(err)
		}
		if err := errors.Join(w.Finish(), w.Flush()); !errors.Is(err, httputil.ErrFinished) {
			t.Errorf("Finish and Flush after Finish: %v", err)
		}
		if _, err := w.Write([]byte("x")); !errors.Is(err, httputil.ErrFinished) {
			t.Errorf("write after Finish: %v", err)
		}
		async.Sleep(ctx, time.Minute)
		cleaned.Store(true)
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		if got := h.send(p, get); got != ok("done") {
			t.Errorf("got %q", got)
		}
		if cleaned.Load() {
			t.Error("the handler had returned")
		}
		time.Sleep(2 * time.Minute)
		if got := h.send(p, get); got != ok("done") {
			t.Errorf("got %q", got)
		}
	})
}

func TestHandler_WhatItKeepsStaysValid(t *testing.T) {
	var requests []*httputil.Request
	var writers []httputil.ResponseWriter
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		requests = append(requests, r)
		writers = append(writers, w)
		respond(w, 200, "")
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		paths := []string{"/first", "/2nd", "/third"}
		for _, path := range paths {
			h.send(p, "GET "+path+"?q="+path+" HTTP/1.1\r\nHost: h\r\nX-Path: "+path+"\r\n\r\n")
		}
		for i, r := range requests {
			if r.Path != paths[i] || r.Header.Get("X-Path") != paths[i] || r.Query != "q="+paths[i] {
				t.Errorf("request %d has become %s %s %s", i, r.Path, r.Query, r.Header.Get("X-Path"))
			}
			if _, err := writers[i].Write([]byte("x")); !errors.Is(err, httputil.ErrFinished) {
				t.Errorf("a late write: %v, want ErrFinished", err)
			}
			if _, err := r.Body.Read(make([]byte, 1)); err == nil {
				t.Error("a late read succeeded")
			}
		}
		synctest.Wait()
		if got := p.Take(); strings.Contains(got, "x\r\n") {
			t.Errorf("a late write reached the client: %q", got)
		}
	})
}

func TestHandler_InterimResponses(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var hints httputil.Header
		hints.Append("Link", "</a.css>; rel=preload")
		if err := w.WriteHead(103, "", &hints, 0); err != nil {
			t.Error(err)
		}
		respond(w, 200, "x")
		if err := w.WriteHead(200, "", &hints, 0); !errors.Is(err, httputil.ErrHeadWritten) {
			t.Errorf("second head: %v", err)
		}
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		want := "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + ok("x")
		if got := h.send(h.connect(), get); got != want {
			t.Errorf("got %q", got)
		}
	})
}
