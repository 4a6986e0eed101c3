package stream

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"eddy/loop"
)

const (
	// HighWater is how many bytes may wait for the peer before Write parks.
	HighWater = 128 << 10
	// LowWater is how many are left when it goes on.
	LowWater = 32 << 10
	// DefaultMaxRead bounds what one ReadUntil or ReadBytes collects.
	DefaultMaxRead = 1 << 20
	// DefaultMaxWrite bounds what waits for the peer in all.
	DefaultMaxWrite = 64 << 20
)

var (
	// ErrClosed is returned by reads and writes after the stream was closed. If something
	// had gone wrong, the error is that, too (errors.Is).
	ErrClosed = errors.New("stream: closed")
	// ErrReading is returned by a read while another one is under way.
	ErrReading = errors.New("stream: already reading")
	// ErrTooLong is returned when a read cannot be satisfied within its limit. The stream
	// is closed: what follows in it could not be told from what came before.
	ErrTooLong = errors.New("stream: read limit exceeded")
	// ErrPanicked is what a stream is closed with when its sink has panicked.
	ErrPanicked = errors.New("stream: panic while an event was handled")
)

// Sink is engine code behind a stream. It is called on the loop.
type Sink interface {
	// StreamReadable is called when there are unread bytes, or no more will come
	// (Stream.EOF). What the sink does not Discard stays, and is not reported again before more bytes
	// have come.
	StreamReadable()
	// StreamHangup is called once if the peer stops sending while reading is paused.
	StreamHangup()
	// StreamBlocked is called when the kernel takes no more output, because the peer does
	// not read.
	StreamBlocked()
	// StreamFlushed is called when output that had to wait for the peer was handed to the
	// kernel to its last byte.
	StreamFlushed()
	// StreamDeadline is called when the deadline set by SetDeadline has passed.
	StreamDeadline()
	// StreamClosed is called once, when the descriptor has been closed: with nil if this
	// side did it in order, and else with what went wrong.
	StreamClosed(err error)
}

type flags uint16

const (
	paused   flags = 1 << iota // the sink wants no bytes now
	eof                        // the peer sends no more, and everything was read
	hangup                     // the peer sends no more, something may be unread
	dirty                      // will be flushed before the loop sleeps
	closing                    // close when everything is written
	ending                     // stop sending when everything is written
	ended                      // has stopped sending
	draining                   // after ended: read and drop until the peer closes
	closed
	file   // no socket: see FromFile
	broken // a write has failed, for the reason in err: the next flush closes
)

// Stream is a buffered descriptor on a loop. Its zero value becomes usable by Init.
//
// An idle stream has no buffers: in and out are nil unless they hold bytes.
type Stream struct {
	loop  *loop.Loop
	sink  Sink
	id    loop.ID
	in    *loop.Buffer
	out   *loop.Buffer
	calls *calls
	tls   *secure // nil: plain
	err   error
	fd    int32
	flags flags
	want  loop.Ready
}

// New makes a stream of a non-blocking descriptor, which it owns from then on: also when
// it fails. Call it on the loop.
func New(l *loop.Loop, fd int) (*Stream, error) {
	s := new(Stream)
	return s, s.Init(l, fd, nil)
}

// Init is New for a Stream that is part of a larger struct, with a sink or without (nil).
func (s *Stream) Init(l *loop.Loop, fd int, sink Sink) error {
	*s = Stream{loop: l, sink: sink, fd: int32(fd), want: loop.Read | loop.Hangup}
	id, err := l.AddHandler(fd, s, s.want)
	if err != nil {
		l.Files().Close(fd)
		s.flags = closed
		return fmt.Errorf("stream: %w", err)
	}
	s.id = id
	return nil
}

// Loop returns the loop that the stream belongs to. Any goroutine.
func (s *Stream) Loop() *loop.Loop { return s.loop }

// FD returns the descriptor. It stays the stream's.
func (s *Stream) FD() int { return int(s.fd) }

// Closed reports whether the descriptor has been closed.
func (s *Stream) Closed() bool { return s.flags&closed != 0 }

// Err returns why the stream was closed, nil if it is open or was closed in order.
func (s *Stream) Err() error { return s.err }

// EOF reports whether the peer has stopped sending and everything it sent was read from
// the kernel. Unread may still return the last of it.
func (s *Stream) EOF() bool { return s.flags&eof != 0 }

// HungUp reports whether the peer has stopped sending; something may be unread.
func (s *Stream) HungUp() bool { return s.flags&hangup != 0 }

// Neglected reports whether bytes have come that nobody has read from the kernel.
func (s *Stream) Neglected() bool { return s.want&loop.Read == 0 && s.flags&eof == 0 }

// SetDeadline makes the sink's StreamDeadline be called after d, to a tenth of a second.
// Zero clears it. There is one deadline: setting it replaces the former.
func (s *Stream) SetDeadline(d time.Duration) { s.loop.SetDeadline(s.id, d) }

// Sink returns the sink that was given to Init.
func (s *Stream) Sink() Sink { return s.sink }

func (s *Stream) setWant(want loop.Ready) {
	if want != s.want && s.flags&closed == 0 {
		s.want = want
		if err := s.loop.UpdateHandler(s.id, want); err != nil {
			s.close(err)
		}
	}
}

// HandleReady implements loop.Handler.
func (s *Stream) HandleReady(ready loop.Ready) {
	if s.flags&file != 0 {
		ready = s.fileReady(ready)
	}
	if ready&loop.Write != 0 && s.Pending() > 0 {
		s.flush()
	}
	if s.flags&closed == 0 && ready&(loop.Read|loop.Hangup|loop.Error) != 0 {
		s.readable(ready)
	}
}

// HandleDeadline implements loop.Handler.
func (s *Stream) HandleDeadline() {
	switch {
	case s.flags&draining != 0 && s.flags&ended != 0:
		s.close(nil)
	case s.sink != nil:
		s.sink.StreamDeadline()
	}
}

// HandleLoopClose implements loop.Handler.
func (s *Stream) HandleLoopClose() {
	if s.loop.Closed() {
		s.close(loop.ErrClosed)
	} else {
		s.close(ErrPanicked)
	}
}

func isAgain(err error) bool { return err == syscall.EAGAIN }
