package poll

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// netSocket is a descriptor of the portable poller: a connection or a listener.
//
// Locks: a poller's comes before a socket's.
type netSocket struct {
	mu    sync.Mutex
	watch *netWatch // nil: not watched
	end   interface {
		ready() Mode // called with mu held
		close()
	}
}

// netSockets is the table of descriptors. There is one for the process, because a
// connection may be accepted on one loop and watched on another.
var netSockets = struct {
	sync.Mutex
	open map[int]*netSocket
	free []int
	last int
}{open: make(map[int]*netSocket), last: 1 << 20} // no number is one of the system's, too

func openSocket(s *netSocket) (fd int) {
	t := &netSockets
	t.Lock()
	defer t.Unlock()
	if n := len(t.free); n > 0 {
		fd, t.free = t.free[n-1], t.free[:n-1]
	} else {
		t.last++
		fd = t.last
	}
	t.open[fd] = s
	return fd
}

func socketOf(fd int) *netSocket {
	netSockets.Lock()
	defer netSockets.Unlock()
	return netSockets.open[fd]
}

func freeSocket(fd int) {
	t := &netSockets
	t.Lock()
	defer t.Unlock()
	delete(t.open, fd)
	t.free = append(t.free, fd)
}

// netFiles does I/O with what the goroutines of a descriptor have put aside.
type netFiles struct{}

func connOf(fd int) (*netConn, error) {
	if s := socketOf(fd); s != nil {
		if c, ok := s.end.(*netConn); ok {
			return c, nil
		}
		return nil, syscall.EINVAL
	}
	return nil, syscall.EBADF
}

func (netFiles) Read(fd int, p []byte) (int, error) {
	c, err := connOf(fd)
	if err != nil {
		return 0, err
	}
	return c.read(p)
}

func (netFiles) Write(fd int, p []byte) (int, error) {
	c, err := connOf(fd)
	if err != nil {
		return 0, err
	}
	return c.write(p)
}

func (f netFiles) Writev(fd int, pieces [][]byte) (int, error) { return writeEach(f, fd, pieces) }

func (f netFiles) SendFile(fd int, file File, offset int64, n int) (int, error) {
	return copyFile(f, fd, file, offset, n)
}

func (netFiles) Accept(fd int) (int, error) {
	s := socketOf(fd)
	if s == nil {
		return -1, syscall.EBADF
	}
	l, ok := s.end.(*netListener)
	if !ok {
		return -1, syscall.EINVAL
	}
	return l.accept()
}

func (netFiles) CloseWrite(fd int) error {
	c, err := connOf(fd)
	if err != nil {
		return err
	}
	return c.closeWrite()
}

func (netFiles) Error(fd int) error {
	c, err := connOf(fd)
	if err != nil {
		return err
	}
	return c.takeError()
}

func (netFiles) Close(fd int) error {
	s := socketOf(fd)
	if s == nil {
		return syscall.EBADF
	}
	s.mu.Lock()
	w := s.watch
	s.mu.Unlock()
	if w != nil {
		w.poller.Remove(fd)
	}
	freeSocket(fd)
	s.end.close()
	return nil
}

func (netFiles) Adopt(c io.Closer) (fd int, err error) {
	switch c := c.(type) {
	case net.Listener:
		return openListener(c), nil
	case net.Conn:
		return openConn(c), nil
	}
	c.Close()
	return -1, errNoDescriptor
}

func (netFiles) PeerAddr(fd int) netip.AddrPort {
	if c, err := connOf(fd); err == nil {
		if conn := c.connected(); conn != nil {
			return addrPortOf(conn.RemoteAddr())
		}
	}
	return netip.AddrPort{}
}

func (netFiles) LocalAddr(fd int) netip.AddrPort {
	s := socketOf(fd)
	if s == nil {
		return netip.AddrPort{}
	}
	switch e := s.end.(type) {
	case *netConn:
		if conn := e.connected(); conn != nil {
			return addrPortOf(conn.LocalAddr())
		}
	case *netListener:
		return addrPortOf(e.listener.Addr())
	}
	return netip.AddrPort{}
}

func addrPortOf(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}
