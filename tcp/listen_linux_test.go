package tcp_test

import (
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"eddy/tcp"
)

// The kernel tells a listening socket's backlog where it tells of lost segments otherwise.
func TestListen_Backlog(t *testing.T) {
	for _, want := range []int{1, 7} {
		l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{Backlog: want})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := tcp.Original(l).(*net.TCPListener).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
			if err != nil || int(info.Sacked) != want {
				t.Errorf("the backlog is %v, %v, want %d", info, err, want)
			}
		})
		l.Close()
	}
}

// There is no moment in which the file lets more people in than it shall.
func TestListen_UnixSocketIsBornWithItsMode(t *testing.T) {
	got, err := tcp.BornMode(t.Context(), filepath.Join(t.TempDir(), "s"), 0o600)
	if err != nil || got != 0o600 {
		t.Errorf("%v, %v", got, err)
	}
}
