package tcp_test

import (
	"net"
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
