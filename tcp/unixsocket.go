package tcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// socketFile is the name of a Unix socket in the file system.
type socketFile struct {
	path string
	made fs.FileInfo // what the path was when it was made
}

// remove frees the name if it still is the one that was made. A nil file has none.
func (f *socketFile) remove() {
	if f == nil {
		return
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(now, f.made) {
		os.Remove(f.path)
	}
}

func (b *binder) mode() fs.FileMode { return cmp.Or(b.options.Mode.Perm(), 0o600) }

func (b *binder) listenUnix(ctx context.Context, path string) (*Listener, error) {
	switch {
	case path == "":
		return nil, errors.New("a Unix socket needs a path")
	case b.options.ReusePort:
		return nil, fmt.Errorf("no port is shared by Unix sockets: %w", errors.ErrUnsupported)
	case path[0] == '@':
		return b.listenAbstract(ctx, path)
	}
	path, err := filepath.Abs(path) // the directory may be another one when it is removed
	if err != nil {
		return nil, err
	}
	if err := makeRoom(ctx, path); err != nil {
		return nil, err
	}
	orig, err := b.open(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	orig.(*net.UnixListener).SetUnlinkOnClose(false) // the poller's copy outlives this one
	made, err := os.Lstat(path)
	l := newListener(orig)
	if err == nil {
		l.file = &socketFile{path, made}
		err = os.Chmod(path, b.mode()) // the process's mask may have taken some away
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (b *binder) listenAbstract(ctx context.Context, name string) (*Listener, error) {
	if runtime.GOOS != "linux" && runtime.GOOS != "android" {
		return nil, fmt.Errorf("this system has no abstract Unix sockets: %w", errors.ErrUnsupported)
	}
	orig, err := b.open(ctx, "unix", name)
	if err != nil {
		return nil, err
	}
	return newListener(orig), nil
}

// makeRoom removes a socket that nobody listens on any more. Only a refusal shows that: who is
// too busy to answer, or lets nobody in, is alive (but on the BSDs a full queue refuses, too).
// Two processes that do this at the same moment may remove each other's: no system has a way to
// prevent that.
func makeRoom(ctx context.Context, path string) error {
	old, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if old.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is not a socket: %w", path, fs.ErrExist)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		c.Close()
		return fmt.Errorf("%s: somebody answers there: %w", path, errInUse)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: somebody may listen there: %w (%w)", path, errInUse, err)
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(old, now) {
		return fmt.Errorf("%s: somebody else has just taken it: %w", path, errInUse)
	}
	return os.Remove(path)
}

// isUnix reports whether the listener's peers have no IP addresses.
func (l *Listener) isUnix() bool { return strings.HasPrefix(l.Addr().Network(), "unix") }
