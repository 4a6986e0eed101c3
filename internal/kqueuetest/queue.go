//go:build libkqueue

package kqueuetest

/*
#cgo pkg-config: libkqueue
#include <sys/types.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>
#include <errno.h>

static int change(int kq, int fd, int filter, int flags, unsigned fflags) {
	struct kevent k;
	EV_SET(&k, fd, filter, flags, fflags, 0, NULL);
	return kevent(kq, &k, 1, NULL, 0, NULL);
}

static int wait_for(int kq, struct kevent *events, int n, long long nanoseconds) {
	struct timespec ts = { nanoseconds / 1000000000, nanoseconds % 1000000000 };
	return kevent(kq, NULL, 0, events, n, nanoseconds < 0 ? NULL : &ts);
}
*/
import "C"

import (
	"syscall"
	"time"

	"eddy/internal/poll"
)

// queue is libkqueue's kqueue.
type queue struct {
	fd   C.int
	user bool // use the user filter
	buf  [256]C.struct_kevent
}

func open(user bool) (poll.Poller, error) {
	fd, err := C.kqueue()
	if fd < 0 {
		return nil, err
	}
	syscall.CloseOnExec(int(fd))
	return poll.NewQueuePoller(&queue{fd: fd, user: user})
}

func (q *queue) Set(fd int, f poll.Filter, t poll.Trigger) error {
	filter := C.int(C.EVFILT_READ)
	switch f {
	case poll.WriteFilter:
		filter = C.EVFILT_WRITE
	case poll.WakeFilter:
		if !q.user {
			return syscall.ENOTSUP
		}
		filter = C.EVFILT_USER
	}
	flags := C.int(C.EV_ADD)
	switch t {
	case poll.Off:
		flags = C.EV_DELETE
	case poll.Edge:
		flags |= C.EV_CLEAR
	}
	return q.change(C.int(fd), filter, flags, 0)
}

func (q *queue) change(fd, filter, flags C.int, fflags C.uint) error {
	if n, err := C.change(q.fd, fd, filter, flags, fflags); n < 0 {
		return err
	}
	return nil
}

func (q *queue) Wait(events []poll.QueueEvent, timeout time.Duration) (int, error) {
	n, err := C.wait_for(q.fd, &q.buf[0], C.int(len(events)), C.longlong(timeout))
	if n < 0 {
		return 0, err
	}
	for i := range int(n) {
		k := &q.buf[i]
		eof := k.flags&C.EV_EOF != 0
		events[i] = poll.QueueEvent{FD: int(k.ident), EOF: eof, Failed: eof && k.fflags != 0}
		switch k.filter {
		case C.EVFILT_WRITE:
			events[i].Filter = poll.WriteFilter
		case C.EVFILT_USER:
			events[i].Filter = poll.WakeFilter
		}
	}
	return int(n), nil
}

func (q *queue) Trigger() error { return q.change(0, C.EVFILT_USER, 0, C.NOTE_TRIGGER) }

func (q *queue) Close() error {
	_, err := C.close(q.fd)
	return err
}
