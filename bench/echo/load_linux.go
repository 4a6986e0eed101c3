package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"eddy/bench/child"
)

// load is the clients' side: one thread, epoll, and on each connection one message at a time.
type load struct {
	ep      int
	clients map[int32]*client
	message []byte
	buf     []byte
	done    int // messages that came back
}

type client struct {
	fd     int
	sent   int // of the message that is under way
	got    int
	writes bool // waits to send the rest
}

// measure has conns clients send messages of size bytes to s, and counts for a period.
func measure(s *child.Process, conns, size int, period time.Duration) (r result, err error) {
	l, err := newLoad(s.Said, conns, size)
	if err != nil {
		return r, err
	}
	defer l.close()
	if err := l.run(func() bool { return l.done >= 10*conns }); err != nil { // to warm up
		return r, err
	}
	begin, cpu, done := time.Now(), s.CPU(), l.done
	if err := l.run(func() bool { return time.Since(begin) >= period }); err != nil {
		return r, err
	}
	took, used, messages := time.Since(begin), s.CPU()-cpu, float64(l.done-done)
	return result{rate: messages / took.Seconds(), cost: used.Seconds() * 1e6 / messages}, nil
}

func newLoad(addr string, conns, size int) (*load, error) {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	l := &load{clients: map[int32]*client{}, message: make([]byte, size), buf: make([]byte, 256<<10)}
	for i := range l.message {
		l.message[i] = byte(i % 251)
	}
	if l.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for range conns {
		if err := l.connect(a); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

func (l *load) connect(a netip.AddrPort) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c := &client{fd: fd}
	l.clients[int32(fd)] = c
	err = errors.Join(
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}),
		unix.SetNonblock(fd, true),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}),
	)
	if err != nil {
		return err
	}
	return l.send(c)
}

func (l *load) close() {
	for _, c := range l.clients {
		unix.Close(c.fd)
	}
	unix.Close(l.ep)
}

// stuck is after how long without any answer the server is given up.
const stuck = 10 * time.Second

func (l *load) run(enough func() bool) error {
	events := make([]unix.EpollEvent, 128)
	for !enough() {
		n, err := unix.EpollWait(l.ep, events, int(stuck.Milliseconds()))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return fmt.Errorf("no answer for %v", stuck)
		}
		for _, e := range events[:n] {
			c := l.clients[e.Fd]
			if e.Events&unix.EPOLLOUT != 0 {
				err = l.send(c)
			}
			if err == nil && e.Events&^unix.EPOLLOUT != 0 {
				err = l.receive(c)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends what is left of the message, as far as the kernel takes it.
func (l *load) send(c *client) error {
	n, err := unix.Write(c.fd, l.message[c.sent:])
	if err != nil && err != unix.EAGAIN {
		return err
	}
	c.sent += max(n, 0)
	if rest := c.sent < len(l.message); rest != c.writes {
		c.writes = rest
		e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}
		if rest {
			e.Events |= unix.EPOLLOUT
		}
		return unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, c.fd, &e)
	}
	return nil
}

// receive reads what has come back and begins anew when that was all.
func (l *load) receive(c *client) error {
	n, err := unix.Read(c.fd, l.buf)
	switch {
	case err == unix.EAGAIN:
		return nil
	case err != nil:
		return err
	case n == 0:
		return errors.New("the server has closed a connection")
	case c.got+n > c.sent || !bytes.Equal(l.buf[:n], l.message[c.got:c.got+n]):
		return errors.New("what came back is not what was sent")
	}
	if c.got += n; c.got < len(l.message) {
		return nil
	}
	l.done++
	c.sent, c.got = 0, 0
	return l.send(c)
}
