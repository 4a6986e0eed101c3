package tcp

import (
	"syscall"
	"time"
)

// The options of Windows 10 and later, which package syscall does not name.
const (
	tcpKeepIdle     = 3
	tcpKeepInterval = 17
)

// setDialOptions sets the times of keep-alive; package net switches TCP_NODELAY on. An
// option that fails leaves the system's default.
func setDialOptions(_, _ string, c syscall.RawConn) error {
	return c.Control(func(s uintptr) {
		h := syscall.Handle(s)
		syscall.SetsockoptInt(h, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1)
		syscall.SetsockoptInt(h, syscall.IPPROTO_TCP, tcpKeepIdle, int(keepAliveIdle/time.Second))
		syscall.SetsockoptInt(h, syscall.IPPROTO_TCP, tcpKeepInterval, int(keepAliveInterval/time.Second))
	})
}
