//go:build unix

package polltest

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"eddy/internal/poll"
)

func connectUnix(t *testing.T, h *harness) {
	paths := []string{filepath.Join(t.TempDir(), "s")}
	if runtime.GOOS == "linux" {
		paths = append(paths, fmt.Sprintf("@eddy-polltest-%d", os.Getpid()))
	}
	for _, path := range paths {
		if err := h.fails(t, poll.Target{Path: path}); err != syscall.ENOENT && err != syscall.ECONNREFUSED {
			t.Errorf("%s: %v before anybody listens", path, err)
		}
		l, err := net.Listen("unix", path)
		h.ok(t, err)
		defer l.Close()
		var network string
		fd, err := h.begin(t, poll.Target{Path: path, Control: func(n, address string, _ syscall.RawConn) error {
			network = n + " " + address
			return nil
		}})
		h.ok(t, err)
		h.expect(t, token, write)
		if err := h.files.Error(fd); err != nil || network != "unix "+path {
			t.Errorf("connected with the error %v; Control was called for %q", err, network)
		}
		if h.files.PeerAddr(fd).IsValid() {
			t.Error("a Unix socket has an IP address")
		}
		peer, err := l.Accept()
		h.ok(t, err)
		defer peer.Close()
		h.talk(t, fd, peer)
		h.ok(t, h.p.Remove(fd))
	}
	if err := h.fails(t, poll.Target{Path: "/" + strings.Repeat("x", 200)}); err != syscall.EINVAL {
		t.Errorf("a path that is too long: %v", err)
	}
}

// connectPending connects to a listener whose backlog is full.
func connectPending(t *testing.T, h *harness) {
	if runtime.GOOS != "linux" {
		t.Skip("how full a backlog may be differs")
	}
	addr := fullListener(t)
	fd, err := h.begin(t, poll.Target{Addr: addr})
	h.ok(t, err)
	if events := h.wait(t, time.Now().Add(20*time.Millisecond)); len(events) != 0 {
		t.Errorf("got %v before the connection was made", events)
	}
	if err := h.files.Error(fd); err != nil {
		t.Errorf("a connection that is under way has failed: %v", err)
	}
	if _, err := h.files.Read(fd, make([]byte, 1)); err != syscall.EAGAIN {
		t.Errorf("read: %v", err)
	}
	if _, err := h.files.Write(fd, make([]byte, 1)); err != syscall.EAGAIN {
		t.Errorf("write: %v", err)
	}
}

// fullListener returns an address that does not answer.
func fullListener(t *testing.T) netip.AddrPort {
	t.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(s)
	t.Cleanup(func() { unix.Close(s) })
	if err := unix.Bind(s, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(s, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(s)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*unix.SockaddrInet4).Port))
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return addr
}
