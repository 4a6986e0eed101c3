package web_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"eddy/web"
)

// Whatever happens to a file, body, length and tag are those of what is there now.
func TestStatic_IsNeverStale(t *testing.T) {
	tr := newTree(t)
	path := tr.file("a.txt", "one")
	files := tr.files()
	app := staticApp(web.StaticFileHandler{Files: files})
	holds := func(what, content string) {
		t.Helper()
		for range 2 {
			w := do(t, app, request("GET /static/a.txt"))
			w.check(t, what, 200, content, "Etag: "+hashTag(content))
			do(t, app, request("GET /static/a.txt", "If-None-Match: "+hashTag(content))).check(t, what, 304, "")
			if version, err := files.Version("a.txt"); `"`+version+`"` != hashTag(content) || err != nil {
				t.Errorf("%s: version %.20s, %v", what, version, err)
			}
		}
	}
	holds("at first", "one")
	for i := range 20 { // of the same length, and most within one tick of the clock
		content := fmt.Sprintf("%03d", i)
		tr.must(os.WriteFile(path, []byte(content), 0o600))
		holds("written over", content)
	}
	if runtime.GOOS != "windows" { // where the time of the last write is all that can be seen
		tr.file("a.txt", "two")
		holds("with the time set back", "two")
	}
	other := tr.file("b.txt", "six")
	tr.must(os.Rename(other, path))
	holds("replaced", "six")
	tr.must(os.Remove(path))
	if w := do(t, app, request("GET /static/a.txt")); w.status != 404 {
		t.Errorf("removed: %d", w.status)
	}
	tr.must(os.WriteFile(path, []byte("new"), 0o600))
	holds("back", "new")
}

// A directory is found by its path, also when it comes later, or another one takes its place.
func TestStatic_DirectoryIsReplaced(t *testing.T) {
	tr := newTree(t)
	later := filepath.Join(tr.dir, "later")
	files := &web.StaticFiles{Dirs: []string{later}}
	t.Cleanup(func() { files.Close() })
	app := staticApp(web.StaticFileHandler{Files: files})
	do(t, app, request("GET /static/a.txt")).check(t, "before", 404, notFoundPage)
	tr.file("a.txt", "first")
	tr.must(os.Rename(tr.root, later))
	do(t, app, request("GET /static/a.txt")).check(t, "then", 200, "first")
	if err := files.Close(); err != nil { // as an open directory cannot be moved everywhere
		t.Error(err)
	}
	do(t, app, request("GET /static/a.txt")).check(t, "opened again", 200, "first")
	files.Close()
	tr.must(os.Rename(later, filepath.Join(tr.dir, "old")))
	do(t, app, request("GET /static/a.txt")).check(t, "moved away", 404, notFoundPage)
	tr.must(os.Mkdir(tr.root, 0o700))
	tr.file("b.txt", "second")
	tr.must(os.Rename(tr.root, later))
	do(t, app, request("GET /static/b.txt")).check(t, "replaced", 200, "second")
}

const notFoundPage = "<html><title>404: Not Found</title><body>404: Not Found</body></html>"

// The first of several roots that has a file serves it, and a directory is the sum of them.
func TestStatic_SeveralRoots(t *testing.T) {
	tr := newTree(t)
	tr.file("a.txt", "dir a")
	tr.file("sub/only.txt", "dir only")
	second := fstest.MapFS{"a.txt": {Data: []byte("fs a")}, "b.txt": {Data: []byte("fs b")}, "sub/index.html": {Data: []byte("fs index")}}
	files := tr.files()
	files.FS = []fs.FS{second, fstest.MapFS{"b.txt": {Data: []byte("last b")}}}
	app := staticApp(web.StaticFileHandler{Files: files, DefaultFilename: "index.html"})
	for path, body := range map[string]string{"a.txt": "dir a", "b.txt": "fs b", "sub/only.txt": "dir only", "sub/": "fs index"} {
		do(t, app, request("GET /static/"+path)).check(t, path, 200, body, "Etag: "+hashTag(body))
	}
	do(t, app, request("GET /static/b.txt")).check(t, "without times", 200, "fs b", "Last-Modified:")
	do(t, app, request("GET /static/b.txt", "If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT")).check(t, "without times", 200, "fs b")
}

// A large file is not hashed: its tag is of its size and time, and weak while that may be too coarse.
func TestStatic_LargeFiles(t *testing.T) {
	const size = 8<<20 + 1
	data := make([]byte, size)
	for _, tc := range []struct {
		age  time.Duration
		weak bool
	}{{time.Hour, false}, {0, true}} {
		modified := time.Now().Add(-tc.age)
		files := fstest.MapFS{"a.bin": {Data: data, ModTime: modified}}
		app := staticApp(web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{files}}})
		w := do(t, app, request("HEAD /static/a.bin"))
		tag := fmt.Sprintf(`"%x-%x"`, size, modified.UnixNano())
		if tc.weak {
			tag = "W/" + tag
		}
		w.check(t, "HEAD", 200, "", "Etag: "+tag)
		do(t, app, request("GET /static/a.bin", "If-None-Match: "+tag)).check(t, "with its tag", 304, "")
		w = do(t, app, request("HEAD /static/a.bin?v="+strings.Trim(tag, `W/"`)))
		if kept := w.header.Has("Cache-Control"); kept == tc.weak {
			t.Errorf("%s is to be kept for good: %v", tag, kept)
		}
		status := map[bool]int{false: 206, true: 200}[tc.weak]
		if w := do(t, app, request("GET /static/a.bin", "Range: bytes=0-1", "If-Range: "+tag)); w.status != status {
			t.Errorf("If-Range: %s: %d, want %d", tag, w.status, status)
		}
		if w := do(t, app, request("GET /static/a.bin", "Range: bytes=0-1", "If-Range: "+w.header.Get("Last-Modified"))); w.status != status {
			t.Errorf("If-Range: %s: %d, want %d", w.header.Get("Last-Modified"), w.status, status)
		}
	}
}

// counting counts how often files are read to their end, and can change them meanwhile.
type counting struct {
	fs.FS
	mu    sync.Mutex
	reads int
	after func()
}

// Files that are new do not take all processors: while as many are hashed as may be, one more waits, also
// after a piece, and what is known is served.
func TestStatic_HashesLeaveProcessorsToOthers(t *testing.T) {
	tr := newTree(t)
	tr.file("known.txt", "known")
	read := make(chan int, 100)
	files := tr.files()
	files.FS = []fs.FS{&telling{fstest.MapFS{"new.txt": {Data: make([]byte, 1<<20), ModTime: longAgo}}, read}}
	web.AssumeSettled(t, files, "known.txt")
	release := web.FillHashers()
	made := make(chan error)
	go func() {
		_, err := files.Version("new.txt")
		made <- err
	}()
	if n := <-read; n >= 1<<20 {
		t.Errorf("%d bytes were read at once", n)
	}
	do(t, staticApp(web.StaticFileHandler{Files: files}), request("GET /static/known.txt")).check(t, "known", 200, "known")
	if len(read) > 0 {
		t.Error("the new file was read further")
	}
	release()
	if err := <-made; err != nil || len(read) < 2 {
		t.Errorf("%d reads more, %v", len(read), err)
	}
}

// telling tells of each read of its files.
type telling struct {
	fs.FS
	read chan int
}

type tellingFile struct {
	fs.File
	io.Seeker
	of *telling
}

func (f *telling) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &tellingFile{file, file.(io.Seeker), f}, nil
}

func (f *tellingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.of.read <- n
	return n, err
}

type countedFile struct {
	fs.File
	of *counting
}

func (c *counting) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	return &countedFile{f, c}, err
}

func (c *counting) Stat(name string) (fs.FileInfo, error) { return fs.Stat(c.FS, name) }

func (f *countedFile) Seek(offset int64, whence int) (int64, error) {
	return f.File.(interface {
		Seek(int64, int) (int64, error)
	}).Seek(offset, whence)
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if err != nil {
		f.of.mu.Lock()
		f.of.reads++
		f.of.mu.Unlock()
		if f.of.after != nil {
			f.of.after()
		}
	}
	return n, err
}

// However many ask for a file at once, it is hashed once.
func TestStatic_OneHashAtATime(t *testing.T) {
	files := &counting{FS: fstest.MapFS{"a.bin": {Data: make([]byte, 1<<20), ModTime: longAgo}}}
	app := staticApp(web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{files}}})
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if w := do(t, app, request("GET /static/a.bin", "Range: bytes=0-9")); w.status != 206 {
				t.Errorf("%d", w.status)
			}
		})
	}
	wg.Wait()
	if files.reads != 1 {
		t.Errorf("%d reads to the end for one file", files.reads)
	}
}

// A file that never is the same twice gets a weak tag, and is served.
func TestStatic_ChangesWhileItIsHashed(t *testing.T) {
	tr := newTree(t)
	path := tr.file("a.txt", strings.Repeat("0123456789", 10))
	root, err := os.OpenRoot(tr.root)
	tr.must(err)
	defer root.Close()
	size := 100
	files := &counting{FS: root.FS(), after: func() {
		size--
		tr.must(os.Truncate(path, int64(size)))
	}}
	w := do(t, staticApp(web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{files}}}), request("GET /static/a.txt"))
	if tag := w.header.Get("Etag"); w.status != 200 || !strings.HasPrefix(tag, "W/") || int64(w.body.Len()) != w.length {
		t.Errorf("%d %s, %d bytes of %d", w.status, tag, w.body.Len(), w.length)
	}
	files.after = nil
	content := strings.Repeat("0123456789", 10)[:size]
	do(t, staticApp(web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{files}}}), request("GET /static/a.txt")).check(t, "then", 200, content,
		"Etag: "+hashTag(content))
}

func TestStaticFiles_Version(t *testing.T) {
	tr := newTree(t)
	tr.file("css/a b.css", "body{}")
	files := tr.files()
	version, err := files.Version("css/a b.css")
	if `"`+version+`"` != hashTag("body{}") || err != nil {
		t.Errorf("%q, %v", version, err)
	}
	if got, want := files.URL("/s/", "css/a b.css"), "/s/css/a%20b.css?v="+version; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, missing := range []string{"none.css", "../x", "css", ".env", "%"} {
		if version, err := files.Version(missing); err == nil || version != "" {
			t.Errorf("%s: %q", missing, version)
		}
	}
	if got := files.URL("/s/", "none?#.css"); got != "/s/none%3F%23.css" {
		t.Error(got)
	}
	if _, err := files.Version("none.css"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// What is remembered has a bound, and beyond it all is as right.
func TestStatic_ManyFiles(t *testing.T) {
	many := fstest.MapFS{}
	for i := range 5000 {
		many[fmt.Sprint(i)] = &fstest.MapFile{Data: fmt.Append(nil, i), ModTime: longAgo}
	}
	files := &web.StaticFiles{FS: []fs.FS{many}}
	for range 2 {
		for i := range 5000 {
			if version, err := files.Version(fmt.Sprint(i)); `"`+version+`"` != hashTag(fmt.Sprint(i)) || err != nil {
				t.Fatalf("%d: %q, %v", i, version, err)
			}
		}
	}
	if n := web.StaticVersions(files); n != 4096 {
		t.Errorf("%d versions are remembered", n)
	}
}

// A time that says nothing is not sent, and nothing is decided by it.
func TestStatic_TimesThatSayNothing(t *testing.T) {
	tr := newTree(t)
	path := tr.file("a.txt", "a")
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	for _, seconds := range []int64{0, 1} {
		tr.must(os.Chtimes(path, time.Unix(seconds, 0), time.Unix(seconds, 0)))
		do(t, app, request("GET /static/a.txt", "If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
			"Range: bytes=0-0", "If-Range: Thu, 01 Jan 1970 00:00:01 GMT")).check(t, fmt.Sprint(seconds), 200, "a", "Last-Modified:", "Etag: "+hashTag("a"))
	}
	future := time.Now().Add(time.Hour)
	tr.must(os.Chtimes(path, future, future))
	w := do(t, app, request("GET /static/a.txt"))
	if sent, err := time.Parse(http.TimeFormat, w.header.Get("Last-Modified")); err != nil || sent.After(time.Now()) {
		t.Errorf("a time to come is sent as %s", w.header.Get("Last-Modified"))
	}
}

// A tag that may not be remembered is good for those who had come before it was made.
func TestStatic_HashIsSharedByThoseWhoWait(t *testing.T) {
	before, made := time.Now(), time.Now().Add(time.Second)
	for came, want := range map[time.Time]bool{before: true, made: false, made.Add(1): false} {
		if got := web.SharesHash(made, came); got != want {
			t.Errorf("hashed at %v for one who came at %v: %v", made, came, got)
		}
	}
}
