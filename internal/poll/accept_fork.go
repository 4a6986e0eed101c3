//go:build unix && !(dragonfly || freebsd || illumos || linux)

package poll

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// accept sets the flags afterwards, where there is no call that does both; the lock keeps
// a fork from coming between.
func accept(fd int) (int, error) {
	syscall.ForkLock.RLock()
	nfd, _, err := unix.Accept(fd)
	if err == nil {
		unix.CloseOnExec(nfd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, err
	}
	if err := unix.SetNonblock(nfd, true); err != nil {
		unix.Close(nfd)
		return -1, err
	}
	return nfd, nil
}
