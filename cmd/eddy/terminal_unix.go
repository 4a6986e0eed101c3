//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// windowColumns returns the width of a terminal's window, 0 if it is not known.
func windowColumns(f *os.File) (n int) {
	c, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	c.Control(func(fd uintptr) {
		if size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ); err == nil {
			n = int(size.Col)
		}
	})
	return n
}
