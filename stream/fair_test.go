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
	for name, read := range map[string]func(ctx context.Context, s *stream.Stream) (int, error){
		"from the kernel": func(ctx context.Context, s *stream.Stream) (int, error) { return s.Read(ctx, make([]byte, 4<<10)) },
		"from the buffer": func(ctx context.Context, s *stream.Stream) (int, error) { return s.Read(ctx, make([]byte, 16)) },
		"lines": func(ctx context.Context, s *stream.Stream) (int, error) {
			p, err := s.ReadUntil(ctx, []byte("\n"), 0)
			return len(p), err
		},
		"in one call": func(ctx context.Context, s *stream.Stream) (int, error) {
			p, err := s.ReadUntilClose(ctx, total)
			return len(p), err
		},
		"fully": func(ctx context.Context, s *stream.Stream) (int, error) { return s.ReadFull(ctx, make([]byte, total)) },
		"waiting itself": func(ctx context.Context, s *stream.Stream) (int, error) {
			err := s.WaitReadable(ctx, 4<<10)
			n := len(s.Unread())
			s.Discard(n)
			return n, err
		},
	} {
		t.Run(name, func(t *testing.T) {
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
				turns := 0
				h.loop.Do(h.ctx, func(ctx context.Context) error {
					for got := 0; got < total; {
						if other.readable == turns {
							peer.Send("x") // heard once a turn
						}
						turns = other.readable
						n, err := read(ctx, h.s)
						if err != nil {
							t.Fatal(err)
						}
						got += n
					}
					return nil
				})
				h.on(func() {
					// One call may turn many times, with the other stream served once.
					if want := 6; other.readable < want && name != "in one call" && name != "fully" || other.readable == 0 {
						t.Errorf("the other stream was served %d times while %d shares were read", other.readable, total/stream.FairShare)
					}
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
		ctx, cancel := context.WithCancel(h.ctx)
		h.loop.Do(ctx, func(ctx context.Context) error {
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
