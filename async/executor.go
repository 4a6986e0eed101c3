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
	queue   waitlist[task]
}

// task is a function in an executor's queue.
type task struct {
	run    func()
	detach func() bool // nil, or ends the watch on its context
}

// ErrExecutorFull is the error of a future whose function found no place in the queue of its
// executor.
var ErrExecutorFull = errors.New("async: executor is full")

// DefaultExecutor is the executor of [RunInExecutor] for those who name none.
var DefaultExecutor Executor

// RunInExecutor runs f in a goroutine of e, nil for [DefaultExecutor], and returns a future
// of its result (Tornado's run_in_executor). A panic in f becomes a [PanicError]. If ctx ends
// before f's turn comes, f does not run, its place is free, and the future has ctx's error at
// once. Waits by ctx in f block its goroutine: to wait there for another function of the same
// executor may wait for ever.
func RunInExecutor[T any](ctx context.Context, e *Executor, f func(context.Context) (T, error)) *Future[T] {
	if e == nil {
		e = &DefaultExecutor
	}
	p := promiseFor[T](ctx)
	call := func() {
		if err := ctx.Err(); err != nil {
			p.Reject(err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		keep(ctx, p, f)
	}
	if ctx.Err() != nil {
		call()
	} else if !e.run(ctx, call) {
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

// run calls f in a worker, or soon after ctx has ended while f is queued. It reports whether
// there was room.
func (e *Executor) run(ctx context.Context, f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.queue.n >= e.most() {
		return false
	}
	w := &waiter[task]{item: task{run: f}}
	e.queue.push(w)
	if e.running < e.workers() {
		e.running++
		go e.work()
	} else if ctx.Done() != nil {
		w.item.detach = context.AfterFunc(ctx, func() {
			if e.drop(w) {
				f()
			}
		})
	}
	return true
}

// drop takes w out of the queue, and reports whether it was there.
func (e *Executor) drop(w *waiter[task]) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.queue.remove(w)
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
	w := e.queue.pop()
	if w == nil {
		e.running--
		return nil
	}
	if w.item.detach != nil {
		w.item.detach()
	}
	return w.item.run
}

// Queued returns how many functions wait for their turn. Any goroutine.
func (e *Executor) Queued() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.queue.n
}
