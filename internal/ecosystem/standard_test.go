package ecosystem_test

import (
	"expvar"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"eddy/internal/testdir"
)

func TestStandard_Pprof(t *testing.T) {
	mux := func() http.Handler {
		m := http.NewServeMux()
		m.HandleFunc("/debug/pprof/", pprof.Index)
		m.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		m.HandleFunc("/debug/pprof/profile", pprof.Profile)
		m.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		m.HandleFunc("/debug/pprof/trace", pprof.Trace)
		return m
	}
	onBoth(t, mux, func(t *testing.T, s *site) {
		s.wantBody(t, "/debug/pprof/", 200, "goroutine")
		s.wantBody(t, "/debug/pprof/goroutine?debug=1", 200, "goroutine profile: total")
		s.wantBody(t, "/debug/pprof/heap?gc=1", 200, "\x1f\x8b")
		s.wantBody(t, "/debug/pprof/heap?seconds=0.01", 400, "")
		s.wantBody(t, "/debug/pprof/cmdline", 200, filepath.Base(os.Args[0]))
		s.wantBody(t, "/debug/pprof/symbol", 200, "num_symbols")
		s.wantBody(t, "/debug/pprof/trace?seconds=0.01", 200, "go 1.")
		s.wantBody(t, "/debug/pprof/none", 404, "Unknown profile")
	})
}

func TestStandard_Expvar(t *testing.T) {
	onBoth(t, expvar.Handler, func(t *testing.T, s *site) { s.wantBody(t, "/", 200, `"memstats"`) })
}

func TestStandard_FileServer(t *testing.T) {
	dir := testdir.New(t)
	large := strings.Repeat("0123456789abcdef", 1<<16)
	for name, text := range map[string]string{"large.bin": large, "index.html": "<html>front", "small.txt": "small"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := func() http.Handler { return http.FileServer(http.Dir(dir)) }
	onBoth(t, files, func(t *testing.T, s *site) {
		s.wantBody(t, "/", 200, "<html>front")
		s.wantBody(t, "/none", 404, "not found")
		resp, body := s.get(t, "/large.bin")
		if body != large {
			t.Errorf("%d bytes, %v", len(body), resp.Header)
		}
		if _, body := s.get(t, "/large.bin", "If-Modified-Since", resp.Header.Get("Last-Modified")); body != "" {
			t.Error("sent again")
		}
		for from := range 5 {
			field := fmt.Sprintf("bytes=%d-%d", from*100_000, from*100_000+99_999)
			if _, body := s.get(t, "/large.bin", "Range", field); body != large[from*100_000:(from+1)*100_000] {
				t.Errorf("%s: %d bytes", field, len(body))
			}
		}
		if resp, body := s.get(t, "/large.bin", "Range", "bytes=0-1,16-17"); resp.StatusCode != 206 || strings.Count(body, "\r\n01\r\n") != 2 {
			t.Errorf("two ranges: %q", body)
		}
	})
}

func TestStandard_TimeoutHandler(t *testing.T) {
	h := func() http.Handler {
		return http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				<-r.Context().Done()
			}
			io.WriteString(w, "in time")
		}), 200*time.Millisecond, "too late")
	}
	onBoth(t, h, func(t *testing.T, s *site) {
		s.wantBody(t, "/fast", 200, "in time")
		s.wantBody(t, "/slow", 503, "too late")
		s.wantBody(t, "/fast", 200, "in time")
	})
}

// Cross-origin protection and the like are handlers around handlers.
func TestStandard_Wrappers(t *testing.T) {
	h := func() http.Handler {
		inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			fmt.Fprint(w, r.URL.Path, " ", len(b), " ", err)
		})
		return http.NewCrossOriginProtection().Handler(http.StripPrefix("/app", http.MaxBytesHandler(inner, 10)))
	}
	onBoth(t, h, func(t *testing.T, s *site) {
		s.wantBody(t, "/app/x", 200, "/x 0 <nil>")
		s.wantBody(t, "/other", 404, "")
		if _, body := s.do(t, "POST", "/app/x", strings.Repeat("b", 11)); body != "/x 10 http: request body too large" {
			t.Errorf("body %q", body)
		}
		if resp, _ := s.do(t, "POST", "/app/x", "b", "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 403 {
			t.Errorf("cross-site: %s", resp.Status)
		}
	})
}
