package loop_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
)

// standing makes a loop that does not run, in a bubble of fake time.
func standing(t *testing.T, f func(t *testing.T, l *loop.Loop, logs *testlog.Log)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		logs, logger := testlog.New()
		l, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		f(t, l, logs)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestRunSync_ReturnsTheFunctionsResult(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, _ *testlog.Log) {
		own := errors.New("own")
		ctx := context.WithValue(context.Background(), key{}, "value")
		for _, want := range []error{nil, own, nil} { // the loop can be used again
			begin := time.Now()
			err := l.RunSync(ctx, func(ctx context.Context) error {
				if ctx.Value(key{}) != "value" || loop.FromContext(ctx) == nil || !l.Running() {
					t.Error("not in a coroutine of a running loop, with the caller's values")
				}
				pause(ctx, time.Second)
				return want
			})
			if err != want || time.Since(begin) != time.Second || l.Running() {
				t.Errorf("RunSync: %v after %v, running: %v; want %v after a second", err, time.Since(begin), l.Running(), want)
			}
		}
	})
}

func TestRunSync_TimeoutCancelsAndAwaitsTheFunction(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, _ *testlog.Log) {
		own := errors.New("own")
		tests := []struct {
			name string
			end  func(error) error // what f makes of its wait's error
			want []error
			text string
		}{
			{"passed on", func(err error) error { return err }, []error{context.DeadlineExceeded}, "RunSync timed out"},
			{"an error of its own", func(error) error { return own }, []error{context.DeadlineExceeded, own}, "own"},
			{"done all the same", func(error) error { return nil }, []error{nil}, ""},
		}
		for _, tt := range tests {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			begin, returned := time.Now(), false
			err := l.RunSync(ctx, func(ctx context.Context) error {
				err := pause(ctx, time.Hour)
				pause(context.WithoutCancel(ctx), time.Second) // tidies up
				returned = true
				return tt.end(err)
			})
			cancel()
			if !returned || time.Since(begin) != 2*time.Second {
				t.Errorf("%s: f had returned: %v, after %v", tt.name, returned, time.Since(begin))
			}
			for _, want := range tt.want {
				if !errors.Is(err, want) {
					t.Errorf("%s: %v is not %v", tt.name, err, want)
				}
			}
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: %q does not say %q", tt.name, err, tt.text)
			}
		}
	})
}

func TestRunSync_ContextThatHasEndedRunsNothing(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, _ *testlog.Log) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := l.RunSync(ctx, func(context.Context) error { t.Error("ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("RunSync: %v", err)
		}
	})
}

func TestRunSync_AbortedFunction(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, logs *testlog.Log) {
		err := l.RunSync(context.Background(), func(context.Context) error { panic("boom") })
		if !errors.Is(err, loop.ErrAborted) {
			t.Errorf("panic: %v, want ErrAborted", err)
		}
		if s := logs.String(); !strings.Contains(s, "boom") || !strings.Contains(s, "runsync_test.go") {
			t.Errorf("the log lacks the panic or its stack: %s", s)
		}
		err = l.RunSync(context.Background(), func(context.Context) error { runtime.Goexit(); return nil })
		if !errors.Is(err, loop.ErrAborted) {
			t.Errorf("Goexit: %v, want ErrAborted", err)
		}
	})
}

func TestRunSync_StoppedByHand(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, _ *testlog.Log) {
		var ended error
		err := l.RunSync(context.Background(), func(ctx context.Context) error {
			l.Stop()
			ended = pause(ctx, time.Hour)
			return ended
		})
		if !errors.Is(err, loop.ErrStopped) || ended != nil {
			t.Errorf("RunSync: %v, the function ended: %v; want ErrStopped, and nothing", err, ended)
		}
		// It goes on in the next run, which its end does not stop.
		err = l.RunSync(context.Background(), func(ctx context.Context) error { return pause(ctx, time.Second) })
		if err != nil || !errors.Is(ended, context.Canceled) {
			t.Errorf("the next run: %v, the function ended: %v", err, ended)
		}
	})
}

func TestRunSync_StoppedBeforeItRan(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, _ *testlog.Log) {
		l.Stop()
		err := l.RunSync(context.Background(), func(context.Context) error { t.Error("ran"); return nil })
		if !errors.Is(err, loop.ErrStopped) {
			t.Errorf("RunSync: %v, want ErrStopped", err)
		}
		ran := false
		err = l.RunSync(context.Background(), func(ctx context.Context) error {
			ran = true
			return pause(ctx, time.Second)
		})
		if err != nil || !ran {
			t.Errorf("the next one: %v, ran: %v", err, ran)
		}
	})
}

func TestRunSync_OnARunningOrClosedLoop(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, _ *testlog.Log) {
		never := func(context.Context) error { t.Error("ran"); return nil }
		go l.Run()
		synctest.Wait()
		if err := l.RunSync(context.Background(), never); !errors.Is(err, loop.ErrRunning) {
			t.Errorf("running: %v, want ErrRunning", err)
		}
		l.Stop()
		synctest.Wait()
		err := l.RunSync(context.Background(), func(ctx context.Context) error {
			go l.Close()
			return pause(ctx, time.Hour)
		})
		if !errors.Is(err, loop.ErrClosed) {
			t.Errorf("closed meanwhile: %v, want ErrClosed", err)
		}
		synctest.Wait()
		if err := l.RunSync(context.Background(), never); !errors.Is(err, loop.ErrClosed) {
			t.Errorf("closed: %v, want ErrClosed", err)
		}
	})
}

// A function that blocks loses the loop; its end must reach RunSync all the same.
func TestRunSync_FunctionThatBlocks(t *testing.T) {
	standing(t, func(t *testing.T, l *loop.Loop, _ *testlog.Log) {
		if err := l.RunSync(context.Background(), func(context.Context) error {
			time.Sleep(time.Second)
			return nil
		}); err != nil {
			t.Error(err)
		}
		if l.Stats().HandOffs == 0 {
			t.Error("the loop was not handed off")
		}
	})
}
