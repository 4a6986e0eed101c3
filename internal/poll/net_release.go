package poll

import (
	"net"
	"syscall"
	"time"
)

// Release gives the connection back. Its goroutines are told to end; what they have still
// to do comes before the first call on what is returned.
func (netFiles) Release(fd int) (net.Conn, error) {
	c, err := connOf(fd)
	if err != nil {
		netFiles{}.Close(fd)
		return nil, err
	}
	freeSocket(fd)
	c.socket.mu.Lock()
	c.released = true
	c.room.Signal()
	c.socket.mu.Unlock()
	c.conn.SetReadDeadline(time.Unix(1, 0)) // ends the reader
	return &released{Conn: c.conn, from: c}, nil
}

// released is a connection that was of this poller.
type released struct {
	net.Conn
	from *netConn
}

// settle waits for the goroutines of the former life.
func (r *released) settle() *netConn {
	c := r.from
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	for c.writing || !c.readerGone {
		c.room.Wait()
	}
	if !c.settled {
		c.settled = true
		c.conn.SetReadDeadline(time.Time{})
	}
	return c
}

// Read returns what was read ahead before it reads more.
func (r *released) Read(p []byte) (int, error) {
	c := r.settle()
	c.socket.mu.Lock()
	if c.from < c.to {
		defer c.socket.mu.Unlock()
		n := copy(p, c.in[c.from:c.to])
		c.from += n
		return n, nil
	}
	c.in = nil
	c.socket.mu.Unlock()
	return r.Conn.Read(p)
}

func (r *released) Write(p []byte) (int, error) {
	r.settle()
	return r.Conn.Write(p)
}

func (r *released) SetDeadline(t time.Time) error {
	r.settle()
	return r.Conn.SetDeadline(t)
}

func (r *released) SetReadDeadline(t time.Time) error {
	r.settle()
	return r.Conn.SetReadDeadline(t)
}

// CloseWrite ends the sending direction, as that of *net.TCPConn does.
func (r *released) CloseWrite() error {
	r.settle()
	if half, ok := r.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return syscall.ENOTSUP
}
