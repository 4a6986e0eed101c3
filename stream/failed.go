package stream

import "syscall"

// failed closes a stream of which the kernel says that it has failed, or that both
// directions have ended: nothing is wrong then, but for output that finds nobody. What is
// unread is kept for coroutines: those of a stream whose sink does not read.
func (s *Stream) failed() {
	err := s.loop.Files().Error(int(s.fd))
	if err == nil {
		if s.sink == nil || s.flags&paused != 0 {
			s.takeRest()
		}
		if s.flags&ended == 0 {
			err = syscall.EPIPE
		}
	}
	s.close(err)
}

// takeRest reads what the kernel holds of a stream whose two directions have ended, or of a
// pipe whose writers have gone: a poller would tell of such a one for ever. It reports whether
// that was all.
func (s *Stream) takeRest() bool {
	for {
		if err := s.fetch(leastRoom); err != nil {
			return !isAgain(err)
		}
	}
}
