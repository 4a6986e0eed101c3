package web_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"eddy/web"
)

func TestStatic_Precompressed(t *testing.T) {
	tr := newTree(t)
	tr.file("a.css", "plain a")
	tr.file("a.css.br", "br a")
	tr.file("a.css.zst", "zst a")
	tr.file("a.css.gz", "gz a")
	tr.file("b.js", "plain b")
	tr.file("b.js.gz", "gz b")
	old := tr.file("c.js.gz", "gz of an earlier c")
	tr.file("c.js", "plain c")
	tr.must(os.Chtimes(old, longAgo.Add(-time.Second), longAgo.Add(-time.Second)))
	tr.file("dir.js", "plain dir")
	tr.must(os.Mkdir(tr.root+"/dir.js.gz", 0o700))
	files := tr.files()
	app := staticApp(web.StaticFileHandler{Files: files, Precompressed: true})
	for _, tc := range []struct{ path, accept, coding, body string }{
		{"a.css", "gzip, deflate, br, zstd", "br", "br a"},
		{"a.css", "gzip, zstd", "zstd", "zst a"},
		{"a.css", "gzip", "gzip", "gz a"},
		{"a.css", "GZIP", "gzip", "gz a"},
		{"a.css", "br;q=0.5, gzip;q=0.9", "gzip", "gz a"},
		{"a.css", "br;q=0, *;q=0.3", "zstd", "zst a"},
		{"a.css", "*", "br", "br a"},
		{"a.css", "gzip;q=0.5, identity", "", "plain a"},
		{"a.css", "gzip, identity", "gzip", "gz a"},
		{"a.css", "gzip;q=0", "", "plain a"},
		{"a.css", "identity;q=0, deflate", "", "plain a"}, // better than nothing
		{"a.css", "", "", "plain a"},
		{"a.css", "deflate", "", "plain a"},
		{"b.js", "br, gzip", "gzip", "gz b"},
		{"c.js", "gzip", "", "plain c"},
		{"dir.js", "gzip", "", "plain dir"},
		{"a.css.gz", "gzip", "", "gz a"},
	} {
		kind := map[string]string{"a.css": "text/css; charset=utf-8", "a.css.gz": "application/gzip"}[tc.path]
		if kind == "" {
			kind = "text/javascript; charset=utf-8"
		}
		var fields []string
		if tc.accept != "" {
			fields = append(fields, "Accept-Encoding: "+tc.accept)
		}
		tag := hashTag(tc.body)
		what := tc.path + " for " + tc.accept
		for range 2 {
			do(t, app, request("GET /static/"+tc.path, fields...)).check(t, what, 200, tc.body, "Content-Encoding: "+tc.coding,
				"Content-Type: "+kind, "Vary: Accept-Encoding", "Etag: "+tag,
				"Accept-Ranges: "+map[string]string{"": "bytes"}[tc.coding]) // no range is of another variant
		}
		do(t, app, request("GET /static/"+tc.path, append(fields, "If-None-Match: "+tag)...)).check(t, what, 304, "",
			"Vary: Accept-Encoding", "Etag: "+tag, "Content-Encoding:")
		do(t, app, request("GET /static/"+tc.path, append(fields, "Range: bytes=1-3")...)).check(t, what, 206, ownBody(tc.path)[1:4],
			"Content-Encoding:", "Vary: Accept-Encoding", "Etag: "+hashTag(ownBody(tc.path)))
	}
	// A URL's version is that of the file, whatever is sent for it.
	line := "GET " + files.URL("/static/", "a.css")
	for _, accept := range []string{"gzip", "identity"} {
		do(t, app, request(line, "Accept-Encoding: "+accept)).check(t, accept, 200,
			map[string]string{"gzip": "gz a", "identity": "plain a"}[accept], "Cache-Control: max-age=315360000, immutable")
	}
	without := staticApp(web.StaticFileHandler{Files: files})
	do(t, without, request("GET /static/a.css", "Accept-Encoding: gzip")).check(t, "off", 200, "plain a", "Vary:", "Content-Encoding:")
}

func ownBody(path string) string {
	if strings.HasSuffix(path, ".gz") {
		return "gz a"
	}
	return "plain " + strings.Split(path, ".")[0]
}

func TestStatic_Caching(t *testing.T) {
	tr := newTree(t)
	tr.file("a.txt", "a")
	files := tr.files()
	app := staticApp(web.StaticFileHandler{Files: files})
	version, _ := files.Version("a.txt")
	for query, kept := range map[string]bool{"": false, "?v=": false, "?v=1": false, "?w=" + version: false, "?v=" + version: true} {
		for _, fields := range [][]string{nil, {"If-None-Match: *"}, {"Range: bytes=0-0"}} {
			w := do(t, app, request("GET /static/a.txt"+query, fields...))
			expires, _ := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", w.header.Get("Expires"))
			years := time.Until(expires).Hours() / 24 / 365
			if kept != (w.header.Get("Cache-Control") == "max-age=315360000, immutable") || kept != (years > 9.99 && years < 10.01) {
				t.Errorf("%q %q: %v", query, fields, w.header.Fields())
			}
		}
		if w := do(t, app, request("GET /static/a.txt"+query, "Range: bytes=9-")); w.status != 416 || w.header.Has("Cache-Control") || w.header.Has("Expires") {
			t.Errorf("%q: %d %v", query, w.status, w.header.Fields())
		}
	}
}

func TestStatic_Listing(t *testing.T) {
	tr := newTree(t)
	for _, name := range []string{"b.txt", "a&b.txt", ".hidden", "sub/x", "with/index.html"} {
		tr.file(name, name)
	}
	files := tr.files()
	files.FS = []fs.FS{fstest.MapFS{"b.txt": {}, "ü 100%?#.txt": {}, "z<script>.txt": {}, "javascript:alert(1)": {}}}
	app := staticApp(web.StaticFileHandler{Files: files, Listing: true, DefaultFilename: "index.html"})
	w := do(t, app, request("GET /static/"))
	var links []string
	for line := range strings.Lines(w.body.String()) {
		if link, ok := strings.CutPrefix(line, "<li>"); ok {
			links = append(links, strings.TrimSuffix(link, "</li>\n"))
		}
	}
	want := []string{
		`<a href="./a&amp;b.txt">a&amp;b.txt</a>`, `<a href="./b.txt">b.txt</a>`,
		`<a href="./javascript:alert%281%29">javascript:alert(1)</a>`, `<a href="./sub/">sub/</a>`, `<a href="./with/">with/</a>`,
		`<a href="./z%3Cscript%3E.txt">z&lt;script&gt;.txt</a>`, `<a href="./%C3%BC%20100%25%3F%23.txt">ü 100%?#.txt</a>`,
	}
	if w.status != 200 || strings.Join(links, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d\n%s", w.status, strings.Join(links, "\n"))
	}
	w.check(t, "listing", 200, w.body.String(), "Content-Type: text/html; charset=UTF-8", "Last-Modified:")
	do(t, app, request("GET /static/", "If-None-Match: "+w.header.Get("Etag"))).check(t, "listing", 304, "")
	do(t, app, request("GET /static/with/")).check(t, "default file", 200, "with/index.html")
	do(t, app, request("GET /static/sub")).check(t, "no slash", 301, "", "Location: /static/sub/")
	do(t, app, request("GET /static/none/")).check(t, "missing", 404, notFoundPage)

	many := fstest.MapFS{}
	for i := range 1500 {
		many[fmt.Sprintf("%04d", i)] = &fstest.MapFile{}
	}
	app = staticApp(web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{many, many}}, Listing: true})
	if page := do(t, app, request("GET /static/")).body.String(); strings.Count(page, "<li>") != 1000 || !strings.Contains(page, "and more") {
		t.Errorf("%d of 1500 entries are listed", strings.Count(page, "<li>"))
	}
}

func TestStatic_OneFile(t *testing.T) {
	files := &web.StaticFiles{FS: []fs.FS{fstest.MapFS{"app.html": {Data: []byte("app")}}}}
	app := web.NewApplicationWith(quiet, web.URL("/{path...}", web.StaticFileHandler{Files: files, File: "app.html"}))
	for _, path := range []string{"/", "/any/where", "/../x"} {
		do(t, app, request("GET "+path)).check(t, path, 200, "app", "Content-Type: text/html; charset=utf-8")
	}
}

func TestStatic_MistakesAreLogged(t *testing.T) {
	files := &web.StaticFiles{FS: []fs.FS{fstest.MapFS{}}}
	for want, rule := range map[string]web.Rule{
		"has no Files":              web.URL("/{path...}", web.StaticFileHandler{}),
		"has no value for the path": web.URL("/", web.StaticFileHandler{Files: files}),
	} {
		app, log := logged(rule)
		if w := do(t, app, request("GET /")); w.status != 500 {
			t.Errorf("%d", w.status)
		}
		mustContain(t, "the log", log.text(), want)
	}
}

func TestSettings_StaticPath(t *testing.T) {
	tr := newTree(t)
	tr.file("a.css", "a")
	tr.file("favicon.ico", "icon")
	tr.file("robots.txt", "User-agent: *")
	var url string
	own := web.Func("/{path...}", func(_ context.Context, h *web.RequestHandler) error {
		url = h.StaticURL("a.css")
		return h.Text("own " + h.PathValue("path"))
	})
	settings := quiet
	settings.StaticPath = tr.root
	app := web.NewApplicationWith(settings, own)
	version := strings.Trim(hashTag("a"), `"`)
	do(t, app, request("GET /other")).check(t, "other", 200, "own other")
	if want := "/static/a.css?v=" + version; url != want || app.StaticURL("a.css") != want || app.StaticURL("none") != "/static/none" {
		t.Errorf("%s, %s, %s", url, app.StaticURL("a.css"), app.StaticURL("none"))
	}
	do(t, app, request("GET "+url)).check(t, url, 200, "a", "Cache-Control: max-age=315360000, immutable")
	do(t, app, request("GET /favicon.ico")).check(t, "favicon", 200, "icon", "Etag: "+hashTag("icon"))
	do(t, app, request("GET /robots.txt")).check(t, "robots", 200, "User-agent: *", "Content-Type: text/plain; charset=utf-8")
	do(t, app, request("GET /static/none")).check(t, "none", 404, notFoundPage)

	settings.StaticURLPrefix = "/assets/v1/"
	settings.StaticHandler = &web.StaticFileHandler{Listing: true}
	app = web.NewApplicationWith(settings, own)
	do(t, app, request("GET /assets/v1/a.css")).check(t, "prefix", 200, "a")
	do(t, app, request("GET /static/a.css")).check(t, "the other prefix", 200, "own static/a.css")
	if w := do(t, app, request("GET /assets/v1/")); w.status != 200 {
		t.Errorf("listing: %d", w.status)
	}
	if settings.StaticHandler.Files != nil {
		t.Error("the application has changed its settings")
	}
	embedded := quiet
	embedded.StaticHandler = &web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{os.DirFS(tr.root)}}}
	app = web.NewApplicationWith(embedded)
	do(t, app, request("GET "+app.StaticURL("a.css"))).check(t, "embedded", 200, "a", "Cache-Control: max-age=315360000, immutable")
}

func TestSettings_StaticMistakesPanic(t *testing.T) {
	files := &web.StaticFiles{}
	for what, f := range map[string]func(){
		"a prefix without slashes": func() { web.NewApplicationWith(web.Settings{StaticPath: "x", StaticURLPrefix: "static"}) },
		"a prefix without an end":  func() { web.NewApplicationWith(web.Settings{StaticPath: "x", StaticURLPrefix: "/static"}) },
		"wildcards":                func() { web.NewApplicationWith(web.Settings{StaticPath: "x", StaticURLPrefix: "/{a}/"}) },
		"no files":                 func() { web.NewApplicationWith(web.Settings{StaticHandler: &web.StaticFileHandler{}}) },
		"two kinds of files": func() {
			web.NewApplicationWith(web.Settings{StaticPath: "x", StaticHandler: &web.StaticFileHandler{Files: files}})
		},
		"a URL without files": func() { web.NewApplication().StaticURL("a") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f()
		}()
	}
}
