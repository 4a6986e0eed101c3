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

// onServer runs h under net/http and returns the body of the answer.
func onServer(t *testing.T, method string, h httputil.HandlerFunc) (string, error) {
	t.Helper()
	srv := quietServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { nethttp.Serve(w, r, h) }))
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestServe_SendsFiles(t *testing.T) {
	content := strings.Repeat("0123456789", 20_000)
	name := filepath.Join(testdir.New(t), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		method string
		length int64
		sends  []int64 // how much is to be sent
		sent   []int64
		err    error // the last one's
		body   string
	}{
		{"whole", "GET", 200_000, []int64{200_000}, []int64{200_000}, nil, content},
		{"in pieces", "GET", 150_000, []int64{100_000, 50_000}, []int64{100_000, 50_000}, nil, content[:150_000]},
		{"of unknown length", "GET", -1, []int64{200_000}, []int64{200_000}, nil, content},
		{"beyond its end", "GET", -1, []int64{300_000, 1}, []int64{200_000, 0}, nil, content},
		{"beyond the length", "GET", 10, []int64{10, 1}, []int64{10, 0}, httputil.ErrBodyLength, content[:10]},
		{"to HEAD", "HEAD", 10, []int64{10}, []int64{0}, errors.ErrUnsupported, ""},
		{"before the head", "GET", -2, []int64{1}, []int64{0}, httputil.ErrNoHead, "Internal Server Error\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, err := onServer(t, tc.method, func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
				f, err := os.Open(name)
				if err != nil {
					t.Error(err)
					return
				}
				defer f.Close()
				if tc.length > -2 {
					w.WriteHead(200, "", &httputil.Header{}, tc.length)
				}
				for i, n := range tc.sends {
					sent, err := w.(interface {
						SendFile(fs.File, int64) (int64, error)
					}).SendFile(f, n)
					if sent != tc.sent[i] || i == len(tc.sends)-1 && !errors.Is(err, tc.err) || err != nil && tc.err == nil {
						t.Errorf("sent %d of %d: %v", sent, n, err)
					}
				}
			})
			if body != tc.body || err != nil {
				t.Errorf("%d bytes, %v", len(body), err)
			}
		})
	}
}

func TestServe_SendFileAfterTheEnd(t *testing.T) {
	if _, err := onServer(t, "GET", func(_ context.Context, w httputil.ResponseWriter, _ *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, 0)
		w.Finish()
		if _, err := w.(interface {
			SendFile(fs.File, int64) (int64, error)
		}).SendFile(nil, 1); err != httputil.ErrFinished {
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
}
