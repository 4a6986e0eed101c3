package stream

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"eddy/loop"
)

// FromFile makes a stream of a pipe, a terminal or another file that can be waited for, such
// as an end of a child process's standard input or output, which most often has one
// direction only: of one that only reads, writes fail with [ErrClosed], and the other way
// round, reads return io.EOF. f is used up, also when FromFile fails; its stream has a
// descriptor of its own. What shares the open file with f, as other processes may that
// inherited it, finds it non-blocking. Call it on the loop.
//
// A pipe has no half-close: CloseWrite closes it. When the last reader of a pipe has gone,
// its stream is closed with EPIPE, also if nothing is being written. When the last writer
// has gone, what is left in it is read at once, and the descriptor closed; reads find the rest
// and then io.EOF.
//
// Regular files are always ready, and cannot be waited for: they are refused. So is every
// file on the net poller, with an error that is errors.ErrUnsupported.
func FromFile(l *loop.Loop, f *os.File) (*Stream, error) {
	name := f.Name()
	fl, err := fileFlags(f)
	if err == nil {
		fd, e := l.Files().Adopt(f) // closes f
		if err = e; err == nil {
			return openFile(l, fd, fl, name)
		}
	}
	f.Close()
	return nil, fmt.Errorf("stream: %s: %w", name, err)
}

func openFile(l *loop.Loop, fd int, fl flags, name string) (*Stream, error) {
	s, err := New(l, fd)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, name)
	}
	s.flags |= fl
	return s, nil
}

var errRegular = errors.New("a regular file or directory is always ready: read it in a goroutine")

// fileFlags returns what is special about a file that is no socket.
func fileFlags(f *os.File) (flags, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return 0, err
	case info.Mode().IsRegular() || info.IsDir():
		return 0, errRegular
	case info.Mode()&os.ModeSocket != 0:
		return 0, nil
	}
	reads, writes, err := directions(f)
	fl := file
	if !reads {
		fl |= eof
	}
	if !writes {
		fl |= ending | ended
	}
	return fl, err
}

// fileReady deals with what a poller says of a file whose other end is gone: it would say so
// for ever. Most call it an error, and a kqueue also a hangup. What is left for HandleReady is
// returned.
func (s *Stream) fileReady(ready loop.Ready) loop.Ready {
	if ready&(loop.Error|loop.Hangup) == 0 {
		return ready
	}
	switch {
	case !s.takeRest(): // a named pipe that was opened again
		return ready &^ loop.Error
	case s.flags&ended != 0:
		s.close(nil)
	default:
		s.close(syscall.EPIPE)
	}
	return 0
}
