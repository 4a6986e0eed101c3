//go:build unix

package poll

import (
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// wakePipe makes a descriptor readable from another goroutine. At most one byte is in it,
// so that any number of wake-ups cost one write and one read.
type wakePipe struct {
	r, w    int
	pending atomic.Bool
}

func (p *wakePipe) open() error {
	var fds [2]int
	syscall.ForkLock.RLock()
	err := unix.Pipe(fds[:])
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return err
	}
	p.r, p.w = fds[0], fds[1]
	for _, fd := range fds {
		if err := unix.SetNonblock(fd, true); err != nil {
			p.close()
			return err
		}
	}
	return nil
}

func (p *wakePipe) wake() error {
	if p.pending.Swap(true) {
		return nil
	}
	for {
		_, err := unix.Write(p.w, []byte{0})
		if err != unix.EINTR {
			return err
		}
	}
}

// drain empties the pipe. The mark is taken back last: a wake-up that comes before that
// means the wait that is about to return anyway.
func (p *wakePipe) drain() {
	var b [1]byte
	for {
		if _, err := unix.Read(p.r, b[:]); err != unix.EINTR {
			break
		}
	}
	p.pending.Store(false)
}

func (p *wakePipe) close() {
	unix.Close(p.r)
	unix.Close(p.w)
}
