package stream_test

import (
	"context"
	"errors"
	"testing"

	"eddy/internal/testcert"
	"eddy/stream"
)

// benchTLS is bench with TLS between the two ends.
func benchTLS(b *testing.B, f func(ctx context.Context, near, far *stream.Stream) error) {
	a := testcert.Shared()
	config := a.Server(b)
	bench(b, func(ctx context.Context, near, far *stream.Stream) error {
		done := make(chan error, 1)
		go func() { done <- far.StartTLS(context.Background(), stream.Server, config) }()
		if err := near.StartTLS(ctx, stream.Client, a.Client()); err != nil {
			return err
		}
		b.ResetTimer()
		return errors.Join(f(ctx, near, far), <-done)
	})
}

func BenchmarkTLS_Echo16B(b *testing.B)   { benchTLS(b, echoes(b, 16)) }
func BenchmarkTLS_Echo64KiB(b *testing.B) { benchTLS(b, echoes(b, 64<<10)) }
