package web_test

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"eddy/internal/testdir"
	"eddy/web"
)

// A tree is a directory with a root in it, and things beside that root.
type tree struct {
	t    *testing.T
	dir  string
	root string
}

var longAgo = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func newTree(t *testing.T) *tree {
	t.Helper()
	dir := testdir.New(t)
	tr := &tree{t, dir, filepath.Join(dir, "root")}
	tr.must(os.Mkdir(tr.root, 0o700))
	return tr
}

func (tr *tree) must(err error) {
	tr.t.Helper()
	if err != nil {
		tr.t.Fatal(err)
	}
}

// file writes a file, by its path from the root, with a time that has long passed.
func (tr *tree) file(name, content string) string {
	tr.t.Helper()
	path := filepath.Join(tr.root, filepath.FromSlash(name))
	tr.must(os.MkdirAll(filepath.Dir(path), 0o700))
	tr.must(os.WriteFile(path, []byte(content), 0o600))
	tr.must(os.Chtimes(path, longAgo, longAgo))
	return path
}

func (tr *tree) files() *web.StaticFiles {
	f := &web.StaticFiles{Dirs: []string{tr.root}}
	tr.t.Cleanup(func() { f.Close() })
	return f
}

// link makes a symbolic link.
func (tr *tree) link(to, name string) {
	tr.t.Helper()
	tr.must(os.Symlink(filepath.FromSlash(to), filepath.Join(tr.root, filepath.FromSlash(name))))
}

// hasLinks reports whether the system lets one make symbolic links, and follows them: Windows may not do
// the one, nor Wine the other.
func (tr *tree) hasLinks() bool {
	probe := filepath.Join(tr.dir, "probe")
	err := os.Symlink(tr.root, probe)
	if err == nil {
		_, err = os.ReadDir(probe)
	}
	return err == nil || runtime.GOOS != "windows"
}

func staticApp(h web.StaticFileHandler) *web.Application {
	return web.NewApplicationWith(quiet, web.URL("/static/{path...}", h))
}

func hashTag(content string) string { return fmt.Sprintf(`"%x"`, sha512.Sum512([]byte(content))) }

func (w *recorder) check(t *testing.T, what string, status int, body string, fields ...string) {
	t.Helper()
	if w.status != status || w.body.String() != body {
		t.Errorf("%s: %d %.80q, want %d %.80q", what, w.status, w.body.String(), status, body)
	}
	for _, f := range fields {
		name, want, _ := strings.Cut(f, ":")
		if got, want := w.header.Joined(name), strings.TrimSpace(want); got != want {
			t.Errorf("%s: %s is %q, want %q", what, name, got, want)
		}
	}
}

func TestStatic_Headers(t *testing.T) {
	tr := newTree(t)
	tr.file("css/a.css", "body{}")
	tr.file("empty.txt", "")
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	all := []string{"Content-Type: text/css; charset=utf-8", "Accept-Ranges: bytes", "Etag: " + hashTag("body{}"),
		"Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT", "Cache-Control:", "Expires:", "Vary:", "Content-Encoding:"}
	for range 2 { // the second time by the cache
		w := do(t, app, request("GET /static/css/a.css"))
		w.check(t, "GET", 200, "body{}", all...)
		if w.length != 6 {
			t.Errorf("length %d", w.length)
		}
		w = do(t, app, request("HEAD /static/css/a.css"))
		w.check(t, "HEAD", 200, "", all...)
		if w.length != 6 {
			t.Errorf("length %d to HEAD", w.length)
		}
	}
	do(t, app, request("GET /static/empty.txt")).check(t, "empty", 200, "", "Etag: "+hashTag(""))
	do(t, app, request("GET /static/empty.txt", "Range: bytes=0-0")).check(t, "empty", 416, "", "Content-Range: bytes */0")
	do(t, app, request("POST /static/css/a.css")).check(t, "POST", 405,
		"<html><title>405: Method Not Allowed</title><body>405: Method Not Allowed</body></html>", "Allow: GET, HEAD, OPTIONS")
}

func TestStatic_ContentType(t *testing.T) {
	tr := newTree(t)
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	for name, want := range map[string]string{
		"a.html": "text/html; charset=utf-8", "A.HTML": "text/html; charset=utf-8", "a.js": "text/javascript; charset=utf-8",
		"a.png": "image/png", "a.tar.gz": "application/gzip", "a.tgz": "application/gzip", "a.css.bz2": "application/octet-stream",
		"a.html.xz": "application/octet-stream", "a.br": "application/octet-stream", "a.made-up": "application/octet-stream",
		"noext": "application/octet-stream",
	} {
		tr.file(name, "<html>")
		do(t, app, request("GET /static/"+name)).check(t, name, 200, "<html>", "Content-Type: "+want)
	}
}

func TestStatic_Conditions(t *testing.T) {
	tr := newTree(t)
	tr.file("a.txt", "0123456789")
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	tag, at := hashTag("0123456789"), longAgo.Format(http.TimeFormat)
	before, after := longAgo.Add(-time.Hour).Format(http.TimeFormat), longAgo.Add(time.Hour).Format(http.TimeFormat)
	for _, tc := range []struct {
		fields []string
		status int
	}{
		{[]string{"If-None-Match: " + tag}, 304},
		{[]string{"If-None-Match: W/" + tag}, 304},
		{[]string{`If-None-Match: "x", ` + tag}, 304},
		{[]string{"If-None-Match: *"}, 304},
		{[]string{`If-None-Match: "x"`}, 200},
		{[]string{`If-None-Match: "x"`, "If-Modified-Since: " + after}, 200}, // the tag beats the date
		{[]string{"If-None-Match: " + tag, "If-Modified-Since: " + before}, 304},
		{[]string{"If-Modified-Since: " + at}, 304},
		{[]string{"If-Modified-Since: " + after}, 304},
		{[]string{"If-Modified-Since: " + before}, 200},
		{[]string{"If-Modified-Since: yesterday"}, 200},
		{[]string{"If-Modified-Since: Thu, 01 Jan 1969 00:00:00 GMT"}, 200},
		{[]string{"If-Modified-Since: Fri Jan  2 03:04:05 2026"}, 304},
		{[]string{"If-Match: " + tag}, 200},
		{[]string{`If-Match: "x", "y" ,` + tag}, 200},
		{[]string{"If-Match: *"}, 200},
		{[]string{"If-Match: W/" + tag}, 412},
		{[]string{`If-Match: "x"`}, 412},
		{[]string{`If-Match: x`}, 412},
		{[]string{"If-Match: " + tag, "If-Unmodified-Since: " + before}, 200}, // the tag beats the date
		{[]string{"If-Match: " + tag, "If-None-Match: " + tag}, 304},
		{[]string{"If-Unmodified-Since: " + before}, 412},
		{[]string{"If-Unmodified-Since: " + at}, 200},
		{[]string{"If-Unmodified-Since: no date"}, 200},
		{[]string{"If-None-Match: " + tag, "Range: bytes=1-2"}, 304},
		{[]string{"Range: bytes=1-2"}, 206},
		{[]string{"Range: bytes=1-2", "If-Range: " + tag}, 206},
		{[]string{"Range: bytes=1-2", "If-Range: W/" + tag}, 200},
		{[]string{"Range: bytes=1-2", `If-Range: "x"`}, 200},
		{[]string{"Range: bytes=1-2", "If-Range: " + at}, 206},
		{[]string{"Range: bytes=1-2", "If-Range: " + after}, 200},
		{[]string{"Range: bytes=1-2", "If-Range: x"}, 200},
		{[]string{"Range: bytes=90-", `If-Range: "x"`}, 200},
	} {
		for _, method := range []string{"GET", "HEAD", "GET"} {
			w := do(t, app, request(method+" /static/a.txt", tc.fields...))
			if w.status != tc.status {
				t.Errorf("%s %q: %d, want %d", method, tc.fields, w.status, tc.status)
			}
			switch w.status {
			case 304:
				w.check(t, "304", 304, "", "Content-Type:", "Etag: "+tag, "Last-Modified: "+at)
			case 206:
				if want := "12"; method == "GET" {
					w.check(t, "206", 206, want, "Content-Range: bytes 1-2/10", "Etag: "+tag)
				}
			}
		}
	}
}

func TestStatic_Ranges(t *testing.T) {
	tr := newTree(t)
	tr.file("a.txt", "0123456789")
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	for _, tc := range []struct {
		field, body, content string
		status               int
	}{
		{"bytes=2-4", "234", "bytes 2-4/10", 206},
		{"bytes=2-", "23456789", "bytes 2-9/10", 206},
		{"bytes=2-99", "23456789", "bytes 2-9/10", 206},
		{"bytes=-3", "789", "bytes 7-9/10", 206},
		{"bytes=-99", "0123456789", "", 200},
		{"bytes=0-", "0123456789", "", 200},
		{"bytes=0-9", "0123456789", "", 200},
		{"bytes=10-", "", "bytes */10", 416},
		{"bytes=-0", "", "bytes */10", 416},
		{"bytes=99999999999999999999-", "", "bytes */10", 416},
		{"bytes=4-2", "0123456789", "", 200},
		{"bytes=x", "0123456789", "", 200},
		{"lines=1-2", "0123456789", "", 200},
		{"bytes=1-2,3-4", "1234", "bytes 1-4/10", 206}, // joined
	} {
		w := do(t, app, request("GET /static/a.txt", "Range: "+tc.field))
		w.check(t, tc.field, tc.status, tc.body, "Content-Range: "+tc.content, "Accept-Ranges: bytes")
		if tc.status == 416 {
			w.check(t, tc.field, 416, "", "Content-Type: text/plain; charset=utf-8")
		}
		if w.length != int64(len(tc.body)) {
			t.Errorf("%s: length %d", tc.field, w.length)
		}
		head := do(t, app, request("HEAD /static/a.txt", "Range: "+tc.field))
		head.check(t, "HEAD "+tc.field, tc.status, "", "Content-Range: "+tc.content)
		if head.length != w.length {
			t.Errorf("HEAD %s: length %d, want %d", tc.field, head.length, w.length)
		}
	}
	two := request("GET /static/a.txt", "Range: bytes=1-2", "Range: bytes=3-4")
	do(t, app, two).check(t, "two fields", 200, "0123456789")
}

func TestStatic_NothingOutside(t *testing.T) {
	tr := newTree(t)
	tr.file("in.txt", "in")
	tr.file("dir/in.txt", "in")
	tr.file(".env", "secret")
	tr.file(".git/config", "secret")
	tr.file(".well-known/security.txt", "contact")
	tr.file(".well-known/.x", "secret")
	tr.must(os.Mkdir(tr.root+"-secret", 0o700))
	for _, path := range []string{tr.root + "-secret/a.txt", filepath.Join(tr.dir, "secret.txt")} {
		tr.must(os.WriteFile(path, []byte("secret"), 0o600))
	}
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	for path, status := range map[string]int{
		"in.txt": 200, "dir/in.txt": 200, "%69n.txt": 200,
		// Not the file's one path: a rule for what is below dir would not see it.
		"dir%2Fin.txt": 404, "dir%2fin.txt": 404, "x/../dir/in.txt": 404, "dir/../in.txt": 404, "x/%2e%2e/in.txt": 404, "./in.txt": 404,
		"dir/./in.txt": 404, "dir//in.txt": 404, "in.txt//": 404, "dir//": 404, "dir/%2e": 404,
		"../secret.txt": 403, "%2e%2e/secret.txt": 403, "..%2fsecret.txt": 403, "dir/../../secret.txt": 403, "..": 403,
		"../root-secret/a.txt": 403, "%2e%2e%2froot-secret/a.txt": 403, "/etc/passwd": 403, "%2fetc/passwd": 403,
		filepath.ToSlash(tr.dir) + "/secret.txt": 0,
		"%252e%252e/secret.txt":                  404, "..%5csecret.txt": 404, "dir%5c..%5cin.txt": 404, "in.txt%00": 404, "%00": 404, "in.txt/": 404,
		"in.txt/x": 404, "missing": 404, "dir/missing": 404, "missing/x": 404, "a:b": 404, "in.txt::$DATA": 404, "C:/in.txt": 404,
		".env": 404, ".git/config": 404, "dir/.../x": 404, ".well-known/security.txt": 200, ".well-known/.x": 404,
		strings.Repeat("n", 300): 404, strings.Repeat("d/", 2000): 404, strings.Repeat("in.txt/", 1000): 404,
		"": 403, ".": 404, "./": 404, "dir": 403, "dir/": 403, "dir/..": 404, "%ff": 400,
	} {
		w := do(t, app, request("GET /static/"+path))
		if w.status != status && status != 0 || w.status >= 500 || strings.Contains(w.body.String(), "secret") {
			t.Errorf("%.80q: %d %q, want %d", path, w.status, w.body.String(), status)
		}
	}
	for _, name := range []string{"NUL", "con", "COM1.txt", "lpt1", "aux/x"} { // devices on Windows
		do(t, app, request("GET /static/"+name)).check(t, name, 404, "<html><title>404: Not Found</title><body>404: Not Found</body></html>")
	}
	files := tr.files()
	files.Dotfiles = true
	do(t, staticApp(web.StaticFileHandler{Files: files}), request("GET /static/.git/config")).check(t, "Dotfiles", 200, "secret")
}

func TestStatic_Links(t *testing.T) {
	tr := newTree(t)
	tr.file("a.txt", "in")
	tr.file("sub/b.txt", "below")
	tr.must(os.WriteFile(filepath.Join(tr.dir, "out.txt"), []byte("out"), 0o600))
	if !tr.hasLinks() {
		t.Skip("no symbolic links")
	}
	tr.link("a.txt", "in.txt")
	tr.link("../a.txt", "sub/up.txt")
	tr.link("../out.txt", "out.txt")
	tr.link(filepath.Join(tr.dir, "out.txt"), "absolute.txt")
	tr.link("..", "parent")
	tr.link("loop.txt", "loop.txt")
	tr.link("nowhere", "dangling.txt")
	follow := tr.files()
	follow.FollowLinks = true
	strict, loose := staticApp(web.StaticFileHandler{Files: tr.files()}), staticApp(web.StaticFileHandler{Files: follow})
	for _, tc := range []struct {
		path          string
		strict, loose int
	}{
		{"in.txt", 200, 200}, {"sub/up.txt", 200, 200}, {"out.txt", 403, 200}, {"absolute.txt", 403, 200},
		{"parent/out.txt", 403, 200}, {"parent", 403, 403}, {"dangling.txt", 404, 404}, {"../out.txt", 403, 403},
	} {
		if w := do(t, strict, request("GET /static/"+tc.path)); w.status != tc.strict {
			t.Errorf("%s: %d, want %d", tc.path, w.status, tc.strict)
		}
		if w := do(t, loose, request("GET /static/"+tc.path)); w.status != tc.loose {
			t.Errorf("%s with FollowLinks: %d, want %d", tc.path, w.status, tc.loose)
		}
	}
	for _, app := range []*web.Application{strict, loose} {
		if w := do(t, app, request("GET /static/loop.txt")); w.status != 404 && w.status != 403 {
			t.Errorf("a loop: %d", w.status)
		}
	}
}

func TestStatic_DefaultFilename(t *testing.T) {
	tr := newTree(t)
	tr.file("index.html", "top")
	tr.file("dir/index.html", "dir")
	tr.file("bare/a.txt", "a")
	files := tr.files()
	files.FS = []fs.FS{fstest.MapFS{`\evil.example/index.html`: {}}}
	h := web.StaticFileHandler{Files: files, DefaultFilename: "index.html"}
	app := web.NewApplicationWith(quiet, web.URL("/static/{path...}", h), web.URL("/{path...}", h))
	for _, tc := range []struct {
		path, location string
		status         int
	}{
		{"/static/", "", 200}, {"/static/dir/", "", 200}, {"/", "", 200}, {"/static/bare/", "", 404},
		{"/static/dir", "/static/dir/", 301}, {"/static/bare?x=1&y", "/static/bare/?x=1&y", 301}, {"/dir", "/dir/", 301},
		{"/static/%64ir", "/static/%64ir/", 301}, {"/static/dir/index.html", "", 200}, {"/static/dir/index.html/", "", 404},
		// What could lead to another site.
		{"//dir", "", 403}, {"//evil.example/../dir", "", 403}, {"/evil.example%2f..", "", 404}, {"//evil.example/%2e%2e", "", 403}, {"/%2fevil.example/..", "", 403},
		{"/\\evil.example/../dir", "", 404}, {"/\\evil.example", "/%5Cevil.example/", 301}, {"/%5Cevil.example", "/%5Cevil.example/", 301}, {"/\t/evil.example/../../dir", "", 0},
		{"/x/..//dir", "", 404}, {"/%2edir", "", 404},
	} {
		w := do(t, app, request("GET "+tc.path))
		if location := w.header.Get("Location"); w.status != tc.status && tc.status != 0 || location != tc.location && tc.status != 0 ||
			w.status >= 500 || strings.HasPrefix(location, "//") || strings.ContainsAny(location, "\\\t") {
			t.Errorf("%q: %d to %q, want %d to %q", tc.path, w.status, location, tc.status, tc.location)
		}
	}
}

// A client that sends the fragment of a URL, too, is redirected without it.
func TestStatic_RedirectHasNoFragment(t *testing.T) {
	tr := newTree(t)
	tr.file("dir/index.html", "dir")
	r := request("GET /static/dir#x")
	r.Path = "/static/dir" // as Eddy's engine has it
	w := do(t, staticApp(web.StaticFileHandler{Files: tr.files(), DefaultFilename: "index.html"}), r)
	w.check(t, "a fragment", 301, "", "Location: /static/dir/")
}

// Whatever a client asks for, and in whatever way, the answer is a file of the root or an error of its own.
func FuzzStatic(f *testing.F) {
	for _, path := range []string{"in.txt", "dir/", "dir", "../secret.txt", "%2e%2e/secret.txt", "/in.txt", "..\\secret.txt", ".env", "in.txt%00",
		"dir/%2e%2e/in.txt", "CON", "a:b", "\xff", strings.Repeat("x", 300), "%", "//evil.example/.."} {
		f.Add(path, "bytes=1-", "gzip", `"x"`)
	}
	f.Add("in.txt", "bytes=0-0,1-1,-1", "br;q=0.5, *", "W/\"x\", *")
	dir := testdir.New(f)
	root := filepath.Join(dir, "root")
	for name, content := range map[string]string{"root/in.txt": "in", "root/in.txt.gz": "in, too", "root/dir/index.html": "in", "root/.env": "secret",
		"secret.txt": "secret", "root-secret/in.txt": "secret"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			f.Fatal(err)
		}
	}
	files := &web.StaticFiles{Dirs: []string{root}}
	f.Cleanup(func() { files.Close() })
	h := web.StaticFileHandler{Files: files, DefaultFilename: "index.html", Listing: true, Precompressed: true}
	app := web.NewApplicationWith(quiet, web.URL("/static/{path...}", h), web.URL("/{path...}", h))
	f.Fuzz(func(t *testing.T, path, ranges, accept, tags string) {
		for _, prefix := range []string{"/static/", "/"} {
			r := request("GET "+prefix+path, "Range: "+ranges, "Accept-Encoding: "+accept, "If-None-Match: "+tags, "If-Range: "+tags)
			w := do(t, app, r)
			location := w.header.Get("Location")
			if w.status >= 500 || strings.Contains(w.body.String(), "secret") {
				t.Errorf("%q: %d %q", path, w.status, w.body.String())
			}
			if location != "" && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.ContainsAny(location, "\\\t\r\n")) {
				t.Errorf("%q: to %q", path, location)
			}
			if w.length != int64(w.body.Len()) {
				t.Errorf("%q: %d bytes of %d", path, w.body.Len(), w.length)
			}
		}
	})
}
