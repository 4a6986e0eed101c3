//go:build unix

package tcp

import (
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// Why an address cannot be listened on.
const (
	errInUse    = unix.EADDRINUSE
	errNotAvail = unix.EADDRNOTAVAIL
	errNoFamily = unix.EAFNOSUPPORT
)

// setOptions sets what accepted sockets inherit from the listening one: no system calls
// for each of them. Keep-alive probes find out that a peer has vanished, which long polls
// would never notice. An option that fails leaves the system's default.
func setOptions(s uintptr) {
	fd := int(s)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	for option, d := range keepAliveOptions {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, option, int(d/time.Second))
	}
}

// setReusePort adds to SO_REUSEADDR, which package net sets.
func setReusePort(fd uintptr) error {
	return unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, reusePort, 1)
}

// setBacklog changes the backlog of a socket that listens already.
func setBacklog(fd uintptr, n int) error { return unix.Listen(int(fd), n) }

// setMode limits the file that a Unix socket will have. Linux takes it from the socket, so that
// there is no moment in which the file lets more people in; elsewhere this does nothing.
func setMode(fd uintptr, mode fs.FileMode) { unix.Fchmod(int(fd), uint32(mode)) }

// listening reports whether a socket is a listening one. Where the system does not say,
// its first accept will.
func listening(fd uintptr) bool {
	n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err != nil || n != 0
}
