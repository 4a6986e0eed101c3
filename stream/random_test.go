package stream_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"eddy/async"
	"eddy/stream"
)

// counting returns n bytes of the endless sequence 0, 1, … 250, 0, … from place on. Its
// period has no factor in common with the sizes of buffers.
func counting(place, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte((place + i) % 251)
	}
	return p
}

// Writes and reads of all kinds and sizes, reads that are cancelled at any moment among them,
// between two loops: every byte arrives, once and in its place.
func TestStream_AnyCallsInAnyOrder(t *testing.T) {
	const total = 1 << 20
	a, b := running(t), running(t)
	for seed := range uint64(4) {
		ctx := t.Context()
		near, far, err := stream.Pair(ctx, a, b)
		if err != nil {
			t.Fatal(err)
		}
		sent := async.Go(ctx, func(ctx context.Context) (int, error) {
			return total, writeAnyhow(ctx, near, rand.New(rand.NewPCG(seed, 1)), total)
		})
		r := rand.New(rand.NewPCG(seed, 2))
		for got := 0; got < total; {
			p, err := readAnyhow(ctx, far, r, total-got)
			if !bytes.Equal(p, counting(got, len(p))) {
				t.Fatalf("seed %d: bytes are not in their place behind %d", seed, got)
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Fatalf("seed %d, after %d bytes: %v", seed, got, err)
			}
			got += len(p)
		}
		if _, err := sent.Wait(ctx); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if p, err := far.ReadUntilClose(ctx, 0); len(p) != 0 || err != nil {
			t.Errorf("seed %d: %d bytes too many, %v", seed, len(p), err)
		}
		b.Post(far.CloseNow)
	}
}

func writeAnyhow(ctx context.Context, s *stream.Stream, r *rand.Rand, total int) error {
	var last *async.Future[struct{}]
	for at := 0; at < total; {
		p := counting(at, min(size(r), total-at))
		at += len(p)
		var err error
		switch r.IntN(4) {
		case 0:
			err = s.Write(ctx, p)
		case 1:
			_, err = s.Writer(ctx).Write(p)
		case 2:
			err = s.Loop().Do(ctx, func(context.Context) (err error) { last, err = s.WriteFuture(p); return err })
		case 3:
			err = errors.Join(s.Write(ctx, p), s.Flush(ctx))
		}
		if err != nil {
			return err
		}
	}
	s.Loop().Post(s.Close)
	if last != nil {
		_, err := last.Wait(ctx)
		return err
	}
	return nil
}

// size is small most often.
func size(r *rand.Rand) int { return 1 + r.IntN(1<<r.IntN(18)) }

// readAnyhow does one read of at most so many bytes, which may be cancelled.
func readAnyhow(ctx context.Context, s *stream.Stream, r *rand.Rand, most int) ([]byte, error) {
	if spins := r.IntN(200); spins < 50 {
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		ctx = short
		go func() {
			for range spins {
				runtime.Gosched()
			}
			cancel()
		}()
	}
	n := min(size(r), most)
	switch r.IntN(5) {
	case 0:
		return s.ReadBytes(ctx, n)
	case 1:
		return s.ReadSome(ctx, n)
	case 2:
		p := make([]byte, n)
		n, err := s.ReadFull(ctx, p)
		return p[:n], err
	case 3:
		p := make([]byte, n)
		n, err := s.Read(ctx, p)
		return p[:n], err
	default:
		if p, err := s.Peek(ctx, n); err != nil {
			return nil, err
		} else if again, err := s.ReadBytes(context.WithoutCancel(ctx), n); err != nil || !bytes.Equal(p, again) {
			return nil, errors.Join(err, errors.New("Peek saw something else"))
		} else {
			return again, nil
		}
	}
}
