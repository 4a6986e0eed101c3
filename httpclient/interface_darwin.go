package httpclient

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

func bindToInterface(fd uintptr, i *net.Interface, v6 bool) error {
	if v6 {
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_BOUND_IF, i.Index))
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BOUND_IF, i.Index))
}
