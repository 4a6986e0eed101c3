//go:build unix

package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"eddy/web"
)

// What is no regular file is refused, and nobody waits for the other end of a FIFO, also if it comes
// after the look at it.
func TestStatic_SpecialFiles(t *testing.T) {
	tr := newTree(t)
	tr.must(unix.Mkfifo(filepath.Join(tr.root, "fifo"), 0o600))
	tr.link("/dev/zero", "zero")
	for _, follow := range []bool{false, true} {
		files := tr.files()
		files.FollowLinks = follow
		app := staticApp(web.StaticFileHandler{Files: files})
		for _, name := range []string{"fifo", "zero"} {
			if w := do(t, app, request("GET /static/"+name)); w.status != 403 {
				t.Errorf("%s: %d", name, w.status)
			}
		}
		if err := web.OpenStatic(files, "fifo"); err == nil || !strings.Contains(err.Error(), "not a file") {
			t.Errorf("opened without a look: %v", err)
		}
	}
}

func TestStatic_PermissionDenied(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	tr := newTree(t)
	tr.must(os.Chmod(tr.file("a.txt", "a"), 0))
	tr.file("dir/b.txt", "b")
	tr.must(os.Chmod(filepath.Join(tr.root, "dir"), 0))
	t.Cleanup(func() { os.Chmod(filepath.Join(tr.root, "dir"), 0o700) })
	app, log := logged(web.URL("/static/{path...}", web.StaticFileHandler{Files: tr.files()}))
	for _, path := range []string{"a.txt", "dir/b.txt"} {
		if w := do(t, app, request("GET /static/"+path)); w.status != 403 || strings.Contains(w.body.String(), "a.txt") {
			t.Errorf("%s: %d %q", path, w.status, w.body.String())
		}
	}
	mustContain(t, "the log", log.text(), "permission denied")
}

// Errors of the system by their numbers, as a full table of descriptors is one.
func TestStatic_SystemErrors(t *testing.T) {
	checkFailures(t, map[error]int{
		syscall.EMFILE: 503, syscall.ENFILE: 503, syscall.ENOMEM: 503, syscall.EIO: 500, syscall.EACCES: 403, syscall.ENOTDIR: 404,
		syscall.ENAMETOOLONG: 404, syscall.ELOOP: 404, syscall.EINVAL: 404, syscall.ESTALE: 500,
	})
}

// A file of which the clock has shown that it is done changing is not read again for its version.
func TestStatic_SettledFilesAreRemembered(t *testing.T) {
	for _, path := range []string{"/bin/sh", "/etc/passwd", "/etc/hosts"} { // some are from before the test
		files := &web.StaticFiles{Dirs: []string{filepath.Dir(path)}, FollowLinks: true}
		if _, err := files.Version(filepath.Base(path)); err == nil && web.StaticKnown(files, filepath.Base(path)) {
			return
		}
	}
	t.Skip("no file here is old enough")
}

// A directory that is held open is left for the one that takes its place.
func TestStatic_DirectoryIsReplacedWhileHeld(t *testing.T) {
	tr := newTree(t)
	tr.file("a.txt", "old")
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	do(t, app, request("GET /static/a.txt")).check(t, "before", 200, "old")
	tr.must(os.Rename(tr.root, tr.root+".old"))
	tr.must(os.Mkdir(tr.root, 0o700))
	tr.file("a.txt", "new")
	tr.file("b.txt", "b")
	do(t, app, request("GET /static/b.txt")).check(t, "what was missing", 200, "b")
	do(t, app, request("GET /static/a.txt")).check(t, "then all", 200, "new")
}

// Tags of large files tell apart what has size and time in common, as after builds that set one time.
func TestStatic_LargeFilesOfOneTime(t *testing.T) {
	tr := newTree(t)
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	tags := map[string]bool{}
	for _, name := range []string{"a.bin", "b.bin"} {
		path := tr.file(name, "")
		tr.must(os.Truncate(path, 9<<20))
		tr.must(os.Chtimes(path, longAgo, longAgo))
		tr.must(os.Rename(path, filepath.Join(tr.root, "served.bin")))
		tags[do(t, app, request("HEAD /static/served.bin")).header.Get("Etag")] = true
	}
	if len(tags) != 2 {
		t.Errorf("two files have %v", tags)
	}
}
