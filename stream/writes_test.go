package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"eddy/async"
	"eddy/loop"
	"eddy/stream"
)

// future writes and returns the future, which must be given.
func (h *harness) future(p string) (f *async.Future[struct{}]) {
	h.t.Helper()
	f, err := h.s.WriteFuture([]byte(p))
	if err != nil {
		h.t.Errorf("WriteFuture(%q): %v", p, err)
	}
	return f
}

// Each future is done with its own last byte, however the kernel takes them and whatever
// else is sent between.
func TestWriteFuture_IsDoneAtItsOwnByte(t *testing.T) {
	sizes := []int{3, 0, 5, 1, 0, 7}
	total := 16
	for _, step := range []int{1, 2, 3, 5, total + 8} {
		for _, way := range []string{"room", "short writes", "EAGAIN storm"} {
			bubble(t, nil, func(h *harness) {
				var futures []*async.Future[struct{}]
				var ends []int
				h.peer.SetRoom(0)
				h.on(func() {
					h.s.SendBytes([]byte("earlier."))
					end := 8
					for i, n := range sizes {
						futures = append(futures, h.future(strings.Repeat("x", n)))
						end += n
						ends = append(ends, end)
						if i == 2 { // engine code sends, too
							h.s.SendBytes([]byte("?"))
							b := h.loop.GetBuffer()
							b.Append([]byte("!"))
							h.s.Send(b)
							end += 2
						}
					}
				})
				switch way {
				case "short writes":
					h.peer.SetMost(0, 1)
				case "EAGAIN storm":
					h.peer.SetStorm(5)
				}
				for got := 0; got < total+10; {
					for i, f := range futures {
						if f.Done() != (got >= ends[i]) {
							t.Fatalf("%s, step %d: after %d bytes future %d (at %d) is done: %v", way, step, got, i, ends[i], f.Done())
						}
					}
					h.peer.SetRoom(step)
					h.settle()
					n := len(h.peer.Take())
					if got += n; n == 0 {
						t.Fatal("nothing goes on")
					}
				}
				for i, f := range futures {
					if _, err, done := f.Result(); err != nil || !done {
						t.Errorf("future %d at the end: %v, %v", i, err, done)
					}
				}
			})
		}
	}
}

func TestWriteFuture_EmptyOnAnIdleStreamIsDone(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.on(func() {
			if f := h.future(""); !f.Done() {
				t.Error("nothing was written, and it is not done")
			}
		})
	})
}

// Those whose bytes have left are done, also when the stream ends at once; the others fail.
func TestWriteFuture_FailsForWhatIsCutOff(t *testing.T) {
	for name, tt := range map[string]struct {
		end   func(h *harness)
		cause error
	}{
		"reset":     {func(h *harness) { h.peer.Reset(syscall.ECONNRESET) }, syscall.ECONNRESET},
		"CloseNow":  {func(h *harness) { h.on(h.s.CloseNow) }, stream.ErrClosed},
		"loop ends": {func(h *harness) { h.loop.Close() }, loop.ErrClosed},
	} {
		bubble(t, nil, func(h *harness) {
			h.peer.SetRoom(5)
			var in, out *async.Future[struct{}]
			h.on(func() { in, out = h.future("12345"), h.future("6") })
			tt.end(h)
			h.settle()
			if _, err, done := in.Result(); !done || err != nil {
				t.Errorf("%s: what has left: %v, %v", name, err, done)
			}
			if _, err, done := out.Result(); !done || !errors.Is(err, stream.ErrClosed) || !errors.Is(err, tt.cause) {
				t.Errorf("%s: what was cut off: %v, %v", name, err, done)
			}
		})
	}
}

// Close writes first: its bytes are not cut off.
func TestWriteFuture_IsDoneBeforeClose(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		var f *async.Future[struct{}]
		h.on(func() { f = h.future("last"); h.s.Close() })
		if _, err, done := f.Result(); !done || err != nil || !h.closed() {
			t.Errorf("%v, %v, or not closed", err, done)
		}
		h.on(func() {
			if _, err := h.s.WriteFuture(nil); err != stream.ErrClosed {
				t.Errorf("on a closed stream: %v", err)
			}
		})
	})
}

func TestFlush_DoesNotWaitForWhatComesLater(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(0)
		h.s.Write(h.ctx, []byte("12345"))
		f := async.Go(h.ctx, func(ctx context.Context) (int, error) { return 0, h.s.Flush(ctx) })
		h.settle()
		h.s.Write(h.ctx, []byte("6"))
		h.peer.SetRoom(5)
		if _, err := f.Wait(h.ctx); err != nil || h.peer.Take() != "12345" {
			t.Errorf("%v", err)
		}
	})
}

func TestFlush_GivenUpLeavesNothingBehind(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(0)
		h.s.Write(h.ctx, []byte("1"))
		for range 100 {
			ctx, cancel := context.WithCancel(h.ctx)
			f := async.Go(ctx, func(ctx context.Context) (int, error) { return 0, h.s.Flush(ctx) })
			h.settle()
			cancel()
			if _, err := f.Wait(h.ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		h.on(func() {
			if n := h.s.Promises(); n != 1 {
				t.Errorf("%d promises are left of 100 calls, want 1", n)
			}
		})
	})
}

// What does not fit is refused at once and whole; what fits exactly is taken.
func TestSetMaxWrite_RefusesAtOnceAndWhole(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(0)
		h.on(func() {
			h.s.SetMaxWrite(10)
			h.future("12345")
			for _, p := range []string{"678901", strings.Repeat("x", 1000)} {
				if f, err := h.s.WriteFuture([]byte(p)); f != nil || err != stream.ErrBufferFull {
					t.Errorf("WriteFuture of %d bytes: %v", len(p), err)
				}
			}
			if h.s.Pending() != 5 || !h.s.Writing() {
				t.Errorf("%d bytes wait, want 5", h.s.Pending())
			}
		})
		if err := h.s.Write(h.ctx, []byte("678901")); err != stream.ErrBufferFull {
			t.Errorf("Write: %v", err)
		}
		if err := h.s.Write(h.ctx, []byte("67890")); err != nil {
			t.Errorf("Write of what fits: %v", err)
		}
		h.peer.SetRoom(-1)
		h.settle()
		if got := h.peer.Take(); got != "1234567890" {
			t.Errorf("the peer got %q", got)
		}
		h.on(func() {
			if h.s.Writing() {
				t.Error("still writing")
			}
			h.s.SetMaxWrite(0)
			h.future(strings.Repeat("x", 1000))
			if _, err := h.s.WriteFuture(make([]byte, stream.DefaultMaxWrite)); err != stream.ErrBufferFull {
				t.Errorf("the default does not hold: %v", err)
			}
		})
	})
}

// Every byte arrives once and in order, whatever the kernel takes at a time.
func TestWrite_HoweverTheKernelTakesThem(t *testing.T) {
	const text = "0123456789abcdef"
	for most := range len(text) + 1 {
		for _, storm := range []int{0, 1, 6} {
			for _, room := range []int{1, 3, 100} {
				bubble(t, nil, func(h *harness) {
					h.peer.SetMost(0, most)
					h.peer.SetStorm(storm)
					h.peer.SetRoom(0)
					done := async.Go(h.ctx, func(ctx context.Context) (int, error) {
						for _, piece := range []string{text[:4], "", text[4:5], text[5:]} {
							if err := h.s.Write(ctx, []byte(piece)); err != nil {
								return 0, err
							}
						}
						return 0, h.s.Flush(ctx)
					})
					got := ""
					for range len(text) + 2 {
						h.peer.SetRoom(room)
						h.settle()
						got += h.peer.Take()
					}
					if _, err := done.Wait(h.ctx); err != nil || got != text {
						t.Errorf("%d at most, %d EAGAIN, room %d: %q, %v", most, storm, room, got, err)
					}
				})
			}
		}
	}
}

func TestWriter_SplitsWhatIsLarge(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.on(func() { h.s.SetMaxWrite(2 * stream.HighWater) })
		want := strings.Repeat("0123456789", stream.HighWater)
		n, err := h.s.Writer(h.ctx).Write([]byte(want))
		if n != len(want) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if err := h.s.Flush(h.ctx); err != nil || h.peer.Take() != want {
			t.Errorf("%v", err)
		}
		h.peer.Reset(syscall.EPIPE)
		h.settle()
		if n, err := h.s.Writer(h.ctx).Write([]byte("x")); n != 0 || !errors.Is(err, syscall.EPIPE) {
			t.Errorf("on a failed stream: %d, %v", n, err)
		}
	})
}

// A coroutine that writes small pieces without end does not keep the loop.
func TestWrite_LeavesTurnsToOthers(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		var order []string
		h.loop.Do(h.ctx, func(ctx context.Context) error {
			h.loop.Post(func() { order = append(order, "other") })
			for i := range 3 * stream.FairShare >> 10 {
				if err := h.s.Write(ctx, []byte("x")); err != nil {
					return err
				}
				if i+1 == stream.FairShare>>10 {
					order = append(order, fmt.Sprint(i+1, " writes"))
				}
			}
			return nil
		})
		if want := []string{"other", "256 writes"}; !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
	})
}
