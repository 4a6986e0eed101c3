package async_test

import (
	"context"
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

// everywhere runs f twice, each time in a bubble of fake time: in a coroutine of a loop,
// and in a goroutine without one. Whatever waits must behave alike.
func everywhere(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	everywhereLogged(t, func(t *testing.T, ctx context.Context, _ *logs) { f(t, ctx) })
}

// everywhereLogged is everywhere with the log of each run.
func everywhereLogged(t *testing.T, f func(t *testing.T, ctx context.Context, logs *logs)) {
	t.Helper()
	t.Run("goroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			logs := new(logs)
			before := slog.Default()
			slog.SetDefault(slog.New(slog.NewTextHandler(logs, nil)))
			defer slog.SetDefault(before)
			f(t, ctx, logs)
		})
	})
	t.Run("coroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			logs := new(logs)
			l, err := loop.New(loop.Options{
				Poller: poll.NewFake(),
				Logger: slog.New(slog.NewTextHandler(logs, nil)),
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
