package stream

import (
	"context"

	"eddy/loop"
)

// A coroutine whose calls never have to wait, because its peer is as fast as it is, would
// keep the loop until that is taken from it. So after a share of work it goes to the end of
// the queue. A call counts as fairCall bytes at least.
const (
	fairShare = 256 << 10
	fairCall  = 1 << 10
)

// spend counts n bytes of a call and reports whether the share is used up. Then it begins
// anew.
func (c *calls) spend(n int) bool {
	if c.share -= int32(min(max(n, fairCall), fairShare)); c.share > 0 {
		return false
	}
	c.share = fairShare
	return true
}

// chargeRead gives way to others if reads have had their share. It is a read that waits:
// it can be interrupted. A context that has ended takes nothing from it, because what is
// there is given all the same.
func (s *Stream) chargeRead(ctx context.Context, n int) error {
	if !s.callState().spend(n) {
		return nil
	}
	return s.parkReader(context.WithoutCancel(ctx), func(w *loop.Waiter) bool { return s.loop.PostTask(w) })
}

// chargeWrite is chargeRead for a write.
func (s *Stream) chargeWrite(ctx context.Context, n int) error {
	if !s.callState().spend(n) {
		return nil
	}
	var w loop.Waiter
	w.Init(ctx)
	if !s.loop.PostTask(&w) {
		return nil // the loop is being closed
	}
	return w.Wait(context.WithoutCancel(ctx))
}
