package web

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// StaticFiles are files to serve, and their versions. It is used by its pointer, which all handlers
// of the same files share; the fields do not change once it is in use. Any goroutine.
//
// A file's version is the SHA-512 of its content, in hex, and its entity tag that in quotes. It is
// remembered until size, times or inode are others, which every use looks at; for a file
// that changed less than two seconds ago, when the times may not tell, it is computed each time. A
// file beyond 8 MiB has a version made of its size and times instead, a weak one for those two seconds.
// Versions of 4096 files are remembered.
//
// Of a file system without times, as an embed.FS is, files are taken not to change. One whose files
// do is to be a [StaticVersioner].
type StaticFiles struct {
	// Dirs are directories, searched in order. Nothing outside of them is served: symbolic links that
	// are absolute or lead out are refused with 403, also where others can change the directory
	// meanwhile (os.Root). A directory need not exist yet, and may be replaced: that is seen
	// when a file is missing, or else within a second.
	Dirs []string

	// FS are file systems, searched in order behind Dirs: an embed.FS, a zip.Reader, or an
	// application's own, over a database say. A file that is no io.Seeker is served without ranges.
	// os.DirFS follows symbolic links as FollowLinks does.
	FS []fs.FS

	// FollowLinks follows symbolic links in Dirs wherever they lead.
	FollowLinks bool

	// Dotfiles also serves files whose path has a name that begins with a dot, such as .git/config.
	// Without it they are not there, but for what is below the root's .well-known (RFC 8615).
	Dotfiles bool

	once     sync.Once
	roots    []staticRoot
	versions staticVersions
}

// A staticRoot is one place where files are looked for.
type staticRoot interface {
	stat(name string) (fs.FileInfo, error)
	// open opens what stat has said to be a regular file or a directory. Another kind of file may
	// have come in its place: open does not wait for it.
	open(name string) (fs.File, error)
}

// A staticEntry is something that was found.
type staticEntry struct {
	root int
	at   staticRoot
	name string
	info fs.FileInfo
}

// below returns the name of what is called base in a directory.
func (e *staticEntry) below(base string) string { return path.Join(e.name, base) }

// isLocal reports whether the file is one of the system's: those can seek.
func (e *staticEntry) isLocal() bool {
	_, other := e.at.(staticFS)
	return !other
}

func (s *StaticFiles) all() []staticRoot {
	s.once.Do(func() {
		for _, dir := range s.Dirs {
			if whole, err := filepath.Abs(dir); err == nil {
				dir = whole // wherever the program goes later
			}
			if s.FollowLinks {
				s.roots = append(s.roots, linkedDir(dir))
			} else {
				s.roots = append(s.roots, &staticDir{path: dir})
			}
		}
		for _, fsys := range s.FS {
			s.roots = append(s.roots, staticFS{fsys})
		}
	})
	return s.roots
}

// Close closes the directories that are held open. They are opened again when a file is asked for.
func (s *StaticFiles) Close() error {
	var failed error
	for _, root := range s.all() {
		if d, ok := root.(*staticDir); ok {
			failed = errors.Join(failed, d.close())
		}
	}
	return failed
}

// Version returns the version of the file at a slash-separated path. It fails as reading
// the file does, with fs.ErrNotExist if it is missing; what is no file that may be served has none.
func (s *StaticFiles) Version(path string) (string, error) {
	name, err := s.clean(path)
	if err != nil {
		return "", err
	}
	tag, err := s.tagOf(name)
	return versionOf(tag), err
}

// tagOf returns the entity tag of the file that is called name.
func (s *StaticFiles) tagOf(name string) (string, error) {
	e, err := s.lookup(name)
	if err != nil {
		return "", err
	}
	if !e.info.Mode().IsRegular() {
		return "", errNoFile
	}
	if tag, known := s.known(e); known {
		return tag, nil
	}
	f, err := s.open(&e)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return s.tag(&e, f)
}

// URL returns the URL of the file at path for a rule with this prefix, such as "/static/":
// /static/app.css?v=3f7a… A client may keep what it gets by that for good. Without a version (the
// file is missing, say) it is the URL alone.
func (s *StaticFiles) URL(prefix, path string) string {
	target := prefix + escapeSegments(path)
	if version, err := s.Version(path); err == nil && version != "" {
		target += "?v=" + url.QueryEscape(version)
	}
	return target
}

// lookup returns what is called name in the first root that has it.
func (s *StaticFiles) lookup(name string) (staticEntry, error) {
	for i, root := range s.all() {
		info, err := root.stat(name)
		if err == nil {
			return staticEntry{i, root, name, info}, nil
		}
		if !isMissing(err) {
			return staticEntry{}, err
		}
	}
	return staticEntry{}, fs.ErrNotExist
}

// open opens a regular file, and makes e tell about what was opened.
func (s *StaticFiles) open(e *staticEntry) (fs.File, error) {
	f, err := e.at.open(e.name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		_ = f.Close() // nothing was written to it
		return nil, err
	}
	e.info = info
	return f, nil
}

// clean returns the name of the file at a path of a URL, decoded: one that fs.ValidPath takes. A path
// that is not written in the one way that names have would get by rules that are.
func (s *StaticFiles) clean(urlPath string) (string, error) {
	if urlPath == "" {
		return ".", nil
	}
	name := path.Clean(urlPath)
	switch {
	case name == ".." || strings.HasPrefix(name, "../") || strings.HasPrefix(urlPath, "/"):
		return "", errNotInRoot
	case name == "." || name != strings.TrimSuffix(urlPath, "/"), !fs.ValidPath(name), strings.IndexByte(name, 0) >= 0,
		!s.Dotfiles && isHidden(name):
		return "", &HTTPError{Status: http.StatusNotFound}
	}
	return name, nil
}

// isHidden reports whether a clean name has an element that begins with a dot.
func isHidden(name string) bool {
	if first, below, _ := strings.Cut(name, "/"); first == ".well-known" {
		name = below
	}
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

// isMissing reports whether err says that there is no such file, and that another root may have it.
func isMissing(err error) bool {
	for _, missing := range [...]error{fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ENAMETOOLONG,
		syscall.ELOOP, syscall.EINVAL, syscall.EILSEQ} {
		if errors.Is(err, missing) {
			return true
		}
	}
	return false
}

// staticError returns what answers a failure of the file system. The cause, which may have the whole
// path, is for the log.
func staticError(err error) error {
	var known interface{ HTTPStatus() int }
	status := http.StatusInternalServerError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case isMissing(err):
		return &HTTPError{Status: http.StatusNotFound}
	case errors.Is(err, fs.ErrPermission):
		status = http.StatusForbidden
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM):
		status = http.StatusServiceUnavailable
	}
	return &HTTPError{Status: status, Err: fmt.Errorf("web: static file: %w", err)}
}
