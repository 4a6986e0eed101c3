//go:build unix

package stream

import (
	"os"

	"golang.org/x/sys/unix"
)

// directions returns whether f was opened for reading and for writing.
func directions(f *os.File) (reads, writes bool, err error) {
	c, err := f.SyscallConn()
	if err != nil {
		return false, false, err
	}
	mode := 0
	if e := c.Control(func(fd uintptr) { mode, err = unix.FcntlInt(fd, unix.F_GETFL, 0) }); e != nil {
		err = e
	}
	mode &= unix.O_ACCMODE
	return mode != unix.O_WRONLY, mode != unix.O_RDONLY, err
}
