package poll

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// readAhead is how many bytes of a connection wait here for a Read. What lies behind
	// them, be it the end of input or a reset, is noticed when there is room again.
	readAhead = 16 << 10
	// writeBehind is how many bytes wait here for the system.
	writeBehind = 64 << 10
	// lingering bounds how long a connection that was closed tries to get rid of them.
	lingering = 30 * time.Second
)

// netConn is a connection of the portable poller. One goroutine reads ahead all the time;
// another one writes while there is output.
type netConn struct {
	socket netSocket

	// The rest is guarded by socket.mu; but conn is the reader's and writer's, too, and only
	// close looks at it before there is one.
	conn     net.Conn
	cancel   func() // not nil: it is being connected
	in       []byte
	from, to int        // unread is in[from:to]; the reader fills in[to:]
	room     *sync.Cond // for the reader
	out      []byte
	flying   int  // bytes that the writer is handing to the system
	writing  bool // there is a writer
	eof      bool // the peer sends no more
	ended    bool // this side sends no more, but for what is in out
	closed   bool
	failed   bool
	pending  error // why it failed, until somebody was told

	released   bool // it belongs to package net again: see Release
	readerGone bool
	settled    bool
}

func newConn(conn net.Conn) *netConn {
	c := &netConn{conn: conn}
	c.room = sync.NewCond(&c.socket.mu)
	c.socket.end = c
	return c
}

func openConn(conn net.Conn) (fd int) {
	c := newConn(conn)
	go c.reader()
	return openSocket(&c.socket)
}

func (c *netConn) reader() {
	defer c.readerEnds()
	c.in = make([]byte, readAhead) // nobody looks at it before there is something in it
	for {
		space := c.space()
		if space == nil {
			return
		}
		n, err := c.conn.Read(space)
		if !c.arrived(n, err) {
			return
		}
		c.socket.changed()
		if err != nil {
			return
		}
	}
}

func (c *netConn) readerEnds() {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	c.readerGone = true
	c.room.Broadcast()
}

// space waits for room in the buffer. It is nil when the connection was closed.
func (c *netConn) space() []byte {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	for c.to-c.from == len(c.in) && !c.closed && !c.released {
		c.room.Wait()
	}
	if c.closed || c.released {
		return nil
	}
	c.to = copy(c.in, c.in[c.from:c.to])
	c.from = 0
	return c.in[c.to:]
}

// arrived notes what was read, and reports whether anybody still cares.
func (c *netConn) arrived(n int, err error) bool {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	c.to += n
	switch {
	case err == nil || c.closed || c.released: // its end is wanted, and no failure of the output
	case err == io.EOF:
		c.eof = true
	default:
		c.fail(errnoOf(err))
	}
	return !c.closed
}

// fail is called with the lock held.
func (c *netConn) fail(err error) {
	if !c.failed {
		c.failed, c.pending = true, err
	}
	c.eof = true
	c.out = nil
}

func (c *netConn) ready() (m Mode) {
	if c.cancel != nil {
		return 0
	}
	if c.from < c.to || c.eof {
		m |= Read
	}
	if c.free() >= writeBehind/2 || c.ended || c.failed {
		m |= Write
	}
	if c.eof {
		m |= Hangup
	}
	if c.failed || c.eof && c.ended {
		m |= Error
	}
	return m
}

// free returns how many bytes a write takes.
func (c *netConn) free() int { return writeBehind - len(c.out) - c.flying }

func (c *netConn) read(p []byte) (int, error) {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	if c.from < c.to {
		n := copy(p, c.in[c.from:c.to])
		c.from += n
		c.room.Signal()
		return n, nil
	}
	switch {
	case c.pending != nil:
		return 0, c.take()
	case c.eof:
		return 0, nil
	}
	return 0, syscall.EAGAIN
}

// take returns the pending error once, as a socket does.
func (c *netConn) take() error {
	err := c.pending
	c.pending = nil
	return err
}

func (c *netConn) takeError() error {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	return c.take()
}

func (c *netConn) write(p []byte) (int, error) {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	switch {
	case c.cancel != nil:
		return 0, syscall.EAGAIN
	case c.pending != nil:
		return 0, c.take()
	case c.failed || c.ended:
		return 0, syscall.EPIPE
	case len(p) == 0:
		return 0, nil
	case c.free() == 0:
		return 0, syscall.EAGAIN
	}
	n := min(len(p), c.free())
	c.out = append(c.out, p[:n]...)
	if !c.writing {
		c.writing = true
		go c.writer()
	}
	return n, nil
}

func (c *netConn) writer() {
	for {
		b, last := c.departing()
		if last != nil {
			last()
			return
		}
		_, err := c.conn.Write(b)
		c.departed(err)
		c.socket.changed()
	}
}

// departing returns what to write next, or, if there is nothing, what to do at last.
func (c *netConn) departing() (b []byte, last func()) {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	if len(c.out) > 0 {
		b, c.out = c.out, nil
		c.flying = len(b)
		return b, nil
	}
	c.writing = false
	c.room.Broadcast()
	switch {
	case c.closed:
		return nil, func() { c.conn.Close() }
	case c.ended:
		return nil, c.endConn
	}
	return nil, func() {}
}

func (c *netConn) departed(err error) {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	c.flying = 0
	if err != nil {
		c.fail(errnoOf(err))
	}
}

func (c *netConn) closeWrite() error {
	c.socket.mu.Lock()
	if c.failed || c.cancel != nil {
		c.socket.mu.Unlock()
		return syscall.ENOTCONN
	}
	first := !c.ended && !c.writing
	c.ended = true
	c.socket.mu.Unlock()
	if first { // else the writer does it when it is done
		c.endConn()
	}
	return nil
}

func (c *netConn) endConn() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	c.socket.changed()
}

// close does as the system does with a socket: bytes that were not read reset the
// connection, and else what was written still goes out, within bounds.
func (c *netConn) close() {
	c.socket.mu.Lock()
	c.closed = true
	unread, writing, cancel := c.from < c.to, c.writing, c.cancel
	c.room.Signal()
	c.socket.mu.Unlock()
	switch {
	case cancel != nil:
		cancel()
		return // who connects closes
	case c.conn == nil:
		return // it never was connected
	case unread:
		if t, ok := c.conn.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
	case writing:
		c.conn.SetReadDeadline(time.Unix(1, 0)) // ends the reader
		c.conn.SetWriteDeadline(time.Now().Add(lingering))
		return // the writer closes
	}
	c.conn.Close()
}

// errnoOf returns the system's error number of an error of package net.
func errnoOf(err error) error {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return normal(errno)
	case errors.Is(err, net.ErrClosed):
		return syscall.EBADF
	case errors.Is(err, io.ErrClosedPipe):
		return syscall.EPIPE
	}
	return syscall.EIO
}
