//go:build unix

package poll

import (
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// pollSet waits with poll(2), which every unix has. Each wait hands all descriptors to the
// system and looks at all of them afterwards, and holds a thread meanwhile.
type pollSet struct {
	files  files
	pipe   wakePipe
	hangup pollBits // the condition that the peer has stopped sending; 0: the system has none

	fds    []unix.PollFd // the pipe first
	watch  []watched     // of the same place in fds
	place  []int32       // by descriptor: its place in fds, 0: not watched
	next   int           // where the next search for events begins, so that all take turns
	closed bool
}

type watched struct {
	token uint64
	mode  Mode
}

func newPollSet() (Poller, error) { return openPollSet(pollHangup) }

func openPollSet(hangup pollBits) (*pollSet, error) {
	p := &pollSet{hangup: hangup}
	if err := p.pipe.open(); err != nil {
		return nil, fmt.Errorf("poll: pipe: %w", err)
	}
	p.fds = []unix.PollFd{{Fd: int32(p.pipe.r), Events: unix.POLLIN}}
	p.watch = make([]watched, 1)
	return p, nil
}

func (p *pollSet) placeOf(fd int) int {
	if fd < 0 || fd >= len(p.place) {
		return 0
	}
	return int(p.place[fd])
}

func (p *pollSet) Add(fd int, token uint64, m Mode) error {
	if p.placeOf(fd) != 0 {
		return unix.EEXIST
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
		return err
	}
	for fd >= len(p.place) {
		p.place = append(p.place, 0)
	}
	p.place[fd] = int32(len(p.fds))
	p.fds = append(p.fds, unix.PollFd{Fd: int32(fd)})
	p.watch = append(p.watch, watched{})
	return p.Modify(fd, token, m)
}

func (p *pollSet) Modify(fd int, token uint64, m Mode) error {
	i := p.placeOf(fd)
	if i == 0 {
		return unix.ENOENT
	}
	p.watch[i] = watched{token, m}
	var bits pollBits
	if m&Read != 0 {
		bits |= unix.POLLIN
	}
	if m&Write != 0 {
		bits |= unix.POLLOUT
	}
	if m&Hangup != 0 {
		bits |= p.hangup
	}
	p.fds[i].Events = bits
	return nil
}

// Remove fills the gap with the last descriptor.
func (p *pollSet) Remove(fd int) error {
	i := p.placeOf(fd)
	if i == 0 {
		return unix.ENOENT
	}
	last := len(p.fds) - 1
	p.fds[i], p.watch[i] = p.fds[last], p.watch[last]
	p.place[p.fds[i].Fd] = int32(i)
	p.place[fd] = 0
	p.fds, p.watch = p.fds[:last], p.watch[:last]
	return nil
}

func (p *pollSet) Wait(events []Event, until time.Time) (int, error) {
	n, err := unix.Poll(p.fds, milliseconds(until))
	switch {
	case err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("poll: poll: %w", err)
	case n > 0 && p.fds[0].Revents != 0:
		p.pipe.drain()
		n--
	}
	return p.collect(events, n), nil
}

// milliseconds returns how long poll(2) shall wait, rounded up: rounded down, it would be
// called again and again within the last millisecond.
func milliseconds(until time.Time) int {
	switch {
	case until.IsZero():
		return -1
	case until == DontWait:
		return 0
	}
	left := time.Until(until)
	if left <= 0 {
		return 0
	}
	return int(min((left+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
}

// collect translates up to ready events. It begins where the last one ended.
func (p *pollSet) collect(events []Event, ready int) int {
	n := 0
	for range len(p.fds) - 1 {
		if ready == 0 || n == len(events) {
			break
		}
		if p.next++; p.next >= len(p.fds) {
			p.next = 1
		}
		bits := p.fds[p.next].Revents
		if bits == 0 {
			continue
		}
		ready--
		if m := p.modeOf(p.next, bits); m != 0 {
			events[n] = Event{p.watch[p.next].token, m}
			n++
		}
	}
	return n
}

func (p *pollSet) modeOf(i int, bits pollBits) (m Mode) {
	asked := p.watch[i].mode
	if bits&unix.POLLIN != 0 {
		m |= Read
		if p.hangup == 0 && asked&Hangup != 0 && bits == unix.POLLIN && p.atEnd(i) {
			m |= Hangup
		}
	}
	if bits&unix.POLLOUT != 0 {
		m |= Write
	}
	if bits&p.hangup != 0 {
		m |= Hangup
	}
	if bits&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
		m |= Error | Read | Write | asked&Hangup
	}
	return m
}

// atEnd looks whether the next read will return the end, where the system cannot say so:
// a hangup is noticed there only while reading is waited for, and everything before
// it was read. Looking takes a pending error, so nobody looks if there may be one.
func (p *pollSet) atEnd(i int) bool {
	var b [1]byte
	n, _, err := unix.Recvfrom(int(p.fds[i].Fd), b[:], unix.MSG_PEEK)
	return n == 0 && err == nil
}

func (p *pollSet) Wake() error { return p.pipe.wake() }

func (p *pollSet) Files() Files { return &p.files }

func (p *pollSet) Close() error {
	if !p.closed {
		p.closed = true
		p.pipe.close()
	}
	return nil
}
