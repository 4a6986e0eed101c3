package httpclient

import (
	"context"
	"time"

	"eddy/stream"
)

// pumpPiece is how much is carried at once.
const pumpPiece = 32 << 10

// lastWords is how long what was written before the end may take to get to the proxy.
const lastWords = 5 * time.Second

// unwrapped returns a stream of what s carries, for TLS within the TLS of a proxy: a stream can have one of
// them. Two coroutines carry the bytes, and a third sees to it that s ends with what was returned, even if the proxy
// takes nothing more. They have no values of ctx, because they live as long as the connection.
func unwrapped(ctx context.Context, s *stream.Stream) (*stream.Stream, error) {
	l := s.Loop()
	near, far, err := stream.Pair(ctx, l, l)
	if err != nil {
		return nil, err
	}
	life := context.Background()
	begun := l.Spawn(life, func(ctx context.Context) { pump(ctx, s, far) }) &&
		l.Spawn(life, func(ctx context.Context) { pump(ctx, far, s) }) &&
		l.Spawn(life, func(ctx context.Context) { endWith(ctx, far, s) })
	if !begun { // the loop is being closed, and with it the streams
		return nil, ErrClosed
	}
	return near, nil
}

// pump carries bytes until one of the streams ends, and then ends the other one.
func pump(ctx context.Context, from, to *stream.Stream) {
	for {
		piece, err := from.ReadSome(ctx, pumpPiece)
		if err == nil {
			err = to.Write(ctx, piece)
		}
		if err != nil {
			break
		}
	}
	to.Loop().Do(ctx, func(context.Context) error { to.Close(); return nil })
}

// endWith closes s when nobody writes to far any more.
func endWith(ctx context.Context, far, s *stream.Stream) {
	far.WaitHangup(ctx)
	s.Loop().Do(ctx, func(context.Context) error {
		s.Loop().CallLater(lastWords, s.CloseNow)
		return nil
	})
}
