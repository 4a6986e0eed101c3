//go:build darwin || dragonfly || freebsd

package poll

import "golang.org/x/sys/unix"

func (q *systemQueue) setWake() error {
	var c unix.Kevent_t
	unix.SetKevent(&c, 0, unix.EVFILT_USER, unix.EV_ADD|unix.EV_CLEAR)
	return q.change(c)
}

func (q *systemQueue) Trigger() error {
	var c unix.Kevent_t
	unix.SetKevent(&c, 0, unix.EVFILT_USER, 0)
	c.Fflags = unix.NOTE_TRIGGER
	return q.change(c)
}
