package compress_test

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/httputil/compress"
	"eddy/internal/habit"
	"eddy/internal/testdir"
)

// An able engine has what Eddy's own has beyond httputil.ResponseWriter.
type able struct {
	engine
	files     int64
	deadlines int
	hijacked  bool
}

func (a *able) SendFile(_ fs.File, n int64) (int64, error) { a.files += n; return n, nil }
func (a *able) SetReadDeadline(time.Time) error            { a.deadlines++; return nil }
func (a *able) SetWriteDeadline(time.Time) error           { a.deadlines++; return nil }
func (a *able) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if a.hijacked {
		return nil, nil, httputil.ErrDetached
	}
	a.hijacked, a.fail = true, httputil.ErrDetached
	return nil, nil, nil
}

func writerOver(e httputil.ResponseWriter) *compress.Writer {
	return compress.New(compress.Options{}).Writer(e, &httputil.Request{Method: "GET", Header: header("Accept-Encoding: gzip")})
}

func TestWriter_SendFile(t *testing.T) {
	file, _ := fstest.MapFS{"f": {}}.Open("f")
	for typ, want := range map[string]int64{"image/png": 50000, "text/plain": 0} {
		e := new(able)
		w := writerOver(e)
		h := header("Content-Type: " + typ)
		w.WriteHead(200, "", &h, 50000)
		n, err := w.SendFile(file, 50000)
		if n != want || e.files != want || (want == 0) != errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %d bytes, %d by the engine, %v", typ, n, e.files, err)
		}
	}
	w := writerOver(new(engine))
	h := header("Content-Type: image/png")
	w.WriteHead(200, "", &h, 50000)
	if _, err := w.SendFile(file, 1); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an engine that cannot: %v", err)
	}
}

// TestWriter_FilesOfMountedHandlers holds that a file that is not compressed does not pass through the program.
func TestWriter_FilesOfMountedHandlers(t *testing.T) {
	dir := testdir.New(t)
	for _, name := range []string{"a.png", "a.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text(100_000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := compress.Handler(httpserver.Handler(http.FileServer(http.Dir(dir))), compress.Options{})
	for path, want := range map[string]int64{"/a.png": 100_000, "/a.txt": 0} {
		e := new(able)
		r := &httputil.Request{Method: "GET", URI: path, Path: path, Version: httputil.HTTP11, Host: "x",
			Header: header("Accept-Encoding: gzip"), Body: httputil.NoBody, Conn: noConn{}}
		h.ServeRequest(t.Context(), e, r)
		if e.files != want || e.status != 200 || want == 0 && decode(t, "gzip", e.body) != text(100_000) {
			t.Errorf("%s: status %d, %d bytes as a file, %d others", path, e.status, e.files, len(e.body))
		}
	}
}

// noConn is nobody's connection.
type noConn struct{}

func (noConn) RemoteAddr() netip.AddrPort { return netip.AddrPort{} }
func (noConn) LocalAddr() netip.AddrPort  { return netip.AddrPort{} }
func (noConn) Follow(*habit.Habit)        {}

func TestWriter_Deadlines(t *testing.T) {
	e := new(able)
	w := writerOver(e)
	if err := errors.Join(w.SetReadDeadline(time.Time{}), w.SetWriteDeadline(time.Time{})); err != nil || e.deadlines != 2 {
		t.Errorf("%v, %d times", err, e.deadlines)
	}
	w = writerOver(new(engine))
	wantErr(t, w.SetReadDeadline(time.Time{}), http.ErrNotSupported)
	wantErr(t, w.SetWriteDeadline(time.Time{}), http.ErrNotSupported)
	_, _, err := w.Hijack()
	wantErr(t, err, http.ErrNotSupported)
}

// TestWriter_LetsGo holds that what was written leaves before the connection is taken, and that nothing
// follows it.
func TestWriter_LetsGo(t *testing.T) {
	take := map[string]func(w *compress.Writer){
		"Hijack": func(w *compress.Writer) { w.Hijack() },
		"Unwrap": func(w *compress.Writer) { w.Unwrap().(*able).Hijack() },
	}
	for name, take := range take {
		for _, flush := range []bool{false, true} {
			e := new(able)
			w := writerOver(e)
			h := header(html)
			w.WriteHead(200, "", &h, -1)
			io.WriteString(w, text(3000))
			if flush {
				w.Flush()
				io.WriteString(w, text(3000))
			}
			take(w)
			if _, err := w.Write([]byte("x")); name == "Hijack" {
				wantErr(t, err, httputil.ErrDetached)
			}
			if flush {
				if got := decodePart(t, "gzip", e.body); got != text(3000)+text(3000) {
					t.Errorf("%s: %d bytes have left", name, len(got))
				}
			} else if string(e.body) != text(3000) || e.header.Has("Content-Encoding") {
				t.Errorf("%s: %d bytes have left", name, len(e.body))
			}
			sent := len(e.body)
			w.End()
			if len(e.body) != sent {
				t.Errorf("%s: %d bytes follow", name, len(e.body)-sent)
			}
		}
	}
	// One that fails leaves the response as it was.
	e := new(able)
	e.hijacked = true
	w := writerOver(e)
	h := header(html)
	w.WriteHead(200, "", &h, -1)
	w.Flush()
	io.WriteString(w, text(3000))
	if _, _, err := w.Hijack(); err == nil {
		t.Error("a second Hijack succeeds")
	}
	io.WriteString(w, text(3000))
	w.End()
	if got := decode(t, "gzip", e.body); got != text(3000)+text(3000) {
		t.Errorf("%d bytes", len(got))
	}
}
