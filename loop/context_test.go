package loop_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"eddy/loop"
)

// ended returns the context of a job that is over; use does something with it while the job runs.
func ended(h *harness, use func(*loop.Context)) *loop.Context {
	j := &job{run: func(ctx context.Context) { use(ctx.(*loop.Context)) }}
	j.Init(context.Background())
	h.on(func() { h.Start(&j.Context, j) })
	synctest.Wait()
	return &j.Context
}

// What nobody has asked for before the end is told all the same, and to each context its own.
func TestContext_TellsOfItsEndWhetherAskedBeforeOrNot(t *testing.T) {
	reason := context.DeadlineExceeded
	for _, c := range []struct {
		what string
		use  func(*loop.Context)
		want error
	}{
		{"nothing", func(*loop.Context) {}, context.Canceled},
		{"Err", func(c *loop.Context) { _ = c.Err() }, context.Canceled},
		{"Done", func(c *loop.Context) { c.Done() }, context.Canceled},
		{"AfterFunc, stopped", func(c *loop.Context) { c.AfterFunc(func() {})() }, context.Canceled},
		{"Cancel", func(c *loop.Context) { c.Cancel(reason) }, reason},
		{"Cancel behind Done", func(c *loop.Context) { c.Done(); c.Cancel(reason) }, reason},
		{"Cancel twice", func(c *loop.Context) { c.Cancel(reason); c.Cancel(context.Canceled) }, reason},
	} {
		t.Run(c.what, func(t *testing.T) {
			bubble(t, func(h *harness) {
				ctx := ended(h, c.use)
				other := ended(h, func(*loop.Context) {})
				other.Cancel(reason) // after its end: of no effect, here or elsewhere
				if err := ctx.Err(); err != c.want {
					t.Errorf("Err: %v, want %v", err, c.want)
				}
				if err := other.Err(); err != context.Canceled {
					t.Errorf("another's Err: %v", err)
				}
				select {
				case <-ctx.Done():
				default:
					t.Error("Done is open")
				}
				if ctx.Coroutine() != nil || loop.FromContext(ctx) != nil {
					t.Error("it has a coroutine after its job")
				}
				called := make(chan struct{})
				stop := ctx.AfterFunc(func() { close(called) })
				synctest.Wait()
				select {
				case <-called:
				default:
					t.Error("AfterFunc was not called")
				}
				if stop() {
					t.Error("stop says that it has kept a call from coming that came")
				}
			})
		})
	}
}

// Those who ask while the job ends are told, whoever was first.
func TestContext_EndsWhileOthersAsk(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	for range 300 {
		j := &job{run: func(context.Context) {}}
		j.Init(context.Background())
		var told sync.WaitGroup
		told.Go(func() { <-j.Context.Done() })
		told.Go(func() {
			called := make(chan struct{})
			j.AfterFunc(func() { close(called) })
			<-called
		})
		told.Go(func() {
			derived, cancel := context.WithTimeout(&j.Context, time.Hour)
			defer cancel()
			<-derived.Done()
		})
		told.Go(func() { j.Cancel(context.Canceled) })
		l.Post(func() { l.Start(&j.Context, j) })
		told.Wait()
		if err := j.Err(); err != context.Canceled {
			t.Fatalf("Err: %v", err)
		}
	}
}
