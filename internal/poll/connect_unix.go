//go:build unix

package poll

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func (*files) Connect(t Target) (fd int, err error) {
	if err := t.check(); err != nil {
		return -1, err
	}
	family, to, err := t.sockaddr()
	if err != nil {
		return -1, err
	}
	s, err := socket(family)
	if err != nil {
		return -1, err
	}
	begun := false
	defer func() { // also if Control panics
		if !begun {
			unix.Close(s)
		}
	}()
	if t.Control != nil {
		network, address := t.network()
		if err := t.Control(network, address, rawSocket(s)); err != nil {
			return -1, err
		}
	}
	if t.Local.IsValid() {
		if err := bind(s, t.Local); err != nil {
			return -1, os.NewSyscallError("bind", err)
		}
	}
	switch err := unix.Connect(s, to); err {
	case nil, unix.EINPROGRESS, unix.EALREADY, unix.EINTR, unix.EISCONN:
		begun = true // a signal does not stop it either
		return s, nil
	default:
		return -1, err
	}
}

func (t *Target) sockaddr() (family int, sa unix.Sockaddr, err error) {
	if t.Path != "" {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: t.Path}, nil
	}
	return sockaddrOf(t.Addr)
}

func sockaddrOf(a netip.AddrPort) (family int, sa unix.Sockaddr, err error) {
	ip := a.Addr().Unmap()
	if ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}, nil
	}
	zone, err := zoneID(ip.Zone())
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16(), ZoneId: zone}, err
}

// zoneID returns the number of a network interface that is given by its name or number.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index), nil
	}
	n, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0, unix.ENXIO
	}
	return uint32(n), nil
}

func bind(fd int, local netip.AddrPort) error {
	_, sa, err := sockaddrOf(local)
	if err != nil {
		return err
	}
	if local.Port() == 0 {
		bindAddressOnly(fd)
	}
	return unix.Bind(fd, sa)
}

// rawSocket is a socket as a Control function sees it. It is not connected, so there is
// nothing to read or write.
type rawSocket int

var errNotConnected = errors.New("poll: the socket is not connected")

func (s rawSocket) Control(f func(fd uintptr)) error {
	f(uintptr(s))
	return nil
}

func (rawSocket) Read(func(fd uintptr) bool) error  { return errNotConnected }
func (rawSocket) Write(func(fd uintptr) bool) error { return errNotConnected }

var _ syscall.RawConn = rawSocket(0)
