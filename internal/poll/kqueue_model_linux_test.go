package poll_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"eddy/internal/poll"
	"eddy/internal/polltest"
)

// modelQueue behaves as a BSD kernel's queue does, as far as Linux can tell: over real
// sockets, with one epoll descriptor for each filter. What it is told of a change is checked.
type modelQueue struct {
	t       *testing.T
	user    bool // it has a wake filter
	filters [2]modelFilter
	event   int // for the wake filter
}

type modelFilter struct {
	fd  int
	set map[int]poll.Trigger
}

func openModel(t *testing.T, user bool) (poll.Poller, error) {
	q := &modelQueue{t: t, user: user}
	for i := range q.filters {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return nil, err
		}
		q.filters[i] = modelFilter{fd: fd, set: make(map[int]poll.Trigger)}
	}
	var err error
	if q.event, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, err
	}
	return poll.NewQueuePoller(q)
}

func (q *modelQueue) Set(fd int, f poll.Filter, trigger poll.Trigger) error {
	if f == poll.WakeFilter {
		if !q.user {
			return unix.EINVAL
		}
		return nil
	}
	filter := &q.filters[f]
	was := filter.set[fd]
	if trigger == poll.Off {
		delete(filter.set, fd)
		return unix.EpollCtl(filter.fd, unix.EPOLL_CTL_DEL, fd, nil) // ENOENT: was off
	}
	if was != poll.Off {
		q.t.Errorf("filter %d of descriptor %d goes from %d to %d", f, fd, was, trigger)
	}
	ev := unix.EpollEvent{Fd: int32(fd), Events: unix.EPOLLIN | unix.EPOLLRDHUP}
	if f == poll.WriteFilter {
		ev.Events = unix.EPOLLOUT
	}
	if trigger == poll.Edge {
		ev.Events |= unix.EPOLLET
	}
	if err := unix.EpollCtl(filter.fd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return err
	}
	filter.set[fd] = trigger
	return nil
}

func (q *modelQueue) Wait(events []poll.QueueEvent, timeout time.Duration) (int, error) {
	fds := []unix.PollFd{{Fd: int32(q.event), Events: unix.POLLIN}}
	for _, f := range q.filters {
		fds = append(fds, unix.PollFd{Fd: int32(f.fd), Events: unix.POLLIN})
	}
	ms := -1
	if timeout >= 0 {
		ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	if _, err := unix.Poll(fds, ms); err != nil {
		return 0, err
	}
	n := 0
	if fds[0].Revents != 0 && n < len(events) {
		unix.Read(q.event, make([]byte, 8))
		events[n] = poll.QueueEvent{Filter: poll.WakeFilter}
		n++
	}
	for i, f := range q.filters {
		most := (len(events) - n) / (len(q.filters) - i)
		if most == 0 {
			continue
		}
		ready := make([]unix.EpollEvent, most)
		got, err := unix.EpollWait(f.fd, ready, 0)
		if err != nil && err != unix.EINTR {
			return 0, err
		}
		for _, ev := range ready[:max(got, 0)] {
			events[n] = modelEvent(poll.Filter(i), ev)
			n++
		}
	}
	return n, nil
}

func modelEvent(f poll.Filter, ev unix.EpollEvent) poll.QueueEvent {
	e := poll.QueueEvent{FD: int(ev.Fd), Filter: f, Failed: ev.Events&unix.EPOLLERR != 0}
	e.EOF = ev.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0
	if f == poll.ReadFilter {
		e.EOF = e.EOF || ev.Events&unix.EPOLLRDHUP != 0
	} else if info, err := unix.GetsockoptTCPInfo(e.FD, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
		// A direction that this side has closed counts as closed, too.
		const established, synSent, closeWait = 1, 2, 8
		s := info.State
		e.EOF = e.EOF || s != established && s != synSent && s != closeWait
	}
	return e
}

func (q *modelQueue) Trigger() error {
	_, err := unix.Write(q.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	return err
}

func (q *modelQueue) Close() error {
	for _, f := range q.filters {
		unix.Close(f.fd)
	}
	return unix.Close(q.event)
}

func TestKqueue_KeepsTheContractOverAModel(t *testing.T) {
	for name, user := range map[string]bool{"with a wake filter": true, "with a pipe": false} {
		t.Run(name, func(t *testing.T) {
			polltest.Run(t, polltest.Kind{
				Open:        func() (poll.Poller, error) { return openModel(t, user) },
				HoldsThread: true,
			})
		})
	}
}
