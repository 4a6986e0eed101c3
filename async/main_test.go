package async_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"

	"eddy/internal/leaktest"
	"eddy/internal/poll"
	"eddy/loop"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// everywhere runs f twice, each time in a bubble of fake time: in a coroutine of a loop,
// and in a goroutine without one. Whatever waits must behave alike.
func everywhere(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	t.Run("goroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f(t, ctx)
		})
	})
	t.Run("coroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, err := loop.New(loop.Options{
				Poller: poll.NewFake(),
				Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
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
				f(t, ctx)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	})
}
