//go:build unix

package poll

import (
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// files is the system's own I/O on descriptors, which are non-blocking.
type files struct{}

func (*files) Accept(fd int) (int, error) {
	for {
		nfd, err := accept(fd)
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

// Close does not retry on EINTR: the descriptor has been closed all the same.
func (*files) Close(fd int) error { return unix.Close(fd) }

// Adopt duplicates the descriptor, because package net has its own in the runtime's
// poller, which would be told of every event for nothing.
func (*files) Adopt(c io.Closer) (fd int, err error) {
	defer c.Close()
	s, ok := c.(syscall.Conn)
	if !ok {
		return -1, errNoDescriptor
	}
	conn, err := s.SyscallConn()
	if err != nil {
		return -1, err
	}
	if e := conn.Control(func(old uintptr) { fd, err = duplicate(int(old)) }); e != nil {
		return -1, e
	}
	return fd, err
}

// Release goes by way of a duplicate, too: package net takes no descriptor for its own.
func (*files) Release(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	return net.FileConn(f)
}

// duplicate returns another descriptor of the same file. Those of package net are
// non-blocking already, a file may be either. The lock keeps a fork from coming between.
func duplicate(old int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Dup(old)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (*files) Pair() (a, b int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, -1, err
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if e := unix.SetNonblock(fd, true); e != nil {
			err = e
		}
	}
	if err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return -1, -1, err
	}
	return fds[0], fds[1], nil
}

func (*files) SetNoDelay(fd int, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, value)
}

// The calls of package unix would each ask for the socket's protocol, too.

func (*files) PeerAddr(fd int) netip.AddrPort { return addrPort(syscall.Getpeername(fd)) }

func (*files) LocalAddr(fd int) netip.AddrPort { return addrPort(syscall.Getsockname(fd)) }

func addrPort(sa syscall.Sockaddr, err error) netip.AddrPort {
	if err != nil {
		return netip.AddrPort{}
	}
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
