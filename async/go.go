package async

import (
	"context"
	"runtime/debug"

	"eddy/loop"
)

// Go runs f concurrently and returns a future of its result: in a new coroutine of the
// same loop if ctx belongs to a coroutine, otherwise in a new goroutine. f's context is
// derived from ctx and ends when f returns. A panic in f becomes a [PanicError].
func Go[T any](ctx context.Context, f func(context.Context) (T, error)) *Future[T] {
	p := new(Promise[T])
	run := func(ctx context.Context) {
		defer func() {
			if v := recover(); v != nil {
				p.Reject(&PanicError{Value: v, Stack: debug.Stack()})
			} else if !p.future.Done() {
				p.Reject(ErrExited)
			}
		}()
		if value, err := f(ctx); err != nil {
			p.Reject(err)
		} else {
			p.Resolve(value)
		}
	}
	if co := loop.FromContext(ctx); co != nil {
		if !co.Loop().Spawn(ctx, run) {
			p.Reject(loop.ErrClosed)
		}
		return p.Future()
	}
	go func() {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		run(ctx)
	}()
	return p.Future()
}
