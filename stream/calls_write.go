package stream

import (
	"context"

	"eddy/async"
)

// written is kept when the output up to at was handed to the kernel.
type written struct {
	at   int64
	done *async.Promise[struct{}]
}

// SetMaxWrite bounds the bytes that may wait for the peer: a Write or WriteFuture beyond it
// fails with [ErrBufferFull], and nothing of it is taken. Zero means DefaultMaxWrite. What
// engine code sends is not bounded: see [Stream.Pending].
func (s *Stream) SetMaxWrite(n int) {
	if n <= 0 {
		n = DefaultMaxWrite
	}
	s.extraState().maxWrite = n
}

// Write sends p, and parks while more than HighWater bytes wait for the peer. What the kernel has
// not taken of p when it returns was copied. If ctx ends meanwhile, p is sent all the same.
// [ErrBufferFull] means that nothing of it is, any other error that the stream has failed before
// all of it was. Any goroutine.
func (s *Stream) Write(ctx context.Context, p []byte) error {
	if co := s.hold(ctx); co != nil {
		defer co.Release()
		return s.writeHeld(ctx, p)
	}
	return s.loop.Do(ctx, func(ctx context.Context) error { return s.writeHeld(ctx, p) })
}

func (s *Stream) writeHeld(ctx context.Context, p []byte) error {
	if err := s.admit(p, false); err != nil {
		return err
	}
	return s.written(ctx, len(p))
}

// WriteView is Write for bytes that the stream refers to until they are sent, and does not
// copy: nobody may change them, ever, and many streams may send the same. Any goroutine.
func (s *Stream) WriteView(ctx context.Context, p []byte) error {
	return s.loop.Do(ctx, func(ctx context.Context) error {
		if err := s.admit(p, true); err != nil {
			return err
		}
		return s.written(ctx, len(p))
	})
}

// written waits, after n bytes were added to the output, until there is room for more.
func (s *Stream) written(ctx context.Context, n int) error {
	if s.Pending() > HighWater {
		return s.WaitWritten(ctx, LowWater)
	}
	return s.chargeWrite(ctx, n)
}

// WriteFuture sends a copy of p and returns a future that is done when the kernel has taken
// p's last byte, and with it all that was written before; if the stream is closed
// earlier, it fails with [ErrClosed]. It never waits. Any number may be outstanding; p may be
// empty. It fails, and takes nothing, if the stream sends no more or with ErrBufferFull.
// Callbacks get the result by [async.CallWhenDone].
func (s *Stream) WriteFuture(p []byte) (*async.Future[struct{}], error) {
	if err := s.admit(p, false); err != nil {
		return nil, err
	}
	return s.writtenFuture(), nil
}

// admit takes p, or a view of it, if there is room for it.
func (s *Stream) admit(p []byte, view bool) error {
	if s.flags&(closed|closing|ending) != 0 {
		return s.closedErr()
	}
	if _, most := s.callState().limits(); s.Pending()+len(p) > most {
		return ErrBufferFull
	}
	if view {
		s.SendView(p)
	} else {
		s.SendBytes(p)
	}
	return nil
}

// Flush parks until everything written so far was handed to the kernel. Any goroutine.
func (s *Stream) Flush(ctx context.Context) error {
	var f *async.Future[struct{}]
	err := s.loop.Do(ctx, func(context.Context) error {
		if s.flags&closed != 0 {
			return s.closedErr()
		}
		f = s.writtenFuture()
		return nil
	})
	if err == nil {
		_, err = f.Wait(ctx)
	}
	return err
}

// writtenFuture returns the future of what was written so far. It is one for all who ask
// at the same place, so that those who ask often and give up leave nothing behind.
func (s *Stream) writtenFuture() *async.Future[struct{}] {
	x := s.extraState()
	if n := len(x.written); n > 0 && x.written[n-1].at == x.queued {
		return x.written[n-1].done.Future()
	}
	p := new(async.Promise[struct{}])
	if s.Pending() == 0 {
		p.Resolve(struct{}{})
	} else {
		x.written = append(x.written, written{x.queued, p})
	}
	return p.Future()
}

// addQueued counts what was added to the output.
func (s *Stream) addQueued(n int) {
	if c := s.calls; c != nil && c.extras != nil {
		c.extras.queued += int64(n)
	}
}

// resolve keeps the promises about the first n bytes. It may be called with fewer than
// before: what is pending has grown if it was encrypted.
func (x *extras) resolve(n int64) {
	k := 0
	for ; k < len(x.written) && x.written[k].at <= n; k++ {
		x.written[k].done.Resolve(struct{}{})
	}
	if k > 0 {
		rest := copy(x.written, x.written[k:])
		clear(x.written[rest:])
		x.written = x.written[:rest]
	}
}

// reject breaks the promises that are left.
func (x *extras) reject(err error) {
	for _, w := range x.written {
		w.done.Reject(err)
	}
	x.written = nil
}
