package tcp_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"eddy/tcp"
)

func TestFromListener_IsAcceptedOn(t *testing.T) {
	orig, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lp, fds := accept(t, tcp.FromListener(orig))
	c, err := net.Dial("tcp", orig.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lp.Files().Close(<-fds)
}

func TestFromFile_TakesListeningSocketsOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("package net makes no files of sockets on Windows")
	}
	orig, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer orig.Close()
	f, err := orig.File()
	if err != nil {
		t.Fatal(err)
	}
	l, err := tcp.FromFile(f)
	f.Close()
	if err != nil || l.Addr().String() != orig.Addr().String() {
		t.Fatalf("%v, %v", l, err)
	}
	l.Close()

	c, err := net.DialTCP("tcp", nil, orig.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	connected, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, f := range []*os.File{connected, null} {
		if l, err := tcp.FromFile(f); err == nil || !strings.Contains(err.Error(), "not a listening") {
			t.Errorf("%s: %v, %v", f.Name(), l, err)
		}
	}
}

// childKey makes the test's program the child of one of its own tests.
const childKey = "TCP_TEST_CHILD"

// child runs one test of this program as another process, with descriptors from 3 on, and
// returns what it writes. As systemd's its process number is in LISTEN_PID.
func child(t *testing.T, test string, env []string, files ...*os.File) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.v -test.run "^$1\$"`, program, test)
	cmd.Env = append(append(os.Environ(), childKey+"="+test), env...)
	cmd.ExtraFiles = files
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func isChild(t *testing.T) bool { return os.Getenv(childKey) == t.Name() }

func TestFromSystemd_TakesWhatItIsGiven(t *testing.T) {
	if isChild(t) {
		systemdChild(t)
		return
	}
	if l, err := tcp.FromSystemd(); l != nil || err != nil {
		t.Errorf("without systemd: %v, %v", l, err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("there is no systemd on Windows")
	}
	var files []*os.File
	var conns []net.Conn
	for range 2 {
		orig, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer orig.Close()
		f, err := orig.File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
		c, err := net.Dial("tcp", orig.Addr().String()) // waits in the backlog until the child has come
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	child(t, t.Name(), []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:admin"}, files...)
	for i, want := range []string{"web\n", "admin\n"} {
		if got, err := bufio.NewReader(conns[i]).ReadString('\n'); got != want {
			t.Errorf("socket %d greets with %q, %v, want %q", i, got, err, want)
		}
	}
}

func systemdChild(t *testing.T) {
	all, err := tcp.FromSystemd()
	if err != nil || len(all) != 2 {
		t.Fatalf("%d listeners, %v", len(all), err)
	}
	for _, v := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if _, set := os.LookupEnv(v); set {
			t.Errorf("%s is still set", v)
		}
	}
	for _, l := range all {
		lp, fds := accept(t, l)
		fd := <-fds
		lp.Do(t.Context(), func(context.Context) error {
			lp.Files().Write(fd, []byte(l.Name()+"\n"))
			return lp.Files().Close(fd)
		})
	}
}

func TestFromSystemd_RefusesWhatIsNoListener(t *testing.T) {
	if isChild(t) {
		if all, err := tcp.FromSystemd(); err == nil || !strings.Contains(err.Error(), "descriptor 4") {
			t.Errorf("%v, %v", all, err)
		}
		return
	}
	if runtime.GOOS == "windows" {
		t.Skip("there is no systemd on Windows")
	}
	orig, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	f, err := orig.File()
	orig.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	child(t, t.Name(), []string{"LISTEN_FDS=2"}, f, null)
}

func TestFromSystemd_LeavesWhatIsForAnother(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "2")
	if l, err := tcp.FromSystemd(); l != nil || err != nil {
		t.Errorf("%v, %v", l, err)
	}
	if _, set := os.LookupEnv("LISTEN_FDS"); set && runtime.GOOS != "windows" {
		t.Error("a child would take the sockets for its own")
	}
}
