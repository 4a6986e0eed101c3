package stream

import (
	"context"
	"time"

	"eddy/loop"
)

// calls is what a stream needs once coroutines wait on it.
type calls struct {
	reader  *waitingRead
	writers []writer
	extras  *extras
	ahead   *backlog // nil: all output is in Stream.out
	share   int32    // what is left of fairShare
	reading bool
}

// waitingRead is a read that has parked, and stays known until it goes on: so that one who comes to the
// stream when it has been woken does not take it for gone.
type waitingRead struct {
	loop.Waiter
	err   error // that it was interrupted with
	woken bool
}

// extras is what few of those streams need.
type extras struct {
	hangup   []*loop.Waiter
	written  []written
	queued   int64     // bytes given to the output since this was made; less Pending: handed to the kernel
	progress int64     // of those, what TakeProgress has returned
	due      time.Time // what SetOutputDue has noted
	onClose  func(error)
	maxRead  int
	maxWrite int
}

// writer waits for the output to shrink to its mark.
type writer struct {
	w    *loop.Waiter
	mark int
}

func (s *Stream) callState() *calls {
	if s.calls == nil {
		s.calls = &calls{share: fairShare}
	}
	return s.calls
}

func (s *Stream) extraState() *extras {
	c := s.callState()
	if c.extras == nil {
		c.extras = &extras{queued: int64(s.Pending()), maxRead: DefaultMaxRead, maxWrite: DefaultMaxWrite}
	}
	return c.extras
}

// limits returns MaxRead and MaxWrite.
func (c *calls) limits() (maxRead, maxWrite int) {
	if c.extras == nil {
		return DefaultMaxRead, DefaultMaxWrite
	}
	return c.extras.maxRead, c.extras.maxWrite
}

func (c *calls) wakeReader() {
	if r := c.reader; r != nil {
		r.woken = true
		r.Wake()
	}
}

// wakeHangup is called when the peer has stopped sending.
func (c *calls) wakeHangup() {
	if c == nil || c.extras == nil {
		return
	}
	for _, w := range c.extras.hangup {
		w.Wake()
	}
	c.extras.hangup = nil
}

// wakeWriters is called when the output has shrunk.
func (c *calls) wakeWriters(pending int) {
	if x := c.extras; x != nil {
		x.resolve(x.queued - int64(pending))
	}
	kept := c.writers[:0]
	for _, w := range c.writers {
		if pending <= w.mark {
			w.w.Wake()
		} else {
			kept = append(kept, w)
		}
	}
	clear(c.writers[len(kept):])
	c.writers = kept
}

// fail ends all waits of a stream that is closed with so much output left.
func (c *calls) fail(pending int, err error) {
	c.failWrites(pending, err)
	c.wakeReader()
	c.wakeHangup()
}

// failWrites ends the waits for output of which so much is lost.
func (c *calls) failWrites(pending int, err error) {
	c.wakeWriters(pending)
	if c.extras != nil {
		c.extras.reject(err)
	}
	c.wakeWriters(0)
}

// WaitReadable parks until the stream has read more bytes into Unread, has come to its
// end (io.EOF), or was closed. The calling coroutine must hold the loop. It reads at once if
// the kernel has bytes; room is how many it would like.
func (s *Stream) WaitReadable(ctx context.Context, room int) error {
	return s.more(ctx, room, 1)
}

// more reads until there are so many bytes more, or some and the kernel has no others now.
func (s *Stream) more(ctx context.Context, room, least int) error {
	c := s.callState()
	for before := len(s.Unread()); ; {
		had := len(s.Unread())
		err := s.fetch(room)
		switch {
		case err == nil:
			if err := s.chargeRead(ctx, len(s.Unread())-had); err != nil {
				return err
			}
			if len(s.Unread())-before >= least { // it may have been closed meanwhile
				return nil
			}
		case len(s.Unread()) > before:
			return nil // the error comes again
		case !isAgain(err):
			return err
		default:
			c.share = fairShare
			if err := s.awaitRead(ctx); err != nil {
				return err
			}
		}
	}
}

// awaitRead parks until there may be something to read.
func (s *Stream) awaitRead(ctx context.Context) error {
	return s.parkReader(ctx, func(*loop.Waiter) bool {
		s.setWant(s.want | readWant)
		return true
	})
}

// parkReader parks the reader if arm says so, until it is woken or interrupted.
func (s *Stream) parkReader(ctx context.Context, arm func(*loop.Waiter) bool) error {
	c := s.callState()
	if c.reader != nil {
		return ErrReading
	}
	var r waitingRead
	r.Init(ctx)
	c.reader = &r
	var err error
	if arm(&r.Waiter) {
		err = r.Wait(ctx)
	}
	if c.reader == &r {
		c.reader = nil
	}
	if r.err != nil {
		return r.err
	}
	return err
}

// Reading reports whether a read waits for bytes, or was woken and has not gone on yet.
func (s *Stream) Reading() bool { return s.calls != nil && s.calls.reader != nil }

// InterruptRead makes the read under way fail with err, and does nothing if there is none. The read
// does not touch the stream any more, on which another one may begin.
func (s *Stream) InterruptRead(err error) {
	if s.Reading() {
		s.calls.reader.err = err
		s.calls.wakeReader()
		s.calls.reader = nil
	}
}

// WaitWritten parks until at most mark bytes wait to be handed to the kernel. The calling
// coroutine must hold the loop.
func (s *Stream) WaitWritten(ctx context.Context, mark int) error {
	for s.Pending() > mark {
		c := s.callState()
		var w loop.Waiter
		w.Init(ctx)
		c.writers = append(c.writers, writer{&w, mark})
		if err := w.Wait(ctx); err != nil {
			c.leave(&w)
			return err
		}
	}
	if s.flags&closed != 0 || s.err != nil { // it is gone, but not by being written
		return s.closedErr()
	}
	return nil
}

func (c *calls) leave(w *loop.Waiter) {
	for i := range c.writers {
		if c.writers[i].w == w {
			c.writers = append(c.writers[:i], c.writers[i+1:]...)
			return
		}
	}
}
