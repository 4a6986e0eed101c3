//go:build unix && !linux

package poll

import (
	"golang.org/x/sys/unix"
)

func (*files) Read(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

func (*files) Write(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Write(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

func (f *files) Writev(fd int, pieces [][]byte) (int, error) { return writeEach(f, fd, pieces) }

func (f *files) SendFile(fd int, file File, offset int64, n int) (int, error) {
	return copyFile(f, fd, file, offset, n)
}
