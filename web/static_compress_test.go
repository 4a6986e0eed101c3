package web_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"eddy/web"
)

// textOf returns text of n bytes that differs from place to place.
func textOf(n int) string {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "line %d of a file that is worth compressing\n", i)
	}
	return b.String()[:n]
}

// Static files of all lengths in an application that compresses: what comes is the file, HEAD tells what GET
// does, its tag is taken back, and a range is one of the file itself.
func TestStatic_UnderCompression(t *testing.T) {
	tr := newTree(t)
	sizes := map[string]int{}
	for _, size := range []int{0, 1023, 1024, 32<<10 - 1, 32 << 10, 64 << 10, 64<<10 + 1, 300_000} {
		name := fmt.Sprint(size, ".txt")
		sizes[name] = size
		tr.file(name, textOf(size))
	}
	const beyondHash = 8<<20 + 1
	large := fstest.MapFS{"large.txt": {Data: []byte(textOf(beyondHash)), ModTime: longAgo}}
	files := tr.files()
	files.FS = []fs.FS{large}
	tr.file("image.png", textOf(5000))
	tr.file("ready.txt", textOf(5000))
	tr.file("ready.txt.gz", "pretended")
	settings := packedSettings
	settings.StaticHandler = &web.StaticFileHandler{Files: files, Precompressed: true}
	app := web.NewApplicationWith(settings)
	forEachEngine(t, app, func(t *testing.T, base string) {
		for name, size := range sizes {
			for _, accept := range []string{"identity", "gzip", "zstd", "gzip, zstd", "deflate;q=0.5"} {
				checkPackedFile(t, base+"/static/"+name, accept, size)
			}
		}
		checkPackedFile(t, base+"/static/large.txt", "gzip", beyondHash)
		resp, body, err := fetch(t, "GET", base+"/static/ready.txt", "", "Accept-Encoding: gzip")
		if body != "pretended" || err != nil {
			t.Errorf("precompressed: %d bytes, %v", len(body), err)
		}
		checkFields(t, resp.Header, []string{"Vary: Accept-Encoding", "Content-Encoding: gzip", "Etag: " + hashTag("pretended")})
		resp, body, _ = fetch(t, "GET", base+"/static/image.png", "", "Accept-Encoding: gzip")
		if body != textOf(5000) {
			t.Errorf("image: %d bytes", len(body))
		}
		checkFields(t, resp.Header, []string{"Content-Encoding:", "Accept-Ranges: bytes"})
	})
}

func checkPackedFile(t *testing.T, url, accept string, size int) {
	t.Helper()
	want, what := textOf(size), url+" by "+accept
	field := "Accept-Encoding: " + accept
	get, body, err := fetch(t, "GET", url, "", field)
	coding := get.Header.Get("Content-Encoding")
	if got := unpack(t, coding, body); err != nil || get.StatusCode != 200 || got != want {
		t.Errorf("%s: %d, %d bytes of %d, %v", what, get.StatusCode, len(got), size, err)
	}
	if packed := size >= 1024 && accept != "identity" && !(accept == "zstd" && size > 64<<10); packed != (coding != "") {
		t.Errorf("%s: coding %q", what, coding)
	}
	checkFields(t, get.Header, []string{"Vary: Accept-Encoding", "Content-Type: text/plain; charset=utf-8"})
	head, _, err := fetch(t, "HEAD", url, "", field)
	for _, name := range []string{"Vary", "Etag", "Content-Encoding", "Content-Type", "Accept-Ranges", "Last-Modified"} {
		if g, h := get.Header.Get(name), head.Header.Get(name); g != h {
			t.Errorf("%s: %s is %q to GET and %q to HEAD", what, name, g, h)
		}
	}
	if err != nil || head.StatusCode != 200 || head.ContentLength >= 0 && head.ContentLength != int64(len(body)) {
		t.Errorf("%s: HEAD: %d, length %d, %v", what, head.StatusCode, head.ContentLength, err)
	}
	tag := get.Header.Get("Etag")
	if strings.HasPrefix(tag, "W/") != (coding != "") {
		t.Errorf("%s: the tag of %q is %s", what, coding, tag)
	}
	again, _, err := fetch(t, "GET", url, "", field, "If-None-Match: "+tag)
	if err != nil || again.StatusCode != 304 || again.Header.Get("Etag") != tag {
		t.Errorf("%s: %s: %d %s, %v", what, tag, again.StatusCode, again.Header.Get("Etag"), err)
	}
	checkFields(t, again.Header, []string{"Vary: Accept-Encoding", "Content-Encoding:", "Content-Length:"})
	if size < 1000 {
		return
	}
	part, body, err := fetch(t, "GET", url, "", field, "Range: bytes=100-899")
	if err != nil || part.StatusCode != 206 || body != want[100:900] {
		t.Errorf("%s: a range: %d, %d bytes, %v", what, part.StatusCode, len(body), err)
	}
	checkFields(t, part.Header, []string{"Vary: Accept-Encoding", "Content-Encoding:", "Etag: " + strings.TrimPrefix(tag, "W/")})
	status := map[bool]int{true: http.StatusPreconditionFailed, false: http.StatusOK}[coding != ""]
	if resp, _, err := fetch(t, "GET", url, "", field, "If-Match: "+tag); err != nil || resp.StatusCode != status {
		t.Errorf("%s: If-Match: %s: %d, %v", what, tag, resp.StatusCode, err)
	}
	whole, _, err := fetch(t, "GET", url, "", field, "Range: bytes=100-899", "If-Range: "+tag)
	if status = map[bool]int{true: http.StatusOK, false: http.StatusPartialContent}[coding != ""]; err != nil || whole.StatusCode != status {
		t.Errorf("%s: If-Range: %s: %d, %v", what, tag, whole.StatusCode, err)
	}
}
