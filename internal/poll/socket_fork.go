//go:build unix && !(dragonfly || freebsd || illumos || linux)

package poll

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Where there is no call that does both, the flags are set afterwards; the lock keeps a
// fork from coming between.

func accept(fd int) (int, error) {
	return flagged(func() (int, error) {
		nfd, _, err := unix.Accept(fd)
		return nfd, err
	})
}

func socket(family int) (int, error) {
	return flagged(func() (int, error) { return unix.Socket(family, unix.SOCK_STREAM, 0) })
}

// flagged makes the descriptor that open returns non-blocking and close-on-exec.
func flagged(open func() (int, error)) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := open()
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
