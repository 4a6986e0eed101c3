package async_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
)

// dying runs a coroutine that waits again and again until its closed loop ends it.
func dying(t *testing.T, wait func(ctx context.Context) error) {
	t.Helper()
	l, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	l.Spawn(t.Context(), func(ctx context.Context) {
		for wait(ctx) != nil {
		}
	})
	synctest.Wait()
	l.Close()
}

func TestQueue_HandsNothingToTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q async.Queue[int]
		dying(t, func(ctx context.Context) error { _, err := q.Get(ctx); return err })
		q.TryPut(1)
		if q.Len() != 1 {
			t.Error("the item went to a coroutine that is gone")
		}
	})
}

func TestLock_IsNotHandedToTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l async.Lock
		l.TryLock()
		dying(t, l.Lock)
		l.Unlock()
		if l.Locked() {
			t.Error("the lock went to a coroutine that is gone")
		}
	})
}

func TestCondition_ACancelledNotificationGoesToTheNext(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var c async.Condition
		a, b := c.Waiter(ctx), c.Waiter(ctx)
		c.Notify(1)
		a.Cancel() // it has found by itself what it looked for
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := b.Wait(short); err != nil {
			t.Errorf("the notification was lost: %v", err)
		}
		b.Cancel() // used: nothing more to pass on
		if d := c.Waiter(ctx); d.Wait(short) == nil {
			t.Error("one notification has woken two")
		}
	})
}

// An error that leads to its future must not keep it alive.
func TestRegret_OfAnErrorThatHoldsItsFuture(t *testing.T) {
	logs, logger := testlog.New()
	before := slog.Default()
	slog.SetDefault(logger)
	defer slog.SetDefault(before)
	func() {
		e := new(circular)
		start := make(chan struct{})
		e.future = async.Go(t.Context(), func(context.Context) (int, error) { <-start; return 0, e })
		close(start)
		for !e.future.Done() {
			runtime.Gosched()
		}
	}()
	collect(t)
	if !strings.Contains(logs.String(), "circular") {
		t.Error("it was never collected")
	}
}

type circular struct{ future *async.Future[int] }

func (*circular) Error() string { return "circular" }

func TestGather_WhatItHasSeenIsLoggedIfItIsCut(t *testing.T) {
	everywhereLogged(t, func(t *testing.T, ctx context.Context, logs *testlog.Log) {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := async.Gather(short, after(ctx, 0, 0, errors.New("seen")), new(async.Promise[int]).Future())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(logs.String(), "seen") {
			t.Errorf("%v, log %q", err, logs)
		}
	})
}

func TestQueue_AllEndsWithItsContext(t *testing.T) {
	var q async.Queue[int]
	for i := range 10 {
		q.TryPut(i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for range q.All(ctx) {
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d items, want 1", n)
	}
}

func TestChain_LeavesAPromiseThatIsKeptOtherwise(t *testing.T) {
	var long async.Promise[int]
	for range 100 {
		p := new(async.Promise[int])
		async.Chain(long.Future(), p)
		p.Resolve(1)
	}
	if n := async.Waiters(long.Future()); n != 0 {
		t.Errorf("%d promises that are kept are listed", n)
	}
}

func TestExecutor_QueueHasABound(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		e := &async.Executor{Workers: 1, Queue: 2}
		sleep := func(context.Context) (int, error) { time.Sleep(time.Second); return 1, nil }
		running := async.RunInExecutor(ctx, e, sleep)
		async.Sleep(ctx, time.Millisecond)
		queued := []*async.Future[int]{running, async.RunInExecutor(ctx, e, sleep), async.RunInExecutor(ctx, e, sleep)}
		if _, err := async.RunInExecutor(ctx, e, sleep).Wait(ctx); err != async.ErrExecutorFull {
			t.Errorf("one too many: %v", err)
		}
		if _, err := async.Gather(ctx, queued...); err != nil {
			t.Error(err)
		}
	})
}

func TestGo_DerivesItsContext(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		has, _ := async.Go(short, func(ctx context.Context) (bool, error) {
			_, ok := ctx.Deadline()
			return ok, nil
		}).Wait(ctx)
		if !has {
			t.Error("the deadline is gone")
		}
	})
}

func TestGo_ContextEndsWithTheSameError(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		short, cancel := context.WithTimeoutCause(ctx, time.Second, errors.New("cause"))
		defer cancel()
		_, err := async.Go(short, func(ctx context.Context) (int, error) { return 0, async.Sleep(ctx, time.Hour) }).Wait(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ctx.Err() is %v", err)
		}
	})
}

func TestGo_WithAContextThatHasEnded(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		err, _ := async.Go(ended, func(ctx context.Context) (error, error) { return ctx.Err(), nil }).Wait(ctx)
		if err == nil {
			t.Error("f began with a context that had not ended")
		}
	})
}

func TestFirst_WhenBothComeAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		for _, kind := range []string{"Wait", "First"} {
			var p async.Promise[int]
			short, cancel := context.WithCancel(ctx)
			go func() {
				time.Sleep(time.Second)
				cancel()
				p.Resolve(1)
			}()
			var err error
			if kind == "Wait" {
				_, err = p.Future().Wait(short)
			} else {
				_, _, err = async.First(short, p.Future())
			}
			if err != nil && p.Future().Done() {
				t.Errorf("%s: %v although the result is there", kind, err)
			}
		}
	})
}

func TestQueue_OfInterfacesTakesNil(t *testing.T) {
	q := async.NewPriorityQueue(0, func(a, b error) int { return 0 })
	func() {
		defer func() {
			if v := recover(); v != nil {
				t.Errorf("TryPut(nil) panicked: %v", v)
			}
		}()
		q.TryPut(nil)
	}()
	if q.Len() == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if err := q.Join(ctx); err != nil {
			t.Errorf("and Join of the empty queue never returns: %v", err)
		}
	}
}

func TestWithTimeout_KnowsTheFuturesOwnError(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var p async.Promise[int]
		p.Reject(context.DeadlineExceeded) // a database's, say
		if _, err := async.WithTimeout(ctx, 0, p.Future()); err != context.DeadlineExceeded {
			t.Errorf("the future is done with DeadlineExceeded, WithTimeout says %v", err)
		}
	})
}

func TestCondition_WaitsByAnotherJobsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := loop.New(loop.Options{Poller: poll.NewFake()})
		go l.Run()
		defer l.Close()
		var c async.Condition
		other := make(chan context.Context, 1)
		outer, cancel := context.WithCancel(context.Background())
		l.Spawn(outer, func(ctx context.Context) { other <- ctx; async.Sleep(context.WithoutCancel(ctx), time.Hour) })
		synctest.Wait()
		ended := false
		l.Spawn(context.Background(), func(ctx context.Context) {
			r := c.Waiter(ctx)
			r.Wait(<-other)
			ended = true
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		if !ended {
			t.Error("the context has ended, the wait has not")
		}
	})
}
