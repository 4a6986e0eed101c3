package tcp_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"eddy/tcp"
)

func noUnixSockets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Wine has no Unix sockets")
	}
}

func TestListen_UnixSocketsMode(t *testing.T) {
	noUnixSockets(t)
	for mode, want := range map[fs.FileMode]fs.FileMode{0: 0o600, 0o666: 0o666, 0o660: 0o660} {
		path := filepath.Join(t.TempDir(), "s")
		l, err := tcp.Listen(t.Context(), "unix:"+path, tcp.ListenOptions{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("mode %v, %v, want %v", info.Mode(), err, want)
		}
		l.Close()
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the file is left: %v", err)
		}
	}
}

func TestListen_UnixSocketInTheWay(t *testing.T) {
	noUnixSockets(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	try := func(name string) error {
		l, err := tcp.Listen(t.Context(), "unix:"+at(name), tcp.ListenOptions{})
		if err == nil {
			err = l.Close()
		}
		return err
	}

	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: at("stale")})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if err := try("stale"); err != nil {
		t.Errorf("a socket that nobody answers on: %v", err)
	}

	os.WriteFile(at("plain"), []byte("precious"), 0o600)
	os.Mkdir(at("dir"), 0o700)
	os.Symlink(at("plain"), at("link"))
	for _, name := range []string{"plain", "dir", "link"} {
		if err := try(name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, _ := os.ReadFile(at("plain")); string(b) != "precious" {
		t.Error("the plain file has been changed")
	}

	live := listen(t, "unix:"+at("live"))
	defer live.Close()
	if err := try("live"); !errors.Is(err, tcp.ErrInUse) {
		t.Errorf("a socket that is listened on: %v", err)
	}
	c, err := net.Dial("unix", at("live"))
	if err != nil {
		t.Fatalf("the live socket was removed: %v", err)
	}
	c.Close()

	other, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at("gram")})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := try("gram"); !errors.Is(err, tcp.ErrInUse) {
		t.Errorf("a socket of another kind: %v", err)
	}
}

func TestListener_LeavesAFileThatIsNotItsOwn(t *testing.T) {
	noUnixSockets(t)
	path := filepath.Join(t.TempDir(), "s")
	old := listen(t, "unix:"+path)
	os.Remove(path)
	fresh := listen(t, "unix:"+path)
	defer fresh.Close()
	lp, _ := accept(t, old)
	lp.Close()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the old listener removed the new one's file: %v", err)
	}
	c.Close()
}

// The directory may change between Listen and Close.
func TestListener_RemovesARelativePath(t *testing.T) {
	noUnixSockets(t)
	dir := t.TempDir()
	t.Chdir(dir)
	l := listen(t, "unix:s")
	t.Chdir(t.TempDir())
	l.Close()
	if _, err := os.Lstat(filepath.Join(dir, "s")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is left: %v", err)
	}
}

func TestListen_AbstractName(t *testing.T) {
	name := "@eddy-tcp-" + strconv.Itoa(os.Getpid())
	l, err := tcp.Listen(t.Context(), "unix:"+name, tcp.ListenOptions{})
	if runtime.GOOS != "linux" {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	l.Close()
	if _, err := os.Lstat(name); err == nil {
		t.Error("it made a file")
	}
}
