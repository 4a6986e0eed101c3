package loop_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"eddy/internal/leaktest"
	"eddy/internal/poll"
	"eddy/loop"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// harness is a running loop on a fake poller, inside a synctest bubble.
type harness struct {
	t *testing.T
	*loop.Loop
	fake *poll.Fake
	logs *logs
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
		h := &harness{t: t, fake: poll.NewFake(), logs: new(logs)}
		var err error
		o.Poller, o.Logger = h.fake, slog.New(slog.NewTextHandler(h.logs, nil))
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

// logs collects what is logged.
type logs struct {
	mu sync.Mutex
	sb strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sb.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sb.String()
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
