package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"eddy/async"
	"eddy/internal/poll"
	"eddy/internal/testcert"
	"eddy/loop"
	"eddy/stream"
)

const (
	flood = 8 << 20
	// held is the most that one direction may keep of a flood that nobody drinks: what Write
	// admits, a piece on its way, what was read ahead, TLS' records, and 64 KiB in the pair that
	// stands for the network.
	held = 512 << 10
)

// between is a proxied connection in memory: the client is a stream with TLS, the upstream a
// peer of the fake poller.
type between struct {
	client   *stream.Stream
	upstream *poll.Peer
	ended    chan error         // what serve has returned
	gone     context.CancelFunc // ends the context of serve
}

// bubble runs f with the handshake done and the upstream dialled, which fails with refusal.
func bubble(t *testing.T, refusal error, f func(ctx context.Context, b *between)) {
	server, client := testcert.Shared().Server(t), testcert.Shared().Client()
	synctest.Test(t, func(t *testing.T) {
		fake, b := poll.NewFake(), &between{ended: make(chan error, 1)}
		fake.OnConnect(func(_ poll.Target, far *poll.Peer) error {
			b.upstream = far
			far.Establish()
			return refusal
		})
		l, err := loop.New(loop.Options{Poller: fake, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		ctx := context.Background()
		near, far, err := stream.Pair(ctx, l, l)
		if err != nil {
			t.Fatal(err)
		}
		var secured async.Event
		l.Spawn(ctx, func(ctx context.Context) {
			if err := errors.Join(near.StartTLS(ctx, stream.Server, server), secured.Wait(ctx)); err != nil {
				t.Error(err)
			}
			ctx, b.gone = context.WithCancel(ctx)
			defer b.gone()
			b.ended <- serve(ctx, near, "192.0.2.1:80")
			l.Post(near.Close)
		})
		b.client = far
		if err := far.StartTLS(ctx, stream.Client, client); err != nil {
			t.Fatal(err)
		}
		secured.Set()
		synctest.Wait()
		if b.upstream == nil {
			t.Fatal("the upstream was not dialled")
		}
		f(ctx, b)
		l.Close()
		if n := fake.Open(); n != 0 {
			t.Errorf("%d descriptors are open after the loop was closed", n)
		}
	})
}

// waiting returns how many bytes the client has not been able to send.
func (b *between) waiting(ctx context.Context) (n int) {
	b.client.Loop().Do(ctx, func(context.Context) error { n = b.client.Pending(); return nil })
	return n
}

func TestProxy_ASlowUpstreamHoldsItsClientBack(t *testing.T) {
	bubble(t, nil, func(ctx context.Context, b *between) {
		b.upstream.SetRoom(0)
		var written atomic.Int64
		go func() {
			piece := []byte(strings.Repeat("x", 16<<10))
			for range flood / len(piece) {
				if err := b.client.Write(ctx, piece); err != nil {
					t.Error(err)
				}
				written.Add(int64(len(piece)))
			}
			b.client.Loop().Post(b.client.CloseWrite)
		}()
		synctest.Wait()
		taken := int(written.Load()) - b.waiting(ctx)
		if taken < stream.HighWater || taken > held {
			t.Errorf("%d bytes are under way while the upstream takes nothing, want at most %d", taken, held)
		}
		b.upstream.SetRoom(-1)
		synctest.Wait()
		if got := b.upstream.Take(); got != strings.Repeat("x", flood) {
			t.Errorf("the upstream got %d bytes of %d", len(got), flood)
		}
		if closed, ended := b.upstream.Closed(); closed || !ended {
			t.Errorf("closed %v, ended %v: want the client's end and no more", closed, ended)
		}
	})
}

func TestProxy_ASlowClientHoldsTheUpstreamBack(t *testing.T) {
	bubble(t, nil, func(ctx context.Context, b *between) {
		b.upstream.Send(strings.Repeat("x", flood))
		b.upstream.CloseWrite()
		synctest.Wait()
		if taken := flood - b.upstream.Unread(); taken < stream.HighWater || taken > held {
			t.Errorf("%d bytes are under way while the client reads nothing, want at most %d", taken, held)
		}
		got, err := b.client.ReadUntilClose(ctx, flood)
		if string(got) != strings.Repeat("x", flood) || err != nil {
			t.Errorf("the client got %d bytes of %d, %v", len(got), flood, err)
		}
	})
}

// A server ends its handler's context two seconds after the end of a client that nobody has read
// yet. The client may wait for longer than that.
func TestProxy_AClientsEndBehindMuchIsPatient(t *testing.T) {
	bubble(t, nil, func(ctx context.Context, b *between) {
		b.upstream.SetRoom(0)
		question := strings.Repeat("?", held) // more than Write takes without parking
		go func() {
			b.client.Writer(ctx).Write([]byte(question))
			b.client.Loop().Post(b.client.CloseWrite)
		}()
		synctest.Wait()
		b.gone()
		synctest.Wait()
		b.upstream.SetRoom(-1)
		synctest.Wait()
		if got := b.upstream.Take(); got != question {
			t.Errorf("the upstream got %d bytes of %d", len(got), len(question))
		}
		b.upstream.Send("answer")
		b.upstream.CloseWrite()
		if got, err := b.client.ReadUntilClose(ctx, 0); string(got) != "answer" || err != nil || b.truncated(ctx) {
			t.Errorf("the client got %q, %v", got, err)
		}
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
	})
}

func (b *between) truncated(ctx context.Context) (is bool) {
	b.client.Loop().Do(ctx, func(context.Context) error { is = b.client.Truncated(); return nil })
	return is
}

// A failure of one side ends the other, also while that one does not move.
func TestProxy_AFailureEndsTheOtherSide(t *testing.T) {
	t.Run("upstream", func(t *testing.T) {
		bubble(t, nil, func(ctx context.Context, b *between) {
			b.upstream.Send(strings.Repeat("x", flood)) // back is stuck in its write
			synctest.Wait()
			b.upstream.Reset(syscall.ECONNRESET)
			if err := <-b.ended; !errors.Is(err, stream.ErrClosed) {
				t.Error(err)
			}
			if _, err := b.client.ReadUntilClose(ctx, flood); err == nil && !b.truncated(ctx) {
				t.Error("the client was told that this is the end")
			}
		})
	})
	t.Run("client", func(t *testing.T) {
		bubble(t, nil, func(ctx context.Context, b *between) {
			b.upstream.SetRoom(0)
			go b.client.Writer(ctx).Write(make([]byte, flood)) // there is stuck in its write
			b.upstream.Send(strings.Repeat("x", flood))
			synctest.Wait()
			b.client.Loop().Post(b.client.CloseNow) // with unread bytes: a reset
			<-b.ended
			synctest.Wait()
			if closed, _ := b.upstream.Closed(); !closed {
				t.Error("the upstream is connected without a client")
			}
		})
	})
}

// Who cuts a connection without the word of TLS has not ended it.
func TestProxy_ACutIsNoEnd(t *testing.T) {
	bubble(t, nil, func(ctx context.Context, b *between) {
		if err := b.client.Write(ctx, []byte("half a sentence")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.client.Loop().Post(b.client.CloseNow)
		if err := <-b.ended; err != io.EOF {
			t.Error(err)
		}
		synctest.Wait()
		if closed, _ := b.upstream.Closed(); !closed {
			t.Error("the upstream waits for the rest")
		}
	})
}

// When the upstream is down, the client is not told that its answer is empty.
func TestProxy_UpstreamDownIsNoEnd(t *testing.T) {
	bubble(t, syscall.ECONNREFUSED, func(ctx context.Context, b *between) {
		if err := <-b.ended; !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
		if got, err := b.client.ReadUntilClose(ctx, 0); len(got) > 0 || err == nil && !b.truncated(ctx) {
			t.Errorf("%q, %v, and that was said to be the end", got, err)
		}
	})
}

// Nothing is left of a connection that is stuck both ways when the loop is closed.
func TestProxy_EndsWithItsLoop(t *testing.T) {
	bubble(t, nil, func(ctx context.Context, b *between) {
		b.upstream.SetRoom(0)
		b.upstream.Send(strings.Repeat("x", flood))
		go b.client.Writer(ctx).Write(make([]byte, flood))
		synctest.Wait()
	})
}

// That both have said all does not mean that both have heard it.
func TestProxy_ASlowUpstreamGetsTheLastBytes(t *testing.T) {
	bubble(t, nil, func(ctx context.Context, b *between) {
		b.upstream.SetRoom(0)
		b.upstream.CloseWrite()
		if err := b.client.Write(ctx, []byte("the last word")); err != nil {
			t.Fatal(err)
		}
		b.client.Loop().Post(b.client.CloseWrite)
		if got, err := b.client.ReadUntilClose(ctx, 0); len(got) > 0 || err != nil {
			t.Errorf("the client got %q, %v", got, err)
		}
		synctest.Wait()
		b.upstream.SetRoom(-1)
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		if got := b.upstream.Take(); got != "the last word" {
			t.Errorf("the upstream got %q", got)
		}
	})
}
