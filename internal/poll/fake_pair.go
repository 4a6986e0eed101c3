package poll

import (
	"math"
	"syscall"
)

// pairRoom is how many bytes fit between the two ends of a pair.
const pairRoom = 64 << 10

// Pair connects two descriptors of the loop with each other.
func (f *fakeFiles) Pair() (a, b int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, q := (*Fake)(f).open(), (*Fake)(f).open()
	p.mate, q.mate = q, p
	return p.fd, q.fd, nil
}

// SetNoDelay does nothing: what is in memory is not delayed.
func (f *fakeFiles) SetNoDelay(fd int, _ bool) error { return f.Error(fd) }

// space returns how many bytes the loop may write now.
func (p *Peer) space() int {
	n := math.MaxInt
	if p.room >= 0 {
		n = p.room
	}
	if p.mate != nil {
		n = min(n, pairRoom-len(p.mate.toLoop))
	}
	return n
}

// closeMate tells the other end of a pair that this one was closed: with unread bytes that
// is a reset, as of a socket.
func (p *Peer) closeMate() {
	if p.mate == nil {
		return
	}
	p.mate.peerClosed = true
	if len(p.toLoop) > 0 {
		p.mate.failure, p.mate.toLoop = syscall.ECONNRESET, nil
	}
}
