package stream_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"eddy/stream"
)

// A coroutine whose reads are always satisfied at once does not keep the loop: another
// stream's bytes are dealt with after a share of them.
func TestRead_LeavesTurnsToOthers(t *testing.T) {
	const total = 8 * stream.FairShare
	line := bytes.Repeat([]byte("x"), 1023)
	line = append(line, '\n')
	type call = func(ctx context.Context, s *stream.Stream) (int, error)
	for _, tt := range []struct {
		name        string
		read        call
		least, most int // times that the other stream is served
	}{
		{"from the kernel", func(ctx context.Context, s *stream.Stream) (int, error) {
			return s.Read(ctx, make([]byte, 4<<10))
		}, 8, 12},
		{"from the buffer", func(ctx context.Context, s *stream.Stream) (int, error) {
			return s.Read(ctx, make([]byte, 16))
		}, 400, 600}, // by the number of calls
		{"lines", func(ctx context.Context, s *stream.Stream) (int, error) {
			p, err := s.ReadUntil(ctx, []byte("\n"), 0)
			return len(p), err
		}, 8, 18},
		{"in one call", func(ctx context.Context, s *stream.Stream) (int, error) {
			p, err := s.ReadUntilClose(ctx, total)
			return len(p), err
		}, 1, 1},
		{"fully", func(ctx context.Context, s *stream.Stream) (int, error) {
			return s.ReadFull(ctx, make([]byte, total))
		}, 1, 1},
		{"waiting itself", func(ctx context.Context, s *stream.Stream) (int, error) {
			err := s.WaitReadable(ctx, 4<<10)
			n := len(s.Unread())
			s.Discard(n)
			return n, err
		}, 6, 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(h *harness) {
				other := &recorder{s: new(stream.Stream)}
				fd, peer := h.fake.Socket()
				h.on(func() {
					if err := other.s.Init(h.loop, fd, other); err != nil {
						t.Error(err)
					}
				})
				h.peer.Send(string(bytes.Repeat(line, total/len(line))))
				h.peer.CloseWrite()
				h.settle()
				h.loop.Do(h.ctx, func(ctx context.Context) error {
					served := -1
					for got := 0; got < total; {
						if other.readable != served {
							served = other.readable
							peer.Send("x") // to be heard again in the next turn
						}
						n, err := tt.read(ctx, h.s)
						if err != nil {
							t.Fatal(err)
						}
						got += n
					}
					if served = other.readable; served < tt.least || served > tt.most {
						t.Errorf("the other stream was served %d times while %d shares were read, want %d to %d", served, total/stream.FairShare, tt.least, tt.most)
					}
					return nil
				})
			})
		})
	}
}

// Also a context that has ended does not keep the loop, and is given what is there.
func TestRead_CancelledLeavesTurnsToOthers(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.Send(string(make([]byte, 2*stream.FairShare)))
		others := 0
		h.loop.Do(h.ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			h.loop.Post(func() { others++ })
			for got := 0; got < 2*stream.FairShare; {
				n, err := h.s.Read(ctx, make([]byte, 4<<10))
				if err != nil {
					t.Errorf("after %d bytes: %v", got, err)
					return nil
				}
				got += n
			}
			if _, err := h.s.Read(ctx, make([]byte, 1)); !errors.Is(err, context.Canceled) {
				t.Errorf("when nothing is left: %v", err)
			}
			return nil
		})
		if others != 1 {
			t.Error("no turn was left to others")
		}
	})
}

// A read that gives way to others can be interrupted as one that waits.
func TestRead_InterruptedWhileOthersHaveTheirTurn(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		late := errors.New("late")
		h.peer.Send(string(make([]byte, 4*stream.FairShare)))
		h.loop.Do(h.ctx, func(ctx context.Context) error {
			h.loop.Post(func() { h.s.InterruptRead(late) })
			if _, err := h.s.ReadFull(ctx, make([]byte, 4*stream.FairShare)); err != late {
				t.Errorf("%v", err)
			}
			return nil
		})
	})
}
