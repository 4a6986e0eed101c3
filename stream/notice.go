package stream

import (
	"context"
	"slices"

	"eddy/loop"
)

// OnClose makes f be called on the loop, once, after the stream was closed: with nil if this
// side did it in order, and else with what went wrong. Calls that waited on the stream have
// been woken before, and its sink was told. On a stream that is closed already f is called
// soon. There is one such function: setting it replaces the former, and nil removes it. A
// peer that only stops sending does not close the stream: see [Stream.WaitHangup].
func (s *Stream) OnClose(f func(err error)) {
	switch {
	case s.flags&closed == 0:
		s.extraState().onClose = f
	case f != nil:
		s.tellClosed(f)
	}
}

// takeOnClose returns the function that OnClose has set, for the one call of it.
func (c *calls) takeOnClose() (f func(error)) {
	if c != nil && c.extras != nil {
		f, c.extras.onClose = c.extras.onClose, nil
	}
	return f
}

// tellClosed calls f in a turn of its own, so that those who were woken come first.
func (s *Stream) tellClosed(f func(error)) {
	if f == nil {
		return
	}
	err := s.err
	if !s.loop.Post(func() { f(err) }) {
		f(err) // the loop is being closed
	}
}

// WaitHangup parks until the peer has stopped sending, though it may still be reading. What
// it sent may be unread, and stays so: nothing is read. It fails if the stream is closed
// before. It does not stand in the way of reads, and any number may wait. Any goroutine.
func (s *Stream) WaitHangup(ctx context.Context) error {
	return s.loop.Do(ctx, func(ctx context.Context) error {
		for s.flags&hangup == 0 {
			if s.flags&closed != 0 {
				return s.closedErr()
			}
			if err := s.awaitHangup(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Stream) awaitHangup(ctx context.Context) error {
	x := s.extraState()
	var w loop.Waiter
	w.Init(ctx)
	x.hangup = append(x.hangup, &w)
	err := w.Wait(ctx)
	if err != nil {
		if i := slices.Index(x.hangup, &w); i >= 0 {
			x.hangup = slices.Delete(x.hangup, i, i+1)
		}
	}
	return err
}

// Writing reports whether output waits to be handed to the kernel.
func (s *Stream) Writing() bool { return s.Pending() > 0 }

// SetNoDelay makes a TCP connection send small writes at once, which is the default, or lets
// the kernel collect them while others are under way. It does nothing if the stream
// is of another kind or closed.
func (s *Stream) SetNoDelay(on bool) {
	if s.flags&closed == 0 {
		// An error says that this is no TCP socket, or that it was reset, which others will see.
		_ = s.loop.Files().SetNoDelay(int(s.fd), on)
	}
}
