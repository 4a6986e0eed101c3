package poll

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wakeToken marks the events of the descriptor behind Wake. No caller's token has it:
// they hold a slot number below.
const wakeToken = 1<<64 - 1

// batch is how many events one system call fetches: enough to spread its cost, little
// enough that the first handler does not wait long.
const batch = 256

// epoll waits inside Go's own network poller: the epoll descriptor is itself registered
// with the runtime, so that the loop's goroutine parks like any other. No thread sits in
// epoll_wait, and no processor is held by an idle loop.
type epoll struct {
	file   *os.File // keeps the descriptor open and registered
	conn   syscall.RawConn
	fd     int
	wakeFD int
	files  files

	events   [batch]unix.EpollEvent
	most     int // of them to fetch: epoll takes turns only with those it has handed out
	n        int
	errno    syscall.Errno
	deadline time.Time // what file's read deadline is set to
	expired  bool      // the deadline has passed: a read would fail at once
	poll     func(uintptr) bool
	asked    int // how often the present wait has asked epoll: more than once if it parked
	streak   int // waits without a park
}

func newEpoll() (Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("poll: epoll_create1: %w", err)
	}
	// os.NewFile registers only descriptors that are already non-blocking.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("poll: non-blocking epoll: %w", err)
	}
	e := &epoll{file: os.NewFile(uintptr(fd), "epoll"), fd: fd, wakeFD: -1}
	e.poll = func(uintptr) bool {
		e.asked++
		e.fetch()
		return e.n != 0 || e.errno != 0
	}
	if e.conn, err = e.file.SyscallConn(); err != nil {
		e.Close()
		return nil, fmt.Errorf("poll: epoll in the runtime's poller: %w", err)
	}
	if e.wakeFD, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		e.Close()
		return nil, fmt.Errorf("poll: eventfd: %w", err)
	}
	// Edge-triggered: each write is a new edge, so the counter need not be read.
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
	setToken(&ev, wakeToken)
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, e.wakeFD, &ev); err != nil {
		e.Close()
		return nil, fmt.Errorf("poll: eventfd in epoll: %w", err)
	}
	return e, nil
}

func setToken(ev *unix.EpollEvent, token uint64) {
	ev.Fd, ev.Pad = int32(uint32(token)), int32(uint32(token>>32))
}

func (e *epoll) ctl(op, fd int, token uint64, m Mode) error {
	var ev unix.EpollEvent
	if m&Read != 0 {
		ev.Events |= unix.EPOLLIN
	}
	if m&Write != 0 {
		ev.Events |= unix.EPOLLOUT
	}
	if m&Hangup != 0 {
		ev.Events |= unix.EPOLLRDHUP
	}
	setToken(&ev, token)
	return unix.EpollCtl(e.fd, op, fd, &ev)
}

func (e *epoll) Add(fd int, token uint64, m Mode) error {
	return e.ctl(unix.EPOLL_CTL_ADD, fd, token, m)
}

func (e *epoll) Modify(fd int, token uint64, m Mode) error {
	return e.ctl(unix.EPOLL_CTL_MOD, fd, token, m)
}

func (e *epoll) Remove(fd int) error {
	return e.ctl(unix.EPOLL_CTL_DEL, fd, 0, 0)
}

// fetch asks epoll without waiting. A raw system call is right because it cannot block:
// the scheduler need not be told.
func (e *epoll) fetch() {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.fd),
		uintptr(unsafe.Pointer(&e.events[0])), uintptr(e.most), 0, 0, 0)
	e.n, e.errno = int(n), 0
	if errno != 0 {
		e.n = 0
		if errno != unix.EINTR {
			e.errno = errno
		}
	}
}

func (e *epoll) Wait(events []Event, until time.Time) (int, error) {
	e.most = min(batch, len(events))
	if until == DontWait {
		e.fetch()
	} else if err := e.park(until); err != nil {
		return 0, err
	}
	if e.errno != 0 {
		return 0, fmt.Errorf("poll: epoll_pwait: %w", e.errno)
	}
	e.attend()
	return e.copyOut(events), nil
}

const (
	attendAfter = 4
	attendEvery = 64
)

// attend sees to it that somebody waits in the runtime's poller while this loop is busy.
// The thread that did may be the one that runs the loop now, and the runtime sends
// another one only when a goroutine becomes ready. Until then, or for the 10 ms that its background
// thread takes to look, other loops and sockets would be ready without anybody's notice. So a
// goroutine is made ready, for nothing.
func (e *epoll) attend() {
	if e.asked > 1 {
		e.streak = 0
	} else if e.streak++; e.streak%attendEvery == attendAfter {
		go func() {}()
	}
	e.asked = 0
}

// park waits in the runtime's poller. Moving the deadline costs more than a system call,
// so a deadline that lies too early stays: it makes one Wait return early, no more.
func (e *epoll) park(until time.Time) error {
	if e.expired || !until.IsZero() && (e.deadline.IsZero() || until.Before(e.deadline)) {
		if err := e.file.SetReadDeadline(until); err != nil {
			return fmt.Errorf("poll: deadline: %w", err)
		}
		e.deadline, e.expired = until, false
	}
	e.n, e.errno = 0, 0
	if err := e.conn.Read(e.poll); err != nil {
		if !os.IsTimeout(err) {
			return fmt.Errorf("poll: wait: %w", err)
		}
		e.expired = true
		e.fetch()
	}
	return nil
}

// copyOut translates what was fetched.
func (e *epoll) copyOut(events []Event) int {
	n := 0
	for i := range e.n {
		ev := &e.events[i]
		token := uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32
		if token == wakeToken {
			continue
		}
		events[n] = Event{token, modeOf(ev.Events)}
		n++
	}
	return n
}

func modeOf(bits uint32) (m Mode) {
	if bits&unix.EPOLLIN != 0 {
		m |= Read
	}
	if bits&unix.EPOLLOUT != 0 {
		m |= Write
	}
	if bits&unix.EPOLLRDHUP != 0 {
		m |= Hangup
	}
	if bits&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		m |= Error | Read | Write
	}
	return m
}

func (e *epoll) Wake() error {
	one := [8]byte{1} // a counter in the machine's byte order; any non-zero value will do
	_, err := unix.Write(e.wakeFD, one[:])
	if err == unix.EAGAIN { // the counter is full: a wake-up is pending already
		return nil
	}
	return err
}

func (e *epoll) Files() Files { return &e.files }

func (e *epoll) Close() error {
	if e.wakeFD >= 0 {
		unix.Close(e.wakeFD)
		e.wakeFD = -1
	}
	if err := e.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
