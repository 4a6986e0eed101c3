package web

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// rootRecheck is how long a directory is used without a look whether another has its path.
const rootRecheck = time.Second

// A staticDir is a directory that nothing leads out of.
type staticDir struct {
	path string
	held atomic.Pointer[heldRoot]
	mu   sync.Mutex // for changing held
}

type heldRoot struct {
	*os.Root
	info    fs.FileInfo
	checked time.Time
}

func (d *staticDir) stat(name string) (fs.FileInfo, error) { return within(d, name, (*os.Root).Stat) }

func (d *staticDir) open(name string) (fs.File, error) {
	f, err := within(d, name, openWithin)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func openWithin(root *os.Root, name string) (*os.File, error) {
	return root.OpenFile(name, openStatic, 0)
}

// within looks for name in a directory, and once more if another one has come to its place.
func within[T any](d *staticDir, name string, look func(*os.Root, string) (T, error)) (T, error) {
	var found T
	local, err := filepath.Localize(name)
	if err != nil { // a device of Windows, an alternate stream
		return found, fs.ErrNotExist
	}
	h := d.held.Load()
	if h == nil || time.Since(h.checked) > rootRecheck {
		if h, err = d.refresh(h); err != nil {
			return found, err
		}
	}
	found, err = look(h.Root, local)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrClosed) {
		now, failed := d.refresh(h)
		if failed != nil {
			return found, failed
		}
		if now.Root != h.Root {
			found, err = look(now.Root, local)
		}
	}
	return found, asOutside(err)
}

// asOutside tells the one error of an os.Root that has no name: everything else comes from the system.
func asOutside(err error) error {
	var path *fs.PathError
	var system syscall.Errno
	named := isMissing(err) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrClosed)
	if errors.As(err, &path) && !errors.As(err, &system) && !named {
		return errNotInRoot
	}
	return err
}

// refresh returns the directory that has the path now. seen is what the caller has found to be out
// of date.
func (d *staticDir) refresh(seen *heldRoot) (*heldRoot, error) {
	info, err := os.Stat(d.path)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.held.Load()
	if h != nil && os.SameFile(h.info, info) {
		if h == seen {
			h = &heldRoot{h.Root, info, time.Now()}
			d.held.Store(h)
		}
		return h, nil
	}
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, err
	}
	if info, err = root.Stat("."); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	now := &heldRoot{root, info, time.Now()}
	d.held.Store(now)
	if h != nil {
		_ = h.Close() // who uses it still, looks again
	}
	return now, nil
}

func (d *staticDir) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h := d.held.Swap(nil); h != nil {
		return h.Close()
	}
	return nil
}

// A linkedDir is a directory whose links may lead anywhere.
type linkedDir string

func (d linkedDir) stat(name string) (fs.FileInfo, error) {
	path, err := d.join(name)
	if err != nil {
		return nil, err
	}
	return os.Stat(path)
}

func (d linkedDir) open(name string) (fs.File, error) {
	path, err := d.join(name)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, openStatic, 0)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d linkedDir) join(name string) (string, error) {
	local, err := filepath.Localize(name)
	if err != nil {
		return "", fs.ErrNotExist
	}
	return filepath.Join(string(d), local), nil
}

// staticFS is any file system.
type staticFS struct{ fs.FS }

func (f staticFS) stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }
func (f staticFS) open(name string) (fs.File, error)     { return f.Open(name) }
