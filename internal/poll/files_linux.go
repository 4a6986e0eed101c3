package poll

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// files is the system's own I/O. Its descriptors are non-blocking, so reads and writes
// are raw system calls: the scheduler is not told, which saves a tenth of their cost.
type files struct{}

func (*files) Read(fd int, p []byte) (int, error) {
	buf := unsafe.Pointer(unsafe.SliceData(p))
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(buf), uintptr(len(p)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

func (*files) Write(fd int, p []byte) (int, error) {
	buf := unsafe.Pointer(unsafe.SliceData(p))
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(buf), uintptr(len(p)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

func (*files) Accept(fd int) (int, error) {
	for {
		nfd, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != unix.EINTR {
			return nfd, err
		}
	}
}

func (*files) CloseWrite(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) }

func (*files) Error(fd int) error {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if n != 0 {
		return syscall.Errno(n)
	}
	return nil
}

// Close does not retry on EINTR: Linux has closed the descriptor all the same.
func (*files) Close(fd int) error { return unix.Close(fd) }
