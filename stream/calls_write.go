package stream

import "context"

// Write sends p, of which it makes a copy, and parks while more than HighWater bytes wait for
// the peer. An error means that the stream has failed and some of p was not sent.
func (s *Stream) Write(ctx context.Context, p []byte) error {
	return s.loop.Do(ctx, func(ctx context.Context) error {
		if s.flags&(closed|closing|ending) != 0 {
			return s.closedErr()
		}
		s.SendBytes(p)
		if s.Pending() <= HighWater {
			return nil
		}
		return s.WaitWritten(ctx, LowWater)
	})
}

// Flush parks until everything written so far was handed to the kernel.
func (s *Stream) Flush(ctx context.Context) error {
	return s.loop.Do(ctx, func(ctx context.Context) error { return s.WaitWritten(ctx, 0) })
}
