package async

import (
	"context"
	"runtime/debug"

	"eddy/loop"
)

// Go runs f concurrently and returns a future of its result: in a new coroutine of the same loop if
// ctx belongs to a coroutine, otherwise, and for a handler that has a goroutine of its own because
// its route blocks, in a new goroutine. f's context is derived from ctx and ends when f returns. A
// panic in f becomes a [PanicError]. An error that nobody looks at, a panic above all, is logged
// when the future is collected; a [Quiet] ctx leaves that out.
func Go[T any](ctx context.Context, f func(context.Context) (T, error)) *Future[T] {
	p := promiseFor[T](ctx)
	run := func(ctx context.Context) { keep(ctx, p, f) }
	if co := loop.FromContext(ctx); co != nil && !co.Apart() {
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

// NewPromise returns a promise for work that is done on behalf of ctx: an error that nobody looks at is logged, as one of
// [Go]. (Of a Promise that is made otherwise, nobody is told.)
func NewPromise[T any](ctx context.Context) *Promise[T] { return promiseFor[T](ctx) }

// promiseFor returns a promise for work that is done on behalf of ctx.
func promiseFor[T any](ctx context.Context) *Promise[T] {
	p := new(Promise[T])
	p.future.regret = newRegret(ctx)
	return p
}

// keep keeps a promise by what f returns, however it ends.
func keep[T any](ctx context.Context, p *Promise[T], f func(context.Context) (T, error)) {
	ended := false
	defer func() {
		if v := recover(); v != nil {
			p.Reject(&PanicError{Value: v, Stack: debug.Stack()})
		} else if !ended {
			p.Reject(ErrExited)
		}
	}()
	value, err := f(ctx)
	ended = true
	if err != nil {
		p.Reject(err)
	} else {
		p.Resolve(value)
	}
}
