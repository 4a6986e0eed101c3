package stream_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"eddy/loop"
	"eddy/stream"
)

// bench runs f in a coroutine, with the two ends of a connection.
func bench(b *testing.B, f func(ctx context.Context, near, far *stream.Stream) error) {
	b.ReportAllocs()
	l := running(b)
	near, far := pair(b, l)
	if err := l.Do(context.Background(), func(ctx context.Context) error {
		defer near.CloseNow()
		defer far.CloseNow()
		return f(ctx, near, far)
	}); err != nil {
		b.Error(err)
	}
}

// supply writes p again and again, as a coroutine, until the stream is closed.
func supply(ctx context.Context, l *loop.Loop, s *stream.Stream, p []byte) {
	l.Spawn(ctx, func(ctx context.Context) {
		for s.Write(ctx, p) == nil {
		}
	})
}

func BenchmarkReadUntil_Lines(b *testing.B) {
	bench(b, func(ctx context.Context, near, far *stream.Stream) error {
		line := strings.Repeat("x", 63) + "\n"
		supply(ctx, near.Loop(), near, []byte(strings.Repeat(line, 256)))
		b.SetBytes(int64(len(line)))
		for b.Loop() {
			if _, err := far.ReadUntil(ctx, []byte("\n"), 0); err != nil {
				return err
			}
		}
		return nil
	})
}

func BenchmarkReadBytes_16(b *testing.B) {
	bench(b, func(ctx context.Context, near, far *stream.Stream) error {
		supply(ctx, near.Loop(), near, make([]byte, 16<<10))
		b.SetBytes(16)
		for b.Loop() {
			if _, err := far.ReadBytes(ctx, 16); err != nil {
				return err
			}
		}
		return nil
	})
}

// An echo goes through two coroutines and the kernel twice.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{16, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { bench(b, echoes(b, size)) })
	}
}

// echoes sends a message of size bytes to and fro.
func echoes(b *testing.B, size int) func(ctx context.Context, near, far *stream.Stream) error {
	return func(ctx context.Context, near, far *stream.Stream) error {
		near.Loop().Spawn(ctx, func(ctx context.Context) {
			p := make([]byte, size)
			for {
				n, err := far.Read(ctx, p)
				if err == nil {
					err = far.Write(ctx, p[:n])
				}
				if err != nil {
					return
				}
			}
		})
		p := make([]byte, size)
		b.SetBytes(int64(size))
		for b.Loop() {
			if err := near.Write(ctx, p); err != nil {
				return err
			}
			if _, err := near.ReadFull(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}
}

func BenchmarkWriteFuture(b *testing.B) {
	bench(b, func(ctx context.Context, near, far *stream.Stream) error {
		p := make([]byte, 16)
		buf := make([]byte, 16)
		for b.Loop() {
			f, err := near.WriteFuture(p)
			if err != nil {
				return err
			}
			if _, err := f.Wait(ctx); err != nil {
				return err
			}
			if _, err := far.ReadFull(ctx, buf); err != nil {
				return err
			}
		}
		return nil
	})
}
