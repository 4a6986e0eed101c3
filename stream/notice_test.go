package stream_test

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"eddy/async"
	"eddy/loop"
	"eddy/stream"
)

func TestOnClose_TellsWhyAndOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(h *harness)
		want error
	}{
		"CloseNow":      {func(h *harness) { h.on(h.s.CloseNow) }, nil},
		"Close":         {func(h *harness) { h.on(h.s.Close) }, nil},
		"reset, unread": {func(h *harness) { h.peer.Send("x"); h.settle(); h.peer.Reset(syscall.ECONNRESET) }, syscall.ECONNRESET},
		"reset, idle":   {func(h *harness) { h.peer.Reset(syscall.ETIMEDOUT) }, syscall.ETIMEDOUT},
		"both ended":    {func(h *harness) { h.on(h.s.CloseWrite); h.peer.CloseWrite() }, nil},
		"loop ends":     {func(h *harness) { h.loop.Close() }, loop.ErrClosed},
		"too long":      {func(h *harness) { h.peer.Send("xx"); h.s.ReadUntil(h.ctx, []byte("y"), 1) }, stream.ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			var told []error
			bubble(t, nil, func(h *harness) {
				h.on(func() {
					h.s.OnClose(func(error) { t.Error("the former function was called") })
					h.s.OnClose(func(err error) { told = append(told, err) })
				})
				tt.end(h)
				h.settle()
				if !slices.Equal(told, []error{tt.want}) {
					t.Errorf("told %v, want %v", told, tt.want)
				}
				if name != "loop ends" {
					h.on(h.s.CloseNow)
				}
			})
			if len(told) != 1 {
				t.Errorf("told %d times", len(told))
			}
		})
	}
}

func TestOnClose_CanBeRemovedAndComesLateToo(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		told := 0
		h.on(func() {
			h.s.OnClose(func(error) { t.Error("it was removed") })
			h.s.OnClose(nil)
			h.s.CloseNow()
			h.s.OnClose(nil)
			h.s.OnClose(func(err error) { told++ })
			if told != 0 {
				t.Error("called in the middle of its caller")
			}
		})
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
}

// The order of a stream's last events: the sink, those who waited, and then the close
// function.
func TestOnClose_ComesLast(t *testing.T) {
	var order []string
	sink := &lastWords{order: &order}
	bubble(t, nil, func(h *harness) {
		fd, peer := h.fake.Socket()
		s := new(stream.Stream)
		peer.SetRoom(0)
		h.on(func() {
			if err := s.Init(h.loop, fd, sink); err != nil {
				t.Error(err)
			}
			s.Pause()
			s.OnClose(func(error) { order = append(order, "OnClose") })
			s.SendBytes([]byte("x"))
		})
		for name, call := range map[string]func(context.Context) error{
			"read":  func(ctx context.Context) error { _, err := s.ReadBytes(ctx, 1); return err },
			"write": func(ctx context.Context) error { return s.Flush(ctx) },
		} {
			h.loop.Spawn(h.ctx, func(ctx context.Context) {
				if err := call(ctx); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s: %v", name, err)
				}
				order = append(order, "call")
			})
		}
		h.settle()
		peer.Reset(syscall.ECONNRESET)
		h.settle()
		h.on(func() {
			if want := []string{"StreamClosed", "call", "call", "OnClose"}; !slices.Equal(order, want) {
				t.Errorf("%v, want %v", order, want)
			}
		})
	})
}

type lastWords struct {
	recorder
	order *[]string
}

func (l *lastWords) StreamClosed(error) { *l.order = append(*l.order, "StreamClosed") }

// A peer that has gone is noticed although nobody reads, and what it sent stays.
func TestWaitHangup_ReadsNothing(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		var waits []*async.Future[int]
		for range 2 {
			waits = append(waits, async.Go(h.ctx, func(ctx context.Context) (int, error) { return 0, h.s.WaitHangup(ctx) }))
		}
		h.peer.Send("unread")
		h.settle()
		time.Sleep(time.Hour)
		if waits[0].Done() || waits[1].Done() {
			t.Fatal("bytes are no hangup")
		}
		h.peer.CloseWrite()
		for _, w := range waits {
			if _, err := w.Wait(h.ctx); err != nil || h.peer.Unread() != 6 {
				t.Errorf("%v, %d bytes unread", err, h.peer.Unread())
			}
		}
		if err := h.s.WaitHangup(h.ctx); err != nil {
			t.Errorf("again: %v", err)
		}
		if got, err := h.s.ReadUntilClose(h.ctx, 0); string(got) != "unread" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestWaitHangup_NoticedByAReadOrAClose(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(h *harness)
		want error
	}{
		"a read to the end": {func(h *harness) {
			go h.s.ReadUntilClose(h.ctx, 0)
			h.settle()
			h.peer.CloseWrite()
		}, nil},
		"close": {func(h *harness) { h.on(h.s.CloseNow) }, stream.ErrClosed},
		"reset": {func(h *harness) { h.peer.Reset(syscall.ECONNRESET) }, syscall.ECONNRESET},
	} {
		bubble(t, nil, func(h *harness) {
			f := async.Go(h.ctx, func(ctx context.Context) (int, error) { return 0, h.s.WaitHangup(ctx) })
			h.settle()
			tt.end(h)
			if _, err := f.Wait(h.ctx); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		})
	}
}

func TestWaitHangup_CancelledLeavesOthers(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		ctx, cancel := context.WithCancel(h.ctx)
		given := async.Go(ctx, func(ctx context.Context) (int, error) { return 0, h.s.WaitHangup(ctx) })
		kept := async.Go(h.ctx, func(ctx context.Context) (int, error) { return 0, h.s.WaitHangup(ctx) })
		h.settle()
		cancel()
		if _, err := given.Wait(h.ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		h.on(func() {
			if n := h.s.Hangups(); n != 1 {
				t.Errorf("%d waits are left, want 1", n)
			}
		})
		h.peer.CloseWrite()
		if _, err := kept.Wait(h.ctx); err != nil {
			t.Errorf("%v", err)
		}
	})
}

// One event of a stream that is ready in every way: output goes first, then input, and what
// has gone wrong comes last.
func TestStream_OrderOfOneEvent(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		var order []string
		fd, peer := h.fake.Socket()
		s := new(stream.Stream)
		peer.SetRoom(0)
		h.on(func() {
			if err := s.Init(h.loop, fd, &ordered{s: s, order: &order}); err != nil {
				t.Error(err)
			}
			s.SendBytes([]byte("out"))
		})
		h.on(func() { // all in one turn
			peer.SetRoom(-1)
			peer.Send("in")
			peer.CloseWrite()
		})
		h.on(func() { s.CloseNow() })
		want := []string{"blocked", "flushed", "readable in", "readable", "closed"}
		if !slices.Equal(order, want) {
			t.Errorf("%q, want %q", order, want)
		}
	})
}

type ordered struct {
	s     *stream.Stream
	order *[]string
}

func (o *ordered) add(s string) { *o.order = append(*o.order, s) }
func (o *ordered) StreamReadable() {
	if p := o.s.Unread(); len(p) > 0 {
		o.add("readable " + string(p))
		o.s.Discard(len(p))
	} else {
		o.add("readable")
	}
}
func (o *ordered) StreamHangup()      { o.add("hangup") }
func (o *ordered) StreamBlocked()     { o.add("blocked") }
func (o *ordered) StreamFlushed()     { o.add("flushed") }
func (o *ordered) StreamDeadline()    { o.add("deadline") }
func (o *ordered) StreamClosed(error) { o.add("closed") }

// A peer that has closed both directions, as one of a Unix socket does, has done nothing
// wrong for who reads; for who writes the pipe is broken.
func TestOnClose_WhenThePeerHasClosedBoth(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		near, far := pair(t, h.loop)
		var told []error
		h.on(func() {
			near.OnClose(func(err error) { told = append(told, err) })
			far.SendBytes([]byte("bye"))
			far.Close()
		})
		if !slices.Equal(told, []error{syscall.EPIPE}) {
			t.Errorf("told %v", told)
		}
		if p, err := near.ReadUntilClose(h.ctx, 0); string(p) != "bye" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		if err := near.Write(h.ctx, []byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("%v", err)
		}
	})
}
