package stream

import (
	"context"
	"io"
)

// Reader returns an io.Reader of the stream, for bufio, json.Decoder, io.Copy and the like:
// its reads are those of [Stream.Read] with ctx. Any goroutine.
func (s *Stream) Reader(ctx context.Context) io.Reader { return reader{s, ctx} }

// Writer returns an io.Writer of the stream. Its writes are those of [Stream.Write] with
// ctx; larger ones go in pieces of HighWater, each when there is room for it, so that
// concurrent ones may mix. What is written leaves when the loop sleeps; see
// [Stream.Flush]. Any goroutine.
func (s *Stream) Writer(ctx context.Context) io.Writer { return writerView{s, ctx} }

type reader struct {
	s   *Stream
	ctx context.Context
}

func (r reader) Read(p []byte) (int, error) { return r.s.Read(r.ctx, p) }

type writerView struct {
	s   *Stream
	ctx context.Context
}

func (w writerView) Write(p []byte) (n int, err error) {
	for err == nil && n < len(p) {
		piece := p[n:min(n+HighWater, len(p))]
		if err = w.s.Write(w.ctx, piece); err == nil {
			n += len(piece)
		}
	}
	return n, err
}
