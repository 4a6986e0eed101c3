package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const most = 64 << 10 // read at once by every server

// floor is the least that an echo in Go costs: one thread, epoll, a read and a write for each
// event, one buffer for all. What the kernel does not take at once it waits for, standing still.
func floor() error {
	runtime.LockOSThread()
	l, err := floorListen()
	if err != nil {
		return err
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	if err := watch(ep, l); err != nil {
		return err
	}
	events, buf := make([]unix.EpollEvent, 128), make([]byte, most)
	for {
		n, err := epollWait(ep, events)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			if fd := int(e.Fd); fd != l {
				sendBack(fd, buf)
			} else if err := floorAccept(ep, l); err != nil {
				return err
			}
		}
	}
}

func floorListen() (int, error) {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return -1, err
	}
	if err := unix.Listen(l, 1024); err != nil {
		return -1, err
	}
	a, err := unix.Getsockname(l)
	if err != nil {
		return -1, err
	}
	fmt.Printf("127.0.0.1:%d\n", a.(*unix.SockaddrInet4).Port)
	return l, nil
}

func floorAccept(ep, l int) error {
	fd, _, err := unix.Accept4(l, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return err
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	return watch(ep, fd)
}

func watch(ep, fd int) error {
	return unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func sendBack(fd int, buf []byte) {
	n, err := raw(unix.SYS_READ, fd, buf)
	switch {
	case err == unix.EAGAIN:
		return
	case err != nil || n == 0:
		unix.Close(fd)
		return
	}
	for p := buf[:n]; len(p) > 0; {
		n, err := raw(unix.SYS_WRITE, fd, p)
		switch {
		case err == unix.EAGAIN:
			unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
		case err != nil:
			unix.Close(fd)
			return
		}
		p = p[max(n, 0):]
	}
}

// epollWait and raw tell Go's scheduler nothing, which is what they save. It interrupts the
// thread by signals, now and then, to run the other goroutine.
func epollWait(ep int, events []unix.EpollEvent) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), ^uintptr(0), 0, 0)
	return outcome(n, errno)
}

func raw(trap uintptr, fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return outcome(n, errno)
}

func outcome(n uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
