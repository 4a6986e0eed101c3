//go:build unix

package tcp_test

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"eddy/tcp"
)

func TestDial_OptionsOfTheSocket(t *testing.T) {
	lp := dialLoop(t)
	addr := echoing(t, "tcp", "127.0.0.1:0")
	got := map[string]int{}
	var flags int
	s, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp, Control: func(network, address string, c syscall.RawConn) error {
		if network != "tcp4" || address != addr {
			t.Errorf("Control was called for %s %s", network, address)
		}
		return c.Control(func(s uintptr) {
			flags, _ = unix.FcntlInt(s, unix.F_GETFD, 0)
			got["TCP_NODELAY"], _ = unix.GetsockoptInt(int(s), unix.IPPROTO_TCP, unix.TCP_NODELAY)
			got["SO_KEEPALIVE"], _ = unix.GetsockoptInt(int(s), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	talk(t, s)
	if flags&unix.FD_CLOEXEC == 0 {
		t.Error("the descriptor would be inherited")
	}
	for _, name := range []string{"TCP_NODELAY", "SO_KEEPALIVE"} {
		if got[name] == 0 {
			t.Errorf("%s is off", name)
		}
	}
	no := errors.New("no")
	_, err = tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp, Control: func(string, string, syscall.RawConn) error { return no }})
	if !errors.Is(err, no) {
		t.Errorf("Control failed, and Dial with %v", err)
	}
}

// With no descriptor left in the process, a dial fails, and nothing else does.
func TestDial_NoDescriptorLeft(t *testing.T) {
	lp := dialLoop(t)
	addr := echoing(t, "tcp", "127.0.0.1:0")
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 3 // those that are open stay
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	_, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp})
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, syscall.EMFILE) {
		t.Errorf("the error is %v", err)
	}
	s, err := tcp.Dial(t.Context(), addr, tcp.DialOptions{Loop: lp})
	if err != nil {
		t.Fatal(err)
	}
	talk(t, s)
}
