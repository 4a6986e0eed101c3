package web_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"eddy/web"
)

// hooked replaces every step of a handler that can be.
type hooked struct {
	web.StaticFileHandler
	prepared *int
}

func (h *hooked) Prepare(context.Context) error { *h.prepared++; return nil }

func (h *hooked) ParseURLPath(path string) (string, error) {
	if path == "teapot" {
		return "", &web.HTTPError{Status: 418}
	}
	return strings.TrimPrefix(path, "v2/"), nil
}

func (h *hooked) ContentType(name string) string { return "x/" + name }

func (h *hooked) CacheTime(name string, modified time.Time, contentType string) time.Duration {
	if name != "a" || !modified.Equal(longAgo) || contentType != "x/a" {
		return 0
	}
	return 90 * time.Second
}

func (h *hooked) SetExtraHeaders(name string) {
	h.SetHeader("X-Name", name)
	h.ClearHeader("Expires")
	if name == "bad" {
		h.SetHeader("X-Name", "a\nb")
	}
}

func (h *hooked) NotModified(tag string, modified time.Time) bool {
	return h.Request.Header.Get("X-Have") == tag && modified.Equal(longAgo)
}

func TestStatic_Hooks(t *testing.T) {
	files := fstest.MapFS{"a": {Data: []byte("A"), ModTime: longAgo}, "b": {Data: []byte("B"), ModTime: longAgo}, "bad": {}}
	prepared := 0
	h := hooked{web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{files}}}, &prepared}
	app := web.NewApplicationWith(quiet, web.URL("/s/{path...}", h))
	do(t, app, request("GET /s/v2/a")).check(t, "a", 200, "A", "Content-Type: x/a", "Cache-Control: max-age=90", "Expires:", "X-Name: a")
	do(t, app, request("GET /s/b")).check(t, "b", 200, "B", "Content-Type: x/b", "Cache-Control:", "X-Name: b")
	do(t, app, request("GET /s/a", "X-Have: "+hashTag("A"))).check(t, "have", 304, "", "X-Name: a")
	do(t, app, request("GET /s/a", "If-None-Match: *")).check(t, "the hook decides", 200, "A")
	do(t, app, request("GET /s/v2/../../x")).check(t, "outside", 403, forbiddenPage)
	for path, status := range map[string]int{"teapot": 418, "bad": 500, "none": 404} {
		if w := do(t, app, request("GET /s/"+path)); w.status != status {
			t.Errorf("%s: %d", path, w.status)
		}
	}
	if prepared != 8 {
		t.Errorf("prepared %d times", prepared)
	}
}

// versioned knows its versions.
type versioned struct {
	fstest.MapFS
	version string
	err     error
}

func (v *versioned) StaticVersion(string, fs.FileInfo) (string, error) { return v.version, v.err }

func TestStatic_Versioner(t *testing.T) {
	files := &versioned{MapFS: fstest.MapFS{"a": {Data: []byte("A")}}}
	static := &web.StaticFiles{FS: []fs.FS{files}}
	app := staticApp(web.StaticFileHandler{Files: static})
	for _, tc := range []struct {
		version string
		err     error
		status  int
		tag     string
	}{
		{"v1", nil, 200, `"v1"`}, {"v2", nil, 200, `"v2"`}, {"", nil, 200, ""}, {`a"b`, nil, 500, ""}, {"a\nb", nil, 500, ""},
		{"", fs.ErrNotExist, 404, ""}, {"é", nil, 200, `"é"`},
	} {
		files.version, files.err = tc.version, tc.err
		if w := do(t, app, request("GET /static/a")); w.status != tc.status || w.header.Get("Etag") != tc.tag {
			t.Errorf("%q: %d %q", tc.version, w.status, w.header.Get("Etag"))
		}
	}
	files.version, files.err = "a&b", nil
	url := static.URL("/static/", "a")
	do(t, app, request("GET "+url)).check(t, url, 200, "A", "Cache-Control: max-age=315360000, immutable")
	files.version = ""
	do(t, app, request("GET /static/a?v=")).check(t, "no version", 200, "A", "Cache-Control:")
	do(t, app, request("GET /static/a", "If-None-Match: *")).check(t, "no tag", 304, "")
	if got := static.URL("/", "a"); got != "/a" {
		t.Error(got)
	}
}

func TestStatic_UnderOtherRules(t *testing.T) {
	tr := newTree(t)
	tr.file("dir/a.txt", "a")
	h := web.StaticFileHandler{Files: tr.files(), DefaultFilename: "a.txt"}
	app := web.NewApplicationWith(quiet, web.Regexp(`/v([0-9])/(.*)`, h), web.URL("/{path...}", h))
	do(t, app, request("GET /v7/dir/a.txt")).check(t, "a regular expression", 200, "a")
	do(t, app, request("GET /v7/dir/%61.txt")).check(t, "a regular expression", 200, "a")
	do(t, app, request("GET /v7/%2e%2e/x")).check(t, "a regular expression", 403, forbiddenPage)

	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/below/dir?q", nil)
	http.StripPrefix("/below", app).ServeHTTP(w, r)
	if w.Code != 301 || w.Header().Get("Location") != "/below/dir/?q" {
		t.Errorf("below a prefix: %d to %q", w.Code, w.Header().Get("Location"))
	}
	absolute := request("GET /dir")
	absolute.URI = "http://other.example/dir"
	do(t, app, absolute).check(t, "absolute form", 301, "", "Location: /dir/")
}

const forbiddenPage = "<html><title>403: Forbidden</title><body>403: Forbidden</body></html>"

// A rule for a part of the files holds for all ways to write their paths.
func TestStatic_RulesInFrontAreNotGoneRound(t *testing.T) {
	tr := newTree(t)
	tr.file("private/plans.txt", "secret")
	tr.file("a.txt", "a")
	app := web.NewApplicationWith(quiet,
		web.URL("/static/private/{path...}", web.ErrorHandler{Status: 401}),
		web.URL("/static/{path...}", web.StaticFileHandler{Files: tr.files(), DefaultFilename: "index.html"}))
	for _, path := range []string{
		"private/plans.txt", "private%2Fplans.txt", "private%2fplans.txt", "./private/plans.txt", "%2e/private/plans.txt",
		"x/../private/plans.txt", "a.txt/../private/plans.txt", "private//plans.txt", "/private/plans.txt", "%70rivate/plans.txt",
		"private%5Cplans.txt", "private\\plans.txt", "..%2fstatic/private/plans.txt", "private%252fplans.txt",
	} {
		if w := do(t, app, request("GET /static/"+path)); w.status == 200 || w.status >= 500 || strings.Contains(w.body.String(), "secret") {
			t.Errorf("%s: %d %q", path, w.status, w.body.String())
		}
	}
	do(t, app, request("GET /static/a%2Etxt")).check(t, "another escape", 200, "a")
}

// careful is a file system that counts what is open.
type careful struct {
	fs.FS
	opened, open int
}

type carefulFile struct {
	fs.File
	io.Seeker
	of *careful
}

func (c *careful) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	c.opened, c.open = c.opened+1, c.open+1
	if _, ok := f.(fs.ReadDirFile); ok {
		return &carefulDir{f.(fs.ReadDirFile), c}, nil
	}
	return &carefulFile{f, f.(io.Seeker), c}, nil
}

func (f *carefulFile) Close() error { f.of.open--; return f.File.Close() }

type carefulDir struct {
	fs.ReadDirFile
	of *careful
}

func (d *carefulDir) Close() error { d.of.open--; return d.ReadDirFile.Close() }

// However a request ends, its file is closed.
func TestStatic_FilesAreClosed(t *testing.T) {
	files := &careful{FS: fstest.MapFS{"a.txt": {Data: []byte("0123456789"), ModTime: longAgo}, "large.txt": {Data: make([]byte, 200_000)}, "dir/b.txt": {}}}
	h := hooked{web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{files}}, Listing: true, Precompressed: true}, new(int)}
	app := web.NewApplicationWith(quiet, web.URL("/s/{path...}", h))
	gone := errors.New("gone")
	for _, path := range []string{"a.txt", "large.txt", "dir/", "dir", "none", "bad", "a.txt/"} {
		for _, fields := range [][]string{nil, {"Range: bytes=1-2"}, {"Range: bytes=1-2,150000-"}, {"Range: bytes=999999-"}, {"If-Match: \"x\""},
			{"X-Have: " + hashTag("0123456789")}, {"Accept-Encoding: gzip"}} {
			for _, w := range []*recorder{{}, {writeErr: gone}} {
				for _, method := range []string{"GET ", "HEAD "} {
					w.serve(t.Context(), app, request(method+"/s/"+path, fields...))
				}
			}
		}
	}
	if files.open != 0 || files.opened == 0 {
		t.Errorf("%d of %d files are open", files.open, files.opened)
	}
}
