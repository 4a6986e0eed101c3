package poll

import (
	"net"
	"syscall"
)

// Pair connects two sockets over the loopback interface: there is no pair of package net
// with buffers and two directions that end on their own.
func (netFiles) Pair() (a, b int, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return -1, -1, errnoOf(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return -1, -1, errnoOf(err)
	}
	for {
		far, err := l.Accept()
		if err != nil {
			near.Close()
			return -1, -1, errnoOf(err)
		}
		if far.RemoteAddr().String() == near.LocalAddr().String() {
			return openConn(near), openConn(far), nil
		}
		far.Close() // anybody on this machine may connect
	}
}

func (netFiles) SetNoDelay(fd int, on bool) error {
	c, err := connOf(fd)
	if err != nil {
		return err
	}
	t, ok := c.conn.(*net.TCPConn)
	if !ok {
		return syscall.ENOTSUP
	}
	if err := t.SetNoDelay(on); err != nil {
		return errnoOf(err)
	}
	return nil
}
