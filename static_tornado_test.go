package eddy_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"eddy"
	"eddy/internal/testdir"
	"eddy/web"
)

// staticFields are those of a response with a file that are compared.
var staticFields = []string{"Etag", "Last-Modified", "Content-Length", "Content-Range", "Accept-Ranges", "Location", "Content-Encoding"}

// Tornado's StaticFileHandler and ours answer alike, but for what docs/tornado.md tells.
func TestTornado_ServesStaticFilesAlike(t *testing.T) {
	dir := testdir.New(t)
	changed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, content := range map[string]string{
		"root/a.txt": "0123456789", "root/dir/index.html": "<p>dir", "root/bare/x.css": "p{}", "root/empty.bin": "", "root/a b&c.js": "1",
		"root/a.tar.gz": "gz", "root/a.bz2": "bz", "root/robots.txt": "none", "root-secret/s.txt": "secret", "out.txt": "out",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(dir, "root")
	tornado := tornadoServer(t, root)
	settings := web.Settings{StaticPath: root, StaticHandler: &web.StaticFileHandler{DefaultFilename: "index.html"}, Logger: quiet}
	_, ours, client := serve(t, web.NewApplicationWith(settings), eddy.Options{})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	first := askStatic(t, client, tornado, "GET", "/static/a.txt")
	tag, at := first.header.Get("Etag"), changed.Format(http.TimeFormat)
	for _, c := range []struct {
		path   string
		fields []string
		differ string // the status of ours, where it is meant to differ
	}{
		{path: "a.txt"}, {path: "empty.bin"}, {path: "a%20b&c.js"}, {path: "a.tar.gz"}, {path: "a.bz2"}, {path: "dir/index.html"},
		{path: "dir/"}, {path: "dir"}, {path: "bare/"}, {path: "bare"}, {path: "none"}, {path: "none/none"}, {path: "a.txt/none"},
		{path: "%2e%2e/out.txt"}, {path: "%2e%2e%2fout.txt"}, {path: "..%2froot-secret/s.txt"}, {path: "/etc/passwd"},
		{path: "%252e%252e/out.txt"},
		// A rule in front, for what is below dir, would not match these.
		{path: "dir%2findex.html", differ: "404"}, {path: "bare/%2e%2e/dir/index.html", differ: "404"}, {path: "dir//index.html", differ: "404"},
		{path: "a.txt?v=" + strings.Trim(tag, `"`)},
		{path: "a.txt/", differ: "404"}, // what is no directory has no slash
		{path: "a.txt", fields: []string{"If-None-Match", tag}},
		{path: "a.txt", fields: []string{"If-None-Match", "W/" + tag}},
		{path: "a.txt", fields: []string{"If-None-Match", `"x", ` + tag}},
		{path: "a.txt", fields: []string{"If-None-Match", `"x"`, "If-Modified-Since", at}},
		{path: "a.txt", fields: []string{"If-Modified-Since", at}},
		{path: "a.txt", fields: []string{"If-Modified-Since", changed.Add(-time.Second).Format(http.TimeFormat)}},
		{path: "a.txt", fields: []string{"If-Modified-Since", changed.Add(time.Second).Format(http.TimeFormat)}},
		{path: "a.txt", fields: []string{"If-Modified-Since", "x"}},
		{path: "a.txt", fields: []string{"Range", "bytes=0-9"}},
		{path: "a.txt", fields: []string{"Range", "bytes=0-"}},
		{path: "a.txt", fields: []string{"Range", "bytes=1-"}},
		{path: "a.txt", fields: []string{"Range", "bytes=0-0"}},
		{path: "a.txt", fields: []string{"Range", "bytes=5-100"}},
		{path: "a.txt", fields: []string{"Range", "bytes=-4"}},
		{path: "a.txt", fields: []string{"Range", "bytes=-100"}},
		{path: "a.txt", fields: []string{"Range", "bytes=10-"}},
		{path: "a.txt", fields: []string{"Range", "bytes=-0"}},
		{path: "a.txt", fields: []string{"Range", "bytes=x"}},
		{path: "a.txt", fields: []string{"Range", "lines=1-2"}},
		{path: "empty.bin", fields: []string{"Range", "bytes=0-"}},
		{path: "a.txt", fields: []string{"Range", "bytes=1-2", "If-None-Match", tag}},
		{path: "a.txt", fields: []string{"Range", "bytes=4-2"}, differ: "200"},                                   // malformed, says RFC 9110
		{path: "a.txt", fields: []string{"Range", "bytes=1-2", "If-Range", `"x"`}, differ: "200"},                // GAP-03
		{path: "a.txt", fields: []string{"If-Match", `"x"`}, differ: "412"},                                      // GAP-03
		{path: "a.txt", fields: []string{"If-Unmodified-Since", "Thu, 01 Jan 2004 00:00:00 GMT"}, differ: "412"}, // GAP-03
	} {
		for _, method := range []string{"GET", "HEAD"} {
			theirs := askStatic(t, client, tornado, method, "/static/"+c.path, c.fields...)
			own := askStatic(t, client, ours, method, "/static/"+c.path, c.fields...)
			what := method + " " + c.path + " " + strings.Join(c.fields, " ")
			if c.differ != "" {
				if own.status == theirs.status || !strings.HasPrefix(own.text, c.differ) {
					t.Errorf("%s: %s, and Tornado %s: not the difference that is known", what, own.text, theirs.text)
				}
				continue
			}
			compareStatic(t, what, own, theirs)
		}
	}
	for _, path := range []string{"/robots.txt", "/favicon.ico"} {
		compareStatic(t, path, askStatic(t, client, ours, "GET", path), askStatic(t, client, tornado, "GET", path))
	}
}

type staticAnswer struct {
	status       int
	text, body   string
	header       http.Header
	contentType  string
	cacheControl string
}

func askStatic(t *testing.T, client *http.Client, site, method, path string, fields ...string) staticAnswer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, site+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	// The charset of text is ours, and that what has its version cannot change.
	contentType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	cacheControl, _, _ := strings.Cut(resp.Header.Get("Cache-Control"), ",")
	return staticAnswer{resp.StatusCode, resp.Status, string(body), resp.Header, contentType, cacheControl}
}

func compareStatic(t *testing.T, what string, own, theirs staticAnswer) {
	t.Helper()
	if own.status != theirs.status || own.body != theirs.body {
		t.Errorf("%s: %s %.60q, and Tornado %s %.60q", what, own.text, own.body, theirs.text, theirs.body)
		return
	}
	if own.status >= 400 && own.status != 416 || own.status == 301 {
		if own.header.Get("Location") != theirs.header.Get("Location") {
			t.Errorf("%s: to %q, and Tornado to %q", what, own.header.Get("Location"), theirs.header.Get("Location"))
		}
		return
	}
	for _, name := range staticFields {
		if own, theirs := own.header.Get(name), theirs.header.Get(name); own != theirs {
			t.Errorf("%s: %s is %q, and Tornado's %q", what, name, own, theirs)
		}
	}
	if own.contentType != theirs.contentType || own.cacheControl != theirs.cacheControl {
		t.Errorf("%s: %q, %q, and Tornado's %q, %q", what, own.contentType, own.cacheControl, theirs.contentType, theirs.cacheControl)
	}
}
