package poll

import (
	"bytes"
	"io"
	"net"
	"syscall"
)

// Peer is the test's end of a socket in memory. By its methods a test sends and receives,
// and makes the loop's end meet faults. They may be called from any goroutine.
type Peer struct {
	fake *Fake
	fd   int

	toLoop     []byte // sent by the peer, not read by the loop yet
	fromLoop   []byte // written by the loop
	peerClosed bool   // the peer sends no more
	loopClosed bool   // the loop has closed the descriptor
	loopEnded  bool   // the loop sends no more
	failure    error  // a reset: every call fails
	room       int    // how many bytes the loop may still write; negative: no limit
	readMost   int    // the most that one read returns; 0: no limit
	writeMost  int    // the most that one write takes; 0: no limit
	reads      int
	writes     int
	pending    []int // a listening socket's connections to accept
	acceptErr  error
	target     Target // what the loop connects to, if it does
	connecting bool   // neither Established nor Reset yet
	storm      int    // how many more reads and writes meet EAGAIN without cause
	mate       *Peer  // the other end, if that is the loop's, too: see Pair
}

// Socket opens a connected socket and returns the loop's descriptor and the peer's end.
func (f *Fake) Socket() (fd int, p *Peer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p = f.open()
	return p.fd, p
}

func (f *Fake) open() *Peer {
	f.lastFD++
	p := &Peer{fake: f, fd: f.lastFD, room: -1}
	f.sockets[p.fd] = p
	return p
}

// Listener opens a listening socket.
func (f *Fake) Listener() (fd int, p *Peer) { return f.Socket() }

// Connect makes a new connection wait at a listening socket and returns its far end.
func (p *Peer) Connect() *Peer {
	var far *Peer
	p.change(func() {
		far = p.fake.open()
		p.pending = append(p.pending, far.fd)
	})
	return far
}

// Fake returns the poller that the socket belongs to.
func (p *Peer) Fake() *Fake { return p.fake }

func (p *Peer) change(f func()) {
	p.fake.mu.Lock()
	f()
	p.fake.mu.Unlock()
	p.fake.changed()
}

// Send makes bytes readable for the loop.
func (p *Peer) Send(s string) { p.change(func() { p.toLoop = append(p.toLoop, s...) }) }

// CloseWrite lets the loop read end of file after what was sent.
func (p *Peer) CloseWrite() { p.change(func() { p.peerClosed = true }) }

// Reset makes every further call of the loop fail, and drops what it has not read.
func (p *Peer) Reset(err syscall.Errno) {
	p.change(func() { p.failure, p.toLoop = err, nil })
}

// SetRoom lets the loop write n more bytes and then meet EAGAIN; negative: no limit.
func (p *Peer) SetRoom(n int) { p.change(func() { p.room = n }) }

// SetMost bounds what one read returns and one write takes; 0: no limit.
func (p *Peer) SetMost(read, write int) {
	p.change(func() { p.readMost, p.writeMost = read, write })
}

// SetStorm makes the loop's next n reads and writes meet EAGAIN, although the socket may be
// reported as ready.
func (p *Peer) SetStorm(n int) { p.change(func() { p.storm = n }) }

// SetAcceptError makes Accept on a listening socket fail until it is set to nil.
func (p *Peer) SetAcceptError(err error) { p.change(func() { p.acceptErr = err }) }

// Take returns what the loop has written since the last call.
func (p *Peer) Take() string {
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	s := string(p.fromLoop)
	p.fromLoop = nil
	return s
}

// Unread returns how many bytes the loop has not read yet.
func (p *Peer) Unread() int {
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	return len(p.toLoop)
}

// Calls returns how often the loop has read and written so far.
func (p *Peer) Calls() (reads, writes int) {
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	return p.reads, p.writes
}

// Closed reports whether the loop has closed its end, or has said that it sends no more.
func (p *Peer) Closed() (closed, sendsNoMore bool) {
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	return p.loopClosed, p.loopEnded || p.loopClosed
}

func (p *Peer) ready() (m Mode) {
	if p.connecting && p.failure == nil {
		return 0
	}
	if len(p.toLoop) > 0 || p.peerClosed || len(p.pending) > 0 || p.acceptErr != nil {
		m |= Read
	}
	if p.space() > 0 || p.mate != nil && p.mate.loopClosed {
		m |= Write
	}
	if p.peerClosed {
		m |= Hangup
	}
	if p.failure != nil || p.peerClosed && (p.loopEnded || p.mate != nil && p.mate.loopClosed) {
		m |= Error
	}
	return m
}

// fakeFiles is the loop's side.
type fakeFiles Fake

func (f *fakeFiles) with(fd int, do func(p *Peer) (int, error)) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.sockets[fd]
	switch {
	case p == nil:
		return 0, syscall.EBADF
	case p.failure != nil:
		return 0, p.failure
	case p.connecting:
		return 0, syscall.EAGAIN
	}
	return do(p)
}

func limit(n, most int) int {
	if most > 0 && n > most {
		return most
	}
	return n
}

func (f *fakeFiles) Read(fd int, b []byte) (int, error) {
	return f.with(fd, func(p *Peer) (int, error) {
		p.reads++
		if p.storm > 0 {
			p.storm--
			return 0, syscall.EAGAIN
		}
		if len(p.toLoop) == 0 {
			if p.peerClosed {
				return 0, nil
			}
			return 0, syscall.EAGAIN
		}
		n := copy(b[:limit(len(b), p.readMost)], p.toLoop)
		p.toLoop = p.toLoop[n:]
		return n, nil
	})
}

func (f *fakeFiles) Write(fd int, b []byte) (int, error) {
	return f.with(fd, func(p *Peer) (int, error) {
		p.writes++
		if p.storm > 0 {
			p.storm--
			return 0, syscall.EAGAIN
		}
		if p.loopEnded || p.mate != nil && p.mate.loopClosed {
			return 0, syscall.EPIPE
		}
		n := min(limit(len(b), p.writeMost), p.space())
		if n == 0 && len(b) > 0 {
			return 0, syscall.EAGAIN
		}
		if p.room >= 0 {
			p.room -= n
		}
		if p.mate != nil {
			p.mate.toLoop = append(p.mate.toLoop, b[:n]...)
		} else {
			p.fromLoop = append(p.fromLoop, b[:n]...)
		}
		return n, nil
	})
}

func (f *fakeFiles) Writev(fd int, pieces [][]byte) (int, error) {
	return f.Write(fd, bytes.Join(pieces, nil))
}

func (f *fakeFiles) SendFile(fd int, file File, offset int64, n int) (int, error) {
	return copyFile(f, fd, file, offset, n)
}

func (f *fakeFiles) Accept(fd int) (int, error) {
	return f.with(fd, func(p *Peer) (int, error) {
		if p.acceptErr != nil {
			return -1, p.acceptErr
		}
		if len(p.pending) == 0 {
			return -1, syscall.EAGAIN
		}
		nfd := p.pending[0]
		p.pending = p.pending[1:]
		return nfd, nil
	})
}

func (f *fakeFiles) CloseWrite(fd int) error {
	_, err := f.with(fd, func(p *Peer) (int, error) {
		p.loopEnded = true
		if p.mate != nil {
			p.mate.peerClosed = true
		}
		return 0, nil
	})
	return err
}

func (f *fakeFiles) Error(fd int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.sockets[fd]; p != nil {
		return p.failure
	}
	return syscall.EBADF
}

func (f *fakeFiles) Close(fd int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.sockets[fd]
	if p == nil {
		return syscall.EBADF
	}
	p.loopClosed = true
	p.closeMate()
	delete(f.sockets, fd)
	delete(f.watched, fd)
	return nil
}

// Adopt fails: nothing of package net is in memory only.
func (f *fakeFiles) Adopt(c io.Closer) (int, error) {
	c.Close()
	return -1, errNoDescriptor
}

// Release fails, likewise.
func (f *fakeFiles) Release(fd int) (net.Conn, error) {
	f.Close(fd)
	return nil, errNoDescriptor
}
