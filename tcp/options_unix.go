//go:build unix

package tcp

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// setOptions sets what accepted sockets inherit from the listening one: no system calls
// for each of them. Keep-alive probes find out that a peer has vanished, which long polls
// would never notice. An option that fails leaves the system's default.
func setOptions(_, _ string, c syscall.RawConn) error {
	return c.Control(func(s uintptr) {
		fd := int(s)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		for option, d := range keepAliveOptions {
			unix.SetsockoptInt(fd, unix.IPPROTO_TCP, option, int(d/time.Second))
		}
	})
}
