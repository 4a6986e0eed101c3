//go:build unix

package httpserver_test

import "syscall"

func setNarrow(fd uintptr) {
	syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
}
