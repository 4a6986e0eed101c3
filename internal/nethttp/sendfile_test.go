package nethttp_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/nethttp"
	"eddy/internal/testdir"
)

// sender is an engine that sends files, so many bytes at a time.
type sender struct {
	engine
	most int64
	sent int64
	err  error
}

func (s *sender) SendFile(file fs.File, n int64) (int64, error) {
	f := file.(interface { // io.Copy hides the *os.File
		fs.File
		io.Seeker
	})
	info, _ := f.Stat()
	at, _ := f.Seek(0, io.SeekCurrent)
	n = min(n, s.most, info.Size()-at)
	if s.err != nil {
		return 0, s.err
	}
	s.sent += n
	_, err := f.Seek(n, io.SeekCurrent)
	return n, err
}

func TestHandler_LetsTheEngineSendFiles(t *testing.T) {
	name := filepath.Join(testdir.New(t), "file")
	if err := os.WriteFile(name, []byte(strings.Repeat("x", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for _, tc := range []struct {
		name    string
		headers []string
		copy    func(w io.Writer, f *os.File) (int64, error)
		err     error
		copied  int64
		sent    int64
	}{
		{"whole", []string{"Content-Type", "x/y", "Content-Length", "100000"},
			func(w io.Writer, f *os.File) (int64, error) { return io.Copy(w, f) }, nil, 100_000, 100_000},
		{"unsaid status", []string{"Content-Type", "x/y", "Content-Length", "100000"},
			func(w io.Writer, f *os.File) (int64, error) { return io.Copy(w, f) }, nil, 100_000, 100_000},
		{"unsaid status and length", []string{"Content-Type", "x/y"},
			func(w io.Writer, f *os.File) (int64, error) { return io.Copy(w, f) }, nil, 100_000, 0},
		{"a part", []string{"Content-Type", "x/y", "Content-Length", "50000"},
			func(w io.Writer, f *os.File) (int64, error) { return io.CopyN(w, f, 50_000) }, nil, 50_000, 50_000},
		{"a part of a part", []string{"Content-Type", "x/y", "Content-Length", "90000"},
			func(w io.Writer, f *os.File) (int64, error) { return io.CopyN(w, f, 50_000) }, nil, 50_000, 50_000},
		{"shorter than announced", []string{"Content-Type", "x/y", "Content-Length", "200000"},
			func(w io.Writer, f *os.File) (int64, error) { return io.Copy(w, f) }, nil, 100_000, 100_000},
		{"without a length", []string{"Content-Type", "x/y"},
			func(w io.Writer, f *os.File) (int64, error) { return io.Copy(w, f) }, nil, 100_000, 0},
		{"a type to be sniffed", []string{"Content-Length", "100000"},
			func(w io.Writer, f *os.File) (int64, error) { return io.Copy(w, f) }, nil, 100_000, 0},
		{"small", []string{"Content-Type", "x/y", "Content-Length", "100"},
			func(w io.Writer, f *os.File) (int64, error) { return io.CopyN(w, f, 100) }, nil, 100, 0},
		{"an engine that cannot", []string{"Content-Type", "x/y", "Content-Length", "100000"},
			func(w io.Writer, f *os.File) (int64, error) { return io.Copy(w, f) }, errors.ErrUnsupported, 100_000, 0},
		{"an engine that fails", []string{"Content-Type", "x/y", "Content-Length", "100000"},
			func(w io.Writer, f *os.File) (int64, error) {
				n, err := io.Copy(w, f)
				if err != broken {
					t.Errorf("the error is %v", err)
				}
				return n, nil
			}, broken, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &sender{most: 30_000, err: tc.err}
			h := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for i := 0; i < len(tc.headers); i += 2 {
					w.Header().Set(tc.headers[i], tc.headers[i+1])
				}
				if !strings.HasPrefix(tc.name, "unsaid") {
					w.WriteHeader(http.StatusOK)
				}
				f, err := os.Open(name)
				if err != nil {
					t.Error(err)
					return
				}
				defer f.Close()
				if n, err := tc.copy(w, f); n != tc.copied || err != nil {
					t.Errorf("copied %d, %v", n, err)
				}
			}))
			h.ServeRequest(context.Background(), e, &httputil.Request{Method: "GET", URI: "/", Path: "/", Body: httputil.NoBody})
			if e.sent != tc.sent {
				t.Errorf("the engine sent %d", e.sent)
			}
		})
	}
}
