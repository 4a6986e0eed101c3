package httpserver_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testdir"
)

// sendFile sends the first n bytes of a file as far as the engine does that.
func sendFile(w httputil.ResponseWriter, f fs.File, n int64) error {
	_, err := w.(interface {
		SendFile(f fs.File, n int64) (int64, error)
	}).SendFile(f, n)
	return err
}

func fileOf(t *testing.T, n int) *os.File {
	name := filepath.Join(testdir.New(t), "file")
	if err := os.WriteFile(name, []byte(strings.Repeat("x", n)), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A handler must not return while a goroutine of its own sends a file. If one does, what the
// client gets next must not pass for the file.
func TestSendFile_OutlivesItsHandler(t *testing.T) {
	f := fileOf(t, 1000)
	var sent chan error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		if r.Path != "/file" {
			respond(w, 200, "next")
			return
		}
		var header httputil.Header
		w.WriteHead(200, "", &header, 1000)
		go func() { sent <- sendFile(w, f, 1000) }()
		time.Sleep(time.Millisecond / 2) // keeps the loop, for which SendFile waits
	})
	bubble(t, h, httpserver.Options{}, func(h *harness) {
		sent = make(chan error, 1)
		p := h.connect()
		got := h.send(p, "GET /file HTTP/1.1\r\nHost: h\r\n\r\n"+get)
		time.Sleep(5 * time.Second) // the pipelined request is read and dropped
		got += h.take(p)
		if err := <-sent; !errors.Is(err, httputil.ErrFinished) {
			t.Error(err)
		}
		if strings.Contains(got, "next") || !closed(p) {
			t.Errorf("closed: %v; the client got %q", closed(p), got)
		}
	})
}

// A client that reads some of a file within each WriteTimeout gets all of it; one that does not
// loses its connection, and the handler is told.
func TestSendFile_WriteTimeoutMovesWithProgress(t *testing.T) {
	const size = 1 << 20
	f := fileOf(t, size)
	var sent chan error
	h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var header httputil.Header
		w.WriteHead(200, "", &header, size)
		f.Seek(0, 0)
		sent <- sendFile(w, f, size)
	})
	for _, stalls := range []bool{false, true} {
		bubble(t, h, httpserver.Options{WriteTimeout: time.Second}, func(h *harness) {
			sent = make(chan error, 1)
			p := h.connect()
			p.SetRoom(1000)
			total := len(h.send(p, get))
			for range 20 {
				time.Sleep(time.Second * 9 / 10)
				p.SetRoom(size / 20)
				total += len(h.take(p))
			}
			if total < size || closed(p) {
				t.Fatalf("%d bytes, closed: %v", total, closed(p))
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
			if !stalls {
				return
			}
			p.SetRoom(1000)
			h.send(p, get)
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if err := <-sent; !errors.Is(err, httputil.ErrClosed) || !closed(p) {
				t.Errorf("a client that reads nothing: %v, closed: %v", err, closed(p))
			}
		})
	}
}
