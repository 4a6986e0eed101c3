package poll

import (
	"net"
	"sync"
	"syscall"
)

// acceptAhead is how many connections of a listener wait here for an Accept.
const acceptAhead = 16

// netListener is a listener of the portable poller. One goroutine accepts.
type netListener struct {
	socket   netSocket
	listener net.Listener

	// The rest is guarded by socket.mu.
	conns  []net.Conn
	err    error      // why the last accept failed, until somebody was told
	room   *sync.Cond // for the goroutine
	closed bool
}

func openListener(listener net.Listener) (fd int) {
	l := &netListener{listener: listener}
	l.room = sync.NewCond(&l.socket.mu)
	l.socket.end = l
	go l.acceptor()
	return openSocket(&l.socket)
}

func (l *netListener) acceptor() {
	for l.wanted() {
		conn, err := l.listener.Accept()
		l.arrived(conn, err)
		l.socket.changed()
	}
}

// wanted waits until there is room for another connection, and the last error has been
// reported: whoever was told of it decides when to go on.
func (l *netListener) wanted() bool {
	l.socket.mu.Lock()
	defer l.socket.mu.Unlock()
	for !l.closed && (len(l.conns) >= acceptAhead || l.err != nil) {
		l.room.Wait()
	}
	return !l.closed
}

func (l *netListener) arrived(conn net.Conn, err error) {
	l.socket.mu.Lock()
	defer l.socket.mu.Unlock()
	switch {
	case err != nil:
		l.err = errnoOf(err)
	case l.closed:
		conn.Close()
	default:
		l.conns = append(l.conns, conn)
	}
}

func (l *netListener) ready() (m Mode) {
	if len(l.conns) > 0 || l.err != nil {
		m = Read
	}
	return m
}

func (l *netListener) accept() (fd int, err error) {
	l.socket.mu.Lock()
	defer l.socket.mu.Unlock()
	defer l.room.Signal()
	if len(l.conns) > 0 {
		conn := l.conns[0]
		l.conns[0] = nil
		l.conns = l.conns[1:]
		return openConn(conn), nil
	}
	if err := l.err; err != nil {
		l.err = nil
		return -1, err
	}
	return -1, syscall.EAGAIN
}

func (l *netListener) close() {
	l.socket.mu.Lock()
	l.closed = true
	conns := l.conns
	l.conns = nil
	l.room.Signal()
	l.socket.mu.Unlock()
	l.listener.Close()
	for _, conn := range conns {
		conn.Close()
	}
}
