package async_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"eddy/internal/leaktest"
	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// everywhere runs f twice, each time in a bubble of fake time: in a coroutine of a loop,
// and in a goroutine without one. Whatever waits must behave alike.
func everywhere(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	everywhereLogged(t, func(t *testing.T, ctx context.Context, _ *testlog.Log) { f(t, ctx) })
}

// everywhereLogged is everywhere with the log of each run.
func everywhereLogged(t *testing.T, f func(t *testing.T, ctx context.Context, logs *testlog.Log)) {
	t.Helper()
	t.Run("goroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			logs, logger := testlog.New()
			before := slog.Default()
			slog.SetDefault(logger)
			defer slog.SetDefault(before)
			f(t, ctx, logs)
		})
	})
	t.Run("coroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			logs, logger := testlog.New()
			l, err := loop.New(loop.Options{
				Poller: poll.NewFake(),
				Logger: logger,
			})
			if err != nil {
				t.Fatal(err)
			}
			go l.Run()
			defer l.Close()
			err = l.Do(t.Context(), func(ctx context.Context) error {
				if loop.FromContext(ctx) == nil {
					t.Error("not in a coroutine")
				}
				f(t, ctx, logs)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	})
}
