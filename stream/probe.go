package stream

// Probe reports whether the stream is open and its peer has neither sent anything nor gone: it asks the
// kernel, as the loop may not have been told yet. It is for a connection at rest that is about to be used,
// and costs one system call. What it finds is there to be read, as always. On the loop.
func (s *Stream) Probe() bool {
	return s.flags&(closed|eof|hangup) == 0 && s.in == nil && isAgain(s.fetch(leastRoom))
}
