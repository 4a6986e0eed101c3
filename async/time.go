package async

import (
	"context"
	"errors"
	"time"

	"eddy/loop"
)

// ErrTimeout is returned by WithTimeout.
var ErrTimeout = errors.New("async: timeout")

// Sleep waits for d, or until ctx ends and then returns its error. Zero or less gives
// others one turn of the loop (Tornado's gen.moment).
func Sleep(ctx context.Context, d time.Duration) error {
	var w loop.Waiter
	w.Init(ctx)
	stop := w.WakeAfter(d)
	err := w.Wait(ctx)
	if err != nil {
		stop()
	}
	return err
}

// WithTimeout waits for f at most d and then returns ErrTimeout. The future is not
// cancelled: its result is there for others, or later.
func WithTimeout[T any](ctx context.Context, d time.Duration, f *Future[T]) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d, ErrTimeout)
	defer cancel()
	value, err := f.Wait(ctx)
	if err != nil && errors.Is(err, context.DeadlineExceeded) && context.Cause(ctx) == ErrTimeout {
		err = ErrTimeout
	}
	return value, err
}
