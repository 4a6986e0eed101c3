//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package poll

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// systemQueue is the kernel's kqueue.
type systemQueue struct {
	fd  int
	buf [queueBatch]unix.Kevent_t
}

func newKqueue() (Poller, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return nil, fmt.Errorf("poll: kqueue: %w", err)
	}
	unix.CloseOnExec(fd) // a queue is not inherited by a fork, so there is nothing to lock out
	return NewQueuePoller(&systemQueue{fd: fd})
}

func (q *systemQueue) Set(fd int, f Filter, t Trigger) error {
	if f == WakeFilter {
		return q.setWake()
	}
	filter := unix.EVFILT_READ
	if f == WriteFilter {
		filter = unix.EVFILT_WRITE
	}
	flags := unix.EV_ADD
	switch t {
	case Off:
		flags = unix.EV_DELETE
	case Edge:
		flags |= unix.EV_CLEAR
	}
	var change unix.Kevent_t
	unix.SetKevent(&change, fd, filter, flags)
	return q.change(change)
}

func (q *systemQueue) change(c unix.Kevent_t) error {
	_, err := unix.Kevent(q.fd, []unix.Kevent_t{c}, nil, nil)
	if err == unix.EINTR { // the change has been made all the same
		return nil
	}
	return err
}

func (q *systemQueue) Wait(events []QueueEvent, timeout time.Duration) (int, error) {
	var limit *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		limit = &ts
	}
	n, err := unix.Kevent(q.fd, nil, q.buf[:len(events)], limit)
	if err != nil {
		return 0, err
	}
	for i := range n {
		events[i] = q.event(&q.buf[i])
	}
	return n, nil
}

func (q *systemQueue) event(k *unix.Kevent_t) QueueEvent {
	eof := k.Flags&unix.EV_EOF != 0
	ev := QueueEvent{FD: int(k.Ident), EOF: eof, Failed: eof && k.Fflags != 0}
	switch k.Filter {
	case unix.EVFILT_READ:
	case unix.EVFILT_WRITE:
		ev.Filter = WriteFilter
	default:
		ev.Filter = WakeFilter
	}
	return ev
}

func (q *systemQueue) Close() error { return unix.Close(q.fd) }
