package async_test

import (
	"context"
	"testing"
	"time"

	"eddy/async"
	"eddy/loop"
)

// inCoroutine runs a benchmark in a coroutine of a real loop.
func inCoroutine(b *testing.B, f func(ctx context.Context)) {
	b.Helper()
	l, err := loop.New(loop.Options{})
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	b.ReportAllocs()
	l.Do(context.Background(), func(ctx context.Context) error {
		f(ctx)
		return nil
	})
}

func one(context.Context) (int, error) { return 1, nil }

func BenchmarkGo_Wait(b *testing.B) {
	inCoroutine(b, func(ctx context.Context) {
		for b.Loop() {
			async.Go(ctx, one).Wait(ctx)
		}
	})
}

func BenchmarkFuture_WaitWokenByACoroutine(b *testing.B) {
	inCoroutine(b, func(ctx context.Context) {
		promises := make(chan *async.Promise[int], 1)
		var there async.Semaphore // one for each promise, so that the other parks, too
		async.Go(ctx, func(ctx context.Context) (int, error) {
			for there.Acquire(ctx) == nil {
				if p := <-promises; p != nil {
					p.Resolve(1)
				} else {
					break
				}
			}
			return 0, nil
		})
		for b.Loop() {
			p := new(async.Promise[int])
			promises <- p
			there.Release()
			p.Future().Wait(ctx)
		}
		promises <- nil
		there.Release()
	})
}

func BenchmarkFirst_OfTwo(b *testing.B) {
	inCoroutine(b, func(ctx context.Context) {
		for b.Loop() {
			var slow async.Promise[int]
			async.First(ctx, slow.Future(), async.Go(ctx, one))
		}
	})
}

func BenchmarkWithTimeout(b *testing.B) {
	inCoroutine(b, func(ctx context.Context) {
		for b.Loop() {
			async.WithTimeout(ctx, time.Minute, async.Go(ctx, one))
		}
	})
}

func BenchmarkRunInExecutor_Wait(b *testing.B) {
	inCoroutine(b, func(ctx context.Context) {
		for b.Loop() {
			async.RunInExecutor(ctx, nil, one).Wait(ctx)
		}
	})
}

// Two coroutines, each of which waits for the other in turn.
func BenchmarkQueue_HandOver(b *testing.B) {
	inCoroutine(b, func(ctx context.Context) {
		var there, back async.Queue[int]
		async.Go(ctx, func(ctx context.Context) (int, error) {
			for {
				item, err := there.Get(ctx)
				if err != nil {
					return 0, nil
				}
				back.Put(ctx, item)
			}
		})
		for b.Loop() {
			there.Put(ctx, 1)
			back.Get(ctx)
		}
		there.Close()
	})
}

func BenchmarkLock_HandOver(b *testing.B) {
	inCoroutine(b, func(ctx context.Context) {
		var l async.Lock
		l.Lock(ctx)
		stop := false
		async.Go(ctx, func(ctx context.Context) (int, error) {
			for !stop {
				l.Lock(ctx)
				l.Unlock()
			}
			return 0, nil
		})
		async.Moment(ctx) // the other waits for the lock
		for b.Loop() {
			l.Unlock()
			l.Lock(ctx) // the other has it, and waits again when it is back
		}
		stop = true
		l.Unlock()
	})
}
