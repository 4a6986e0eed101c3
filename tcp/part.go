package tcp

import "eddy/loop"

// Part counts a connection out that somebody else looks after from now on, open as it is:
// [Spreader.Wait] does not wait for it. It keeps its place among MaxConnections until
// [Spreader.Parted] is called, once. stays says whether it stays on l and is a part of that
// loop's load.
func (s *Spreader) Part(l *loop.Loop, stays bool) {
	if !stays {
		l.AddLoad(-1)
	}
	if s.count.Add(-1) == 0 && s.stopped.Load() {
		s.settle()
	}
}

// Parted gives up the place of a connection that was parted with, when it has been closed. l is
// the loop that it stayed on, nil if it left it.
func (s *Spreader) Parted(l *loop.Loop) {
	if l != nil {
		l.AddLoad(-1)
	}
	s.leave()
}

// Bounded reports whether there is a bound on connections, so that places matter.
func (s *Spreader) Bounded() bool { return s.options.MaxConnections > 0 }
