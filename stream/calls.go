package stream

import (
	"context"

	"eddy/loop"
)

// calls is what a stream needs while coroutines wait on it.
type calls struct {
	reader  *loop.Waiter
	readErr error // ends the read under way
	writers []writer
	maxRead int
	reading bool
}

// writer waits for the output to shrink to its mark.
type writer struct {
	w    *loop.Waiter
	mark int
}

func (c *calls) wakeReader() {
	if w := c.reader; w != nil {
		c.reader = nil
		w.Wake()
	}
}

func (c *calls) wakeWriters(pending int) {
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

func (c *calls) wakeAll() {
	c.wakeReader()
	c.wakeWriters(0)
}

func (s *Stream) callState() *calls {
	if s.calls == nil {
		s.calls = &calls{maxRead: DefaultMaxRead}
	}
	return s.calls
}

// SetMaxRead bounds what one ReadUntil, ReadUntilRegexp or ReadBytes collects.
func (s *Stream) SetMaxRead(n int) { s.callState().maxRead = n }

// WaitReadable parks until the stream has read more bytes into Unread, has come to its
// end (io.EOF), or was closed. The calling coroutine must hold the loop. It reads at once if
// the kernel has bytes; room is how many it would like.
func (s *Stream) WaitReadable(ctx context.Context, room int) error {
	for {
		err := s.fetch(room)
		if !isAgain(err) {
			return err
		}
		if err := s.awaitRead(ctx); err != nil {
			return err
		}
	}
}

func (s *Stream) awaitRead(ctx context.Context) error {
	c := s.callState()
	if c.reader != nil {
		return ErrReading
	}
	var w loop.Waiter
	w.Init(ctx)
	c.reader = &w
	s.setWant(s.want | readWant)
	err := w.Wait(ctx)
	if c.reader == &w {
		c.reader = nil
	}
	if err == nil {
		err, c.readErr = c.readErr, nil
	}
	return err
}

// Reading reports whether a read waits for bytes.
func (s *Stream) Reading() bool { return s.calls != nil && s.calls.reader != nil }

// InterruptRead makes the read under way fail with err, and does nothing if there is none.
func (s *Stream) InterruptRead(err error) {
	if c := s.calls; c != nil && c.reader != nil {
		c.readErr = err
		c.wakeReader()
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
	if s.flags&closed != 0 {
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
