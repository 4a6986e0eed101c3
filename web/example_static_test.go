package web_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"time"

	"eddy/web"
)

// A shelf is a file system over anything that has names and bytes: a map here, a table elsewhere.
type shelf map[string]article

type article struct {
	text    string
	changed time.Time
	edition int
}

func (s shelf) Open(name string) (fs.File, error) {
	p, ok := s[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &openPage{bytes.NewReader([]byte(p.text)), p}, nil
}

// StaticVersion spares reading a page for its version.
func (s shelf) StaticVersion(name string, _ fs.FileInfo) (string, error) {
	return fmt.Sprintf("edition-%d", s[name].edition), nil
}

// An openPage is a file, and what is known of it.
type openPage struct {
	*bytes.Reader
	article
}

func (p *openPage) Stat() (fs.FileInfo, error) { return p, nil }
func (p *openPage) Close() error               { return nil }
func (p *openPage) Name() string               { return "" }
func (p *openPage) Mode() fs.FileMode          { return 0o444 }
func (p *openPage) ModTime() time.Time         { return p.changed }
func (p *openPage) IsDir() bool                { return false }
func (p *openPage) Sys() any                   { return nil }

// Static files need not be files: any fs.FS will do, and has conditions, ranges and versioned URLs.
func ExampleStaticFileHandler() {
	pages := shelf{"news.txt": {"nothing new", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 7}}
	files := &web.StaticFiles{FS: []fs.FS{pages}}
	app := web.NewApplicationWith(quiet, web.URL("/pages/{path...}", web.StaticFileHandler{Files: files}))

	url := files.URL("/pages/", "news.txt")
	fmt.Println(url)
	for _, field := range [][2]string{{"Range", "bytes=8-"}, {"If-None-Match", `"edition-7"`}} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", url, nil)
		r.Header.Set(field[0], field[1])
		app.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body, w.Header().Get("Etag"), w.Header().Get("Cache-Control"))
	}
	// Output:
	// /pages/news.txt?v=edition-7
	// 206 new "edition-7" max-age=315360000, immutable
	// 304  "edition-7" max-age=315360000, immutable
}
