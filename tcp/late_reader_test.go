package tcp_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/stream"
	"eddy/tcp"
)

// A handler that has said its last word and is busy when its peer does so, too, finds what the
// peer sent: it is the handler that reads, though the stream has a sink.
func TestServer_ReadsWhatCameBeforeBothEnds(t *testing.T) {
	const size = 100 << 10
	var got string
	var err error
	h := func(ctx context.Context, s *stream.Stream) error {
		ctx = context.WithoutCancel(ctx)
		s.CloseWrite()
		if err := async.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		var data []byte
		data, err = s.ReadUntilClose(ctx, 2*size)
		got = string(data)
		return nil
	}
	serveFake(t, tcp.ServerOptions{}, nil, h, func(s *fakeServer) {
		p := s.connect()
		p.Send(strings.Repeat("x", size))
		p.CloseWrite()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got != strings.Repeat("x", size) || err != nil {
			t.Errorf("got %d bytes of %d, %v", len(got), size, err)
		}
	})
}
