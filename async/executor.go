package async

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// Executor runs functions that block in goroutines of their own, a bounded number at a time
// and the others in the order of their coming. It is for calls that must not run in any
// number at once, such as those to a small machine beyond; a handler that merely blocks needs none. A
// goroutine ends when there is nothing left to do. The zero Executor is ready.
type Executor struct {
	// Workers is how many functions run at once. Default: 4 for each processor that Go
	// uses (GOMAXPROCS), and 32 at least. It must not change once the executor is used.
	Workers int
	// Queue is how many functions may wait for their turn. Default: 10,000. The future of one
	// more has ErrExecutorFull.
	Queue int

	mu      sync.Mutex
	running int
	queue   []func()
}

// ErrExecutorFull is the error of a future whose function found no place in the queue of its
// executor.
var ErrExecutorFull = errors.New("async: executor is full")

// DefaultExecutor is the executor of [RunInExecutor] for those who name none.
var DefaultExecutor Executor

// RunInExecutor runs f in a goroutine of e, nil for [DefaultExecutor], and returns a future
// of its result (Tornado's run_in_executor). A panic in f becomes a [PanicError]. If ctx has ended before f's
// turn comes, f does not run and the future has ctx's error. Waits by ctx in f block its
// goroutine: to wait there for another function of the same executor may wait for ever.
func RunInExecutor[T any](ctx context.Context, e *Executor, f func(context.Context) (T, error)) *Future[T] {
	if e == nil {
		e = &DefaultExecutor
	}
	p := promiseFor[T](ctx)
	taken := e.run(func() {
		if err := ctx.Err(); err != nil {
			p.Reject(err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		keep(ctx, p, f)
	})
	if !taken {
		p.Reject(ErrExecutorFull)
	}
	return p.Future()
}

func (e *Executor) most() int {
	if e.Queue > 0 {
		return e.Queue
	}
	return 10_000
}

func (e *Executor) workers() int {
	if e.Workers > 0 {
		return e.Workers
	}
	return max(32, 4*runtime.GOMAXPROCS(0))
}

// run queues f, and reports whether there was room.
func (e *Executor) run(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) >= e.most() {
		return false
	}
	e.queue = append(e.queue, f)
	if e.running < e.workers() {
		e.running++
		go e.work()
	}
	return true
}

// work runs what is queued. A function that ends its goroutine by runtime.Goexit has it
// replaced.
func (e *Executor) work() {
	done := false
	defer func() {
		if !done {
			go e.work()
		}
	}()
	for f := e.next(); f != nil; f = e.next() {
		f()
	}
	done = true
}

// next returns the next function, or nil, and then the worker is counted out.
func (e *Executor) next() func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) == 0 {
		e.running--
		e.queue = nil
		return nil
	}
	f := e.queue[0]
	e.queue[0] = nil
	e.queue = e.queue[1:]
	return f
}

// Queued returns how many functions wait for their turn. Any goroutine.
func (e *Executor) Queued() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.queue)
}
