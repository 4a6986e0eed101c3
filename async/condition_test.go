package async_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"eddy/async"
)

// queue starts n waits, one after another, that note their number when they are notified.
func queue(ctx context.Context, c *async.Condition, n int) *notes {
	got := new(notes)
	for i := range n {
		async.Go(ctx, func(ctx context.Context) (struct{}, error) {
			if err := c.Wait(ctx); err == nil {
				got.add(i)
			}
			return struct{}{}, nil
		})
		async.Sleep(ctx, time.Millisecond)
	}
	return got
}

type notes struct {
	mu   sync.Mutex
	list []int
}

func (n *notes) add(i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, i)
}

func (n *notes) get() []int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.list)
}

func TestCondition_NotifiesInOrderOfComing(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var c async.Condition
		got := queue(ctx, &c, 5)
		for _, step := range []struct {
			n    int
			want []int
		}{{0, nil}, {-1, nil}, {1, []int{0}}, {2, []int{0, 1, 2}}, {9, []int{0, 1, 2, 3, 4}}} {
			c.Notify(step.n)
			async.Sleep(ctx, time.Millisecond)
			list := got.get()
			slices.Sort(list) // the order of running is the scheduler's
			if !slices.Equal(list, step.want) {
				t.Errorf("Notify(%d): %v were notified, want %v", step.n, list, step.want)
			}
		}
		if c.Waiters() != 0 {
			t.Errorf("%d waiters left", c.Waiters())
		}
	})
}

func TestCondition_NotifyAll(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var c async.Condition
		c.NotifyAll() // nobody waits: nothing is kept for later
		got := queue(ctx, &c, 10)
		if n := c.Waiters(); n != 10 {
			t.Fatalf("%d waiters, want 10", n)
		}
		c.NotifyAll()
		async.Sleep(ctx, time.Millisecond)
		if n := len(got.get()); n != 10 {
			t.Errorf("%d were notified", n)
		}
	})
}

func TestCondition_TimedOutWaitersUseUpNoNotification(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var c async.Condition
		for range 100 {
			short, cancel := context.WithTimeout(ctx, time.Millisecond)
			if err := c.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v", err)
			}
			cancel()
		}
		if c.Waiters() != 0 {
			t.Errorf("%d timed-out waiters are queued", c.Waiters())
		}
		got := queue(ctx, &c, 1)
		c.Notify(1)
		async.Sleep(ctx, time.Millisecond)
		if len(got.get()) != 1 {
			t.Error("the notification was lost")
		}
	})
}

func TestCondition_NothingIsMissedBetweenRegistrationAndWait(t *testing.T) {
	everywhere(t, func(t *testing.T, ctx context.Context) {
		var c async.Condition
		r := c.Waiter(ctx)
		c.NotifyAll()
		if err := r.Wait(ctx); err != nil {
			t.Error(err)
		}
		r.Cancel() // after the notification: nothing
		r = c.Waiter(ctx)
		r.Cancel()
		if c.Waiters() != 0 {
			t.Error("a cancelled registration is queued")
		}
	})
}

func BenchmarkCondition_10000TimedOut(b *testing.B) {
	var c async.Condition
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		regs := make([]async.Registration, 10000)
		for i := range regs {
			regs[i] = c.Waiter(ctx)
		}
		for _, r := range regs {
			r.Cancel()
		}
	}
}
