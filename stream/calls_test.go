package stream_test

import (
	"context"
	"errors"
	"runtime"
	"syscall"
	"testing"
	"time"

	"eddy/async"
	"eddy/internal/polltest"
	"eddy/loop"
	"eddy/stream"
)

// A second read is refused, also one that what is there would satisfy; the first one goes on.
func TestRead_OneAtATime(t *testing.T) {
	for _, there := range []string{"", "a"} {
		bubble(t, nil, func(h *harness) {
			h.peer.Send(there)
			first := async.Go(h.ctx, func(ctx context.Context) ([]byte, error) { return h.s.ReadBytes(ctx, 3) })
			h.settle()
			if p, err := h.s.ReadBytes(h.ctx, 1); p != nil || !errors.Is(err, stream.ErrReading) {
				t.Errorf("second read: %q, %v, want ErrReading", p, err)
			}
			h.peer.Send("abc"[len(there):])
			if p, err := first.Wait(h.ctx); string(p) != "abc" || err != nil {
				t.Errorf("first read: %q, %v", p, err)
			}
		})
	}
}

func TestWaitReadable_OneAtATime(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		wait := func(ctx context.Context) error { return h.s.WaitReadable(ctx, 1) }
		first := async.Go(h.ctx, func(ctx context.Context) (int, error) { return 0, h.loop.Do(ctx, wait) })
		h.settle()
		if err := h.loop.Do(h.ctx, wait); !errors.Is(err, stream.ErrReading) {
			t.Errorf("second: %v, want ErrReading", err)
		}
		h.peer.Send("x")
		if _, err := first.Wait(h.ctx); err != nil {
			t.Errorf("first: %v", err)
		}
	})
}

func TestRead_CancelledReadLosesNothing(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.Send("ab")
		ctx, cancel := context.WithTimeout(h.ctx, time.Second)
		defer cancel()
		if _, err := h.s.ReadBytes(ctx, 3); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		h.settle()
		h.peer.Send("c")
		if p, err := h.s.ReadBytes(h.ctx, 3); string(p) != "abc" || err != nil {
			t.Errorf("next read: %q, %v", p, err)
		}
	})
}

// Reads from a goroutine are cancelled at any moment: whatever a read does not return, the
// next one must.
func TestRead_CancelRacesWithArrival(t *testing.T) {
	l, err := loop.New(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	fd, peer := polltest.Pair(t, l.Files())
	var s *stream.Stream
	if err := l.Do(t.Context(), func(context.Context) (err error) {
		s, err = stream.New(l, fd)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	const total = 300
	go func() {
		for i := 0; i < total; {
			if n, _ := peer.Write([]byte{byte(i)}); n == 1 {
				i++
			}
			runtime.Gosched()
		}
	}()
	for i, attempt := 0, 0; i < total; attempt++ {
		ctx, cancel := context.WithCancel(t.Context())
		if attempt%4 != 0 { // every fourth read comes through
			go func() {
				for range attempt % 30 {
					runtime.Gosched()
				}
				cancel()
			}()
		}
		p, err := s.ReadBytes(ctx, 1)
		cancel()
		switch {
		case err == nil && p[0] == byte(i):
			i++
		case err == nil:
			t.Fatalf("byte %d was lost: got %d", byte(i), p[0])
		case !errors.Is(err, context.Canceled):
			t.Fatal(err)
		}
	}
}

func TestRead_NothingIsReadUnasked(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.Send("abc")
		h.settle()
		time.Sleep(time.Hour)
		if n := h.peer.Unread(); n != 3 {
			t.Errorf("%d bytes were read without a read", 3-n)
		}
		if p, err := h.s.ReadBytes(h.ctx, 3); string(p) != "abc" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
	})
}

func TestRead_AfterCloseGivesWhatIsBuffered(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.Send("abcdef")
		if p, err := h.s.ReadBytes(h.ctx, 1); string(p) != "a" || err != nil {
			t.Fatalf("%q, %v", p, err)
		}
		h.on(h.s.CloseNow)
		if p, err := h.s.ReadBytes(h.ctx, 2); string(p) != "bc" || err != nil {
			t.Errorf("buffered: %q, %v", p, err)
		}
		if _, err := h.s.ReadBytes(h.ctx, 9); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("beyond: %v, want ErrClosed", err)
		}
	})
}

func TestRead_FailsWithTheStream(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		f := async.Go(h.ctx, func(ctx context.Context) ([]byte, error) { return h.s.ReadBytes(ctx, 3) })
		h.settle()
		h.peer.Reset(syscall.ECONNRESET)
		if _, err := f.Wait(h.ctx); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%v, want ECONNRESET", err)
		}
	})
}

func TestRead_Interrupted(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		late := errors.New("late")
		h.on(func() { h.s.InterruptRead(late) }) // nothing to interrupt
		f := async.Go(h.ctx, func(ctx context.Context) ([]byte, error) { return h.s.ReadBytes(ctx, 3) })
		h.settle()
		h.on(func() { h.s.InterruptRead(late) })
		if _, err := f.Wait(h.ctx); err != late {
			t.Errorf("%v", err)
		}
		h.peer.Send("abc")
		if p, err := h.s.ReadBytes(h.ctx, 3); string(p) != "abc" || err != nil {
			t.Errorf("next read: %q, %v", p, err)
		}
	})
}

// A read that was woken and has not gone on yet is still there, and can still be interrupted: it takes
// nothing from who comes next.
func TestRead_InterruptedWhenItWasWoken(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		late := errors.New("late")
		f := async.Go(h.ctx, func(ctx context.Context) ([]byte, error) { return h.s.ReadBytes(ctx, 3) })
		h.settle()
		h.on(func() {
			h.peer.Send("abc")
			h.s.HandleReady(loop.Read)
			if !h.s.Reading() {
				t.Error("not reading")
			}
			h.s.InterruptRead(late)
			if h.s.Reading() {
				t.Error("reading")
			}
		})
		if _, err := f.Wait(h.ctx); err != late {
			t.Errorf("%v", err)
		}
		if p, err := h.s.ReadBytes(h.ctx, 3); string(p) != "abc" || err != nil {
			t.Errorf("next read: %q, %v", p, err)
		}
	})
}

func TestWrite_ParksAboveHighWater(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(0)
		written := 0
		f := async.Go(h.ctx, func(ctx context.Context) (int, error) {
			for range 10 {
				if err := h.s.Write(ctx, make([]byte, 32<<10)); err != nil {
					return 0, err
				}
				written++
			}
			return written, nil
		})
		h.settle()
		if f.Done() || written > stream.HighWater/(32<<10) {
			t.Fatalf("%d writes of 32 KiB went through to a peer that does not read", written)
		}
		total := 0
		for !f.Done() {
			h.peer.SetRoom(16 << 10)
			h.settle()
			total += len(h.peer.Take())
		}
		h.peer.SetRoom(-1)
		if err := h.s.Flush(h.ctx); err != nil {
			t.Error(err)
		}
		if total += len(h.peer.Take()); total != 320<<10 {
			t.Errorf("the peer got %d bytes", total)
		}
	})
}

func TestFlush_WaitsForTheKernelAndFailsWithTheStream(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(5)
		if err := h.s.Write(h.ctx, []byte("0123456789")); err != nil {
			t.Error(err)
		}
		f := async.Go(h.ctx, func(ctx context.Context) (int, error) { return 0, h.s.Flush(ctx) })
		h.settle()
		if f.Done() {
			t.Error("Flush returned with bytes left")
		}
		h.peer.Reset(syscall.ECONNRESET)
		if _, err := f.Wait(h.ctx); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Flush: %v", err)
		}
		if err := h.s.Write(h.ctx, []byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Write: %v", err)
		}
	})
}

func TestWrite_CancelledWaitKeepsTheBytes(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(0)
		ctx, cancel := context.WithTimeout(h.ctx, time.Second)
		defer cancel()
		if err := h.s.Write(ctx, make([]byte, stream.HighWater+1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		h.settle()
		h.peer.SetRoom(-1)
		h.settle()
		if n := len(h.peer.Take()); n != stream.HighWater+1 {
			t.Errorf("the peer got %d bytes", n)
		}
	})
}

// A coroutine that has blocked has lost its loop. Its calls work as those of any goroutine.
func TestStream_CallsOfACoroutineThatHasBlocked(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		result := make(chan error, 1)
		h.loop.Spawn(h.ctx, func(ctx context.Context) {
			time.Sleep(time.Second)
			co := loop.FromContext(ctx)
			if co.Hold() {
				t.Error("it has not lost its loop: the test shows nothing")
				co.Release()
			}
			line, err := h.s.ReadUntil(ctx, []byte("\n"), 0)
			p := make([]byte, 3)
			_, err2 := h.s.ReadFull(ctx, p)
			rest, err3 := h.s.ReadUntilClose(ctx, 0)
			err4 := h.s.Write(ctx, append(append(rest, p...), line...))
			result <- errors.Join(err, err2, err3, err4, h.s.Flush(ctx), h.s.WaitHangup(ctx))
		})
		h.peer.Send("line\n")
		h.settle()
		time.Sleep(2 * time.Second) // it waits for the rest, away from the loop
		h.peer.Send("abcdef")
		h.peer.CloseWrite()
		if err := <-result; err != nil {
			t.Error(err)
		}
		if got := h.peer.Take(); got != "defabcline\n" {
			t.Errorf("the peer got %q", got)
		}
	})
}
