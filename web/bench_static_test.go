package web_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"eddy/httputil"
	"eddy/internal/testdir"
	"eddy/web"
)

// BenchmarkStatic compares a small file with what http.FileServer makes of it, mounted in the same
// application, without an engine. The file is new, so that its version would be computed each time.
func BenchmarkStatic(b *testing.B) {
	dir := testdir.New(b)
	if err := os.WriteFile(filepath.Join(dir, "a.css"), bytes.Repeat([]byte("p{}\n"), 1000), 0o600); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, "a.css")
	if err := os.Chtimes(path, longAgo, longAgo); err != nil {
		b.Fatal(err)
	}
	files := &web.StaticFiles{Dirs: []string{dir}}
	defer files.Close()
	web.AssumeSettled(b, files, "a.css")
	app := web.NewApplicationWith(quiet,
		web.URL("/static/{path...}", web.StaticFileHandler{Files: files}),
		web.Mount("/mounted/", http.StripPrefix("/mounted/", http.FileServer(http.Dir(dir)))))
	version, err := files.Version("a.css")
	if err != nil {
		b.Fatal(err)
	}
	known := get("/static/a.css")
	known.Header.Append("If-None-Match", `"`+version+`"`)
	for name, r := range map[string]*httputil.Request{
		"file": get("/static/a.css"), "304": known, "http.FileServer": get("/mounted/a.css"),
	} {
		b.Run(name, func(b *testing.B) {
			ctx := context.Background()
			var s sink
			b.ReportAllocs()
			for b.Loop() {
				app.ServeRequest(ctx, &s, r)
			}
			if s.status != 200 && (s.status != 304 || name != "304") {
				b.Errorf("status %d", s.status)
			}
		})
	}
	b.Run("StaticURL", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			files.URL("/static/", "a.css")
		}
	})
}
