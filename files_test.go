package eddy_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"eddy"
	"eddy/internal/testdir"
	"eddy/web"
)

// Files that an application mounts have all of RFC 9110's conditions and ranges, and what lies outside
// of their root is out of reach, also by symbolic links.
func TestServer_MountedFiles(t *testing.T) {
	dir := testdir.New(t)
	inside := filepath.Join(dir, "root")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(inside, 0o700))
	must(os.WriteFile(filepath.Join(dir, "secret.txt"), []byte("secret"), 0o600))
	name := filepath.Join(inside, "file.txt")
	must(os.WriteFile(name, []byte("0123456789"), 0o600))
	changed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	must(os.Chtimes(name, changed, changed))
	linked := os.Symlink(filepath.Join("..", "secret.txt"), filepath.Join(inside, "link.txt")) == nil
	if !linked && runtime.GOOS != "windows" {
		t.Error("no symbolic link could be made")
	}
	root, err := os.OpenRoot(inside)
	must(err)
	defer root.Close()
	app := web.NewApplication(web.Mount("/static/", http.StripPrefix("/static", http.FileServerFS(root.FS()))))
	_, url, client := serve(t, app, eddy.Options{})

	before, at := changed.Add(-time.Hour).Format(http.TimeFormat), changed.Format(http.TimeFormat)
	for _, c := range []struct {
		path   string
		fields []string
		status int
		body   string // a part of it
	}{
		{"file.txt", nil, 200, "0123456789"},
		{"file.txt", []string{"Range", "bytes=2-4"}, 206, "234"},
		{"file.txt", []string{"Range", "bytes=-2"}, 206, "89"},
		{"file.txt", []string{"Range", "bytes=0-1,8-9"}, 206, "Content-Range: bytes 8-9/10"},
		{"file.txt", []string{"Range", "bytes=20-"}, 416, ""},
		{"file.txt", []string{"Range", "bytes=2-4", "If-Range", at}, 206, "234"},
		{"file.txt", []string{"Range", "bytes=2-4", "If-Range", before}, 200, "0123456789"},
		{"file.txt", []string{"Range", "bytes=2-4", "If-Range", `"another"`}, 200, "0123456789"},
		{"file.txt", []string{"If-Modified-Since", at}, 304, ""},
		{"file.txt", []string{"If-Unmodified-Since", before}, 412, ""},
		{"file.txt", []string{"If-Unmodified-Since", at}, 200, "0123456789"},
		{"file.txt", []string{"If-Match", `"another"`}, 412, ""},
		{"none.txt", nil, 404, ""},
		{"%2e%2e/secret.txt", nil, 404, ""},
		{"..%2fsecret.txt", nil, 404, ""},
		{"link.txt", nil, 0, ""}, // an error, whichever
	} {
		req, err := http.NewRequest("GET", url+"/static/"+c.path, nil)
		must(err)
		for i := 0; i < len(c.fields); i += 2 {
			req.Header.Set(c.fields[i], c.fields[i+1])
		}
		resp, err := client.Do(req)
		must(err)
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		must(err)
		if resp.StatusCode != c.status && (c.status != 0 || resp.StatusCode < 400) || !strings.Contains(string(body), c.body) {
			t.Errorf("%s %q: %d %q", c.path, c.fields, resp.StatusCode, body)
		}
		if strings.Contains(string(body), "secret\n") || string(body) == "secret" {
			t.Errorf("%s leads out of the root", c.path)
		}
	}

	// What is served is looked at anew: there is no cache that could be stale.
	must(os.WriteFile(name, []byte("new"), 0o600))
	resp, err := client.Get(url + "/static/file.txt")
	must(err)
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "new" {
		t.Errorf("a changed file is served as %q", body)
	}
}

// A handler of web's own sends the same bytes in the clear, by sendfile, and through TLS, by copies, also
// by HTTP/2.
func TestServer_StaticFiles(t *testing.T) {
	dir := testdir.New(t)
	data := make([]byte, 3<<20)
	rand.NewChaCha8([32]byte{}).Read(data)
	if err := os.WriteFile(filepath.Join(dir, "file.bin"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	app := web.NewApplicationWith(web.Settings{StaticPath: dir, Logger: quiet})
	_, clear, plain := serve(t, app, eddy.Options{})
	_, secure, byTLS := serveTLS(t, app, eddy.Options{})
	byHTTP2 := byTLS.Transport.(*http.Transport).Clone()
	byHTTP2.ForceAttemptHTTP2 = true
	t.Cleanup(byHTTP2.CloseIdleConnections)
	for _, c := range []struct {
		url    string
		client *http.Client
	}{{clear, plain}, {secure, byTLS}, {secure, &http.Client{Transport: byHTTP2}}} {
		for _, span := range [][2]int{{0, len(data)}, {1000, len(data) - 1000}, {5, 100}} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/static/file.bin", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", span[0], span[1]-1))
			resp, err := c.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(got, data[span[0]:span[1]]) {
				t.Errorf("%s of %s by %s: %d bytes, %v", req.Header.Get("Range"), c.url, resp.Proto, len(got), err)
			}
		}
	}
}
