package loop_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"

	"eddy/internal/leaktest"
	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// harness is a running loop on a fake poller, inside a synctest bubble.
type harness struct {
	t *testing.T
	*loop.Loop
	fake *poll.Fake
	logs *testlog.Log
}

// bubble runs f with a fresh loop, and closes the loop afterwards.
func bubble(t *testing.T, f func(h *harness)) {
	t.Helper()
	bubbleWith(t, loop.Options{}, f)
}

// bubbleWith is bubble with options for the loop.
func bubbleWith(t *testing.T, o loop.Options, f func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &harness{t: t, fake: poll.NewFake()}
		var err error
		o.Poller = h.fake
		h.logs, o.Logger = testlog.New()
		h.Loop, err = loop.New(o)
		if err != nil {
			t.Fatal(err)
		}
		ran := make(chan error, 1)
		go func() { ran <- h.Run() }()
		synctest.Wait()
		f(h)
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// on runs f on the loop and waits for it.
func (h *harness) on(f func()) {
	h.t.Helper()
	done := make(chan struct{})
	if !h.Post(func() { defer close(done); f() }) {
		h.t.Fatal("the loop took no post")
	}
	<-done
}

// job is a coroutine's job made of a function.
type job struct {
	loop.Context
	run  func(ctx context.Context)
	done func(loop.Outcome)
}

func (j *job) RunJob(ctx context.Context) { j.run(ctx) }
func (j *job) JobDone(o loop.Outcome) {
	if j.done != nil {
		j.done(o)
	}
}

// start starts a job from the loop.
func (h *harness) start(run func(ctx context.Context), done func(loop.Outcome)) *job {
	j := &job{run: run, done: done}
	j.Init(context.Background())
	h.Start(&j.Context, j)
	return j
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
