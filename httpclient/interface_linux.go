package httpclient

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

func bindToInterface(fd uintptr, i *net.Interface, _ bool) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, i.Name))
}
