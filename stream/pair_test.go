package stream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"eddy/async"
	"eddy/internal/poll"
	"eddy/loop"
	"eddy/stream"
)

// running returns a loop over the poller that EDDY_POLLER names.
func running(t testing.TB) *loop.Loop {
	t.Helper()
	l, err := loop.New(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); l.Run() }()
	t.Cleanup(func() { l.Close(); <-done })
	return l
}

func TestPair_BetweenLoops(t *testing.T) {
	a := running(t)
	for name, b := range map[string]*loop.Loop{"one loop": a, "two loops": running(t)} {
		t.Run(name, func(t *testing.T) { converse(t, a, b) })
	}
}

func TestPair_InMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := loop.New(loop.Options{Poller: poll.NewFake()})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		converse(t, l, l)
		l.Close()
	})
}

// converse sends more than fits between two streams, in both directions at once.
func converse(t *testing.T, a, b *loop.Loop) {
	ctx := context.Background()
	near, far, err := stream.Pair(ctx, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if near.Loop() != a || far.Loop() != b {
		t.Error("on the wrong loop")
	}
	const total = 1 << 20
	send := func(s *stream.Stream, c string) {
		go func() {
			_, err := s.Writer(ctx).Write([]byte(strings.Repeat(c, total)))
			if err := errors.Join(err, s.Flush(ctx)); err != nil {
				t.Error(err)
			}
			s.Loop().Do(ctx, func(context.Context) error { s.CloseWrite(); return nil })
		}()
	}
	send(near, "n")
	send(far, "f")
	heard := async.Go(ctx, func(ctx context.Context) ([]byte, error) { return far.ReadUntilClose(ctx, total) })
	p, err := near.ReadUntilClose(ctx, total)
	if string(p) != strings.Repeat("f", total) || err != nil {
		t.Errorf("near: %d bytes, %v", len(p), err)
	}
	if p, err := heard.Wait(ctx); string(p) != strings.Repeat("n", total) || err != nil {
		t.Errorf("far: %d bytes, %v", len(p), err)
	}
	for _, s := range []*stream.Stream{near, far} {
		s.Loop().Do(ctx, func(context.Context) error { s.CloseNow(); return nil })
	}
}

// Whatever fails, no end stays registered, and none open.
func TestPair_FailureLeavesNothingOpen(t *testing.T) {
	fake := poll.NewFake()
	start := func(p poll.Poller) *loop.Loop {
		l, err := loop.New(loop.Options{Poller: p})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		t.Cleanup(func() { l.Close() })
		return l
	}
	l, closed := start(fake), start(poll.NewFake())
	closed.Close()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, try := range map[string]func() error{
		"second loop closed": func() error { _, _, err := stream.Pair(context.Background(), l, closed); return err },
		"context has ended":  func() error { _, _, err := stream.Pair(ended, l, l); return err },
	} {
		if err := try(); err == nil {
			t.Errorf("%s: no error", name)
		}
		l.Do(context.Background(), func(context.Context) error {
			if n := l.Descriptors(); n != 0 || fake.Open() != 0 {
				t.Errorf("%s: %d descriptors are registered, %d open", name, n, fake.Open())
			}
			return nil
		})
	}
	// Two fakes know nothing of each other.
	if _, _, err := stream.Pair(context.Background(), l, start(poll.NewFake())); err == nil {
		t.Error("connected over two pollers")
	}
}

func TestSetNoDelay_IsForEveryStream(t *testing.T) {
	l := running(t)
	near, far := pair(t, l) // of Unix sockets, where there are some
	l.Do(t.Context(), func(context.Context) error {
		near.SetNoDelay(true)
		near.SetNoDelay(false)
		far.CloseNow()
		near.SetNoDelay(true)
		near.CloseNow()
		near.SetNoDelay(true)
		if near.Err() != nil {
			t.Errorf("%v", near.Err())
		}
		return nil
	})
}

// The standard library's readers and writers work on a stream, in a coroutine and in a
// goroutine.
func TestReader_ServesTheStandardLibrary(t *testing.T) {
	l := running(t)
	talk := func(ctx context.Context) error {
		near, far, err := stream.Pair(ctx, l, l)
		if err != nil {
			return err
		}
		sent := async.Go(ctx, func(ctx context.Context) (int, error) {
			w := bufio.NewWriter(near.Writer(ctx))
			fmt.Fprintf(w, "first line\n")
			json.NewEncoder(w).Encode(map[string]int{"answer": 42})
			n, err := io.Copy(w, strings.NewReader(strings.Repeat("z", 300_000)))
			if err := errors.Join(err, w.Flush(), near.Flush(ctx)); err != nil {
				return 0, err
			}
			return int(n), l.Do(ctx, func(context.Context) error { near.Close(); return nil })
		})
		r := bufio.NewReader(far.Reader(ctx))
		line, err := r.ReadString('\n')
		if line != "first line\n" || err != nil {
			t.Errorf("%q, %v", line, err)
		}
		var v struct{ Answer int }
		d := json.NewDecoder(r)
		if err := d.Decode(&v); v.Answer != 42 || err != nil {
			t.Errorf("%+v, %v", v, err)
		}
		var rest strings.Builder
		if _, err := io.Copy(&rest, io.MultiReader(d.Buffered(), r)); strings.TrimSpace(rest.String()) != strings.Repeat("z", 300_000) || err != nil {
			t.Errorf("%d bytes, %v", rest.Len(), err)
		}
		if _, err := sent.Wait(ctx); err != nil {
			t.Error(err)
		}
		return l.Do(ctx, func(context.Context) error { far.CloseNow(); return nil })
	}
	if err := talk(t.Context()); err != nil {
		t.Error(err)
	}
	done := make(chan error, 1)
	l.Spawn(t.Context(), func(ctx context.Context) { done <- talk(ctx) })
	if err := <-done; err != nil {
		t.Error(err)
	}
}
