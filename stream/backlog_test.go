package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"eddy/internal/testdir"
	"eddy/stream"
)

func TestSendView_KeepsTheOrder(t *testing.T) {
	for _, room := range []int{-1, 0, 1, 2047, 5000} {
		bubble(t, &recorder{}, func(h *harness) {
			var want strings.Builder
			h.peer.SetRoom(room)
			h.on(func() {
				for i := range 100 { // more pieces than leave at once
					p := bytes.Repeat([]byte{byte('a' + i%26)}, 1+i*997%5000)
					if i%3 == 0 {
						h.s.SendBytes(p)
					} else {
						h.s.SendView(p)
					}
					want.Write(p)
				}
				if n := h.s.Pending(); n != want.Len() {
					t.Errorf("%d bytes are pending, want %d", n, want.Len())
				}
			})
			got := ""
			for limit := 0; len(got) < want.Len() && limit < 10_000; limit++ {
				h.peer.SetMost(0, 1000+limit*4099%70_000)
				h.peer.SetRoom(8000)
				synctest.Wait()
				got += h.peer.Take()
			}
			if got != want.String() {
				t.Errorf("room %d: %d bytes of %d arrived, or others", room, len(got), want.Len())
			}
			h.on(func() {
				if n := h.s.Pending(); n != 0 || h.s.Held() != 0 {
					t.Errorf("%d bytes are pending, %d held", n, h.s.Held())
				}
			})
		})
	}
}

// What is sent in one turn leaves in one system call, also in many pieces and over TLS.
func TestSendView_LeavesAtOnce(t *testing.T) {
	view := bytes.Repeat([]byte("x"), 4<<10)
	send := func(s *stream.Stream) {
		for range 10 {
			s.SendBytes([]byte("head"))
			s.SendView(view)
		}
	}
	bubble(t, nil, func(h *harness) {
		h.on(func() { send(h.s) })
		if _, writes := h.peer.Calls(); writes != 1 {
			t.Errorf("%d writes", writes)
		}
	})
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		_, before := p.toS.Calls()
		p.on(func() { send(p.server) })
		if _, writes := p.toS.Calls(); writes != before+1 {
			t.Errorf("%d writes over TLS", writes-before)
		}
	})
}

// What was sent before a file that is missing arrives, over TLS, too.
func TestWriteFile_ThatIsEmptyBehindOthers(t *testing.T) {
	f, _ := testFile(t, 0)
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		p.on(func() { p.server.SendBytes([]byte("before")) })
		written := p.spawn(func(ctx context.Context) error {
			p.server.SendBytes([]byte("too"))
			return p.server.WriteFile(ctx, f, 0, 1)
		})
		read := p.spawn(func(ctx context.Context) error { _, err := p.client.ReadBytes(ctx, 9); return err })
		p.carry()
		if r, w := <-read, <-written; r != nil || !errors.Is(w, io.ErrUnexpectedEOF) {
			t.Errorf("read: %v, written: %v", r, w)
		}
	})
}

func TestSendView_DoesNotCopy(t *testing.T) {
	bubble(t, &recorder{}, func(h *harness) {
		p := bytes.Repeat([]byte("x"), 1<<20)
		h.peer.SetRoom(0)
		h.on(func() {
			h.s.SendView(p)
			h.s.FlushNow()
			if n := h.s.Held(); n > 4<<10 {
				t.Errorf("%d bytes are held for a view", n)
			}
		})
		p[len(p)-1] = 'y' // what nobody should do shows whether it was copied
		h.peer.SetRoom(-1)
		synctest.Wait()
		if got := h.peer.Take(); len(got) != len(p) || got[len(p)-1] != 'y' {
			t.Error("it was copied")
		}
	})
}

// A large piece that the kernel takes at once is not copied; the rest of one that it does not
// take belongs to the caller again when Write returns.
func TestWrite_LargePieces(t *testing.T) {
	for _, room := range []int{-1, 100, 900_000} {
		bubble(t, nil, func(h *harness) {
			p := bytes.Repeat([]byte("0123456789"), 100_000)
			h.peer.SetRoom(room)
			h.on(func() { h.s.SendBytes([]byte("first,")) })
			done := make(chan error, 1)
			h.loop.Spawn(context.Background(), func(ctx context.Context) {
				ctx, cancel := context.WithCancel(ctx)
				if room == 100 {
					cancel() // it is sent all the same
				}
				defer cancel()
				err := h.s.Write(ctx, p)
				clear(p)
				done <- err
			})
			synctest.Wait()
			h.peer.SetRoom(-1)
			synctest.Wait()
			if err := <-done; (err != nil) != (room == 100) {
				t.Error(err)
			}
			if got := h.peer.Take(); got != "first,"+strings.Repeat("0123456789", 100_000) {
				t.Errorf("room %d: %d bytes arrived, or others", room, len(got))
			}
		})
	}
}

// The kernel tells once why a connection has failed, and a stream is not closed while it is sent to.
func TestSendBytes_MeetsAReset(t *testing.T) {
	s, far := connected(t, realLoop(t))
	far.(*net.TCPConn).SetLinger(0)
	err := s.Loop().Do(t.Context(), func(ctx context.Context) error {
		far.Close()
		s.SendBytes(make([]byte, 1<<20))
		if s.Closed() {
			t.Error("closed by SendBytes")
		}
		return s.Flush(ctx)
	})
	told := errors.Is(err, syscall.ECONNRESET)
	if os.Getenv("EDDY_POLLER") == "net" {
		told = told || errors.Is(err, syscall.EPIPE) // its reader may have been told first
	}
	if !errors.Is(err, stream.ErrClosed) || !told {
		t.Errorf("closed with %v", err)
	}
}

func TestWriteView_IsSharedByStreams(t *testing.T) {
	message := bytes.Repeat([]byte("to everybody"), 10_000)
	want := bytes.Clone(message)
	for range 3 {
		bubble(t, nil, func(h *harness) {
			done := make(chan error, 1)
			h.loop.Spawn(context.Background(), func(ctx context.Context) { done <- h.s.WriteView(ctx, message) })
			synctest.Wait()
			if err := <-done; err != nil || h.peer.Take() != string(want) {
				t.Error("other bytes arrived", err)
			}
		})
	}
}

func TestSendView_ClosedStream(t *testing.T) {
	bubble(t, &recorder{}, func(h *harness) {
		h.peer.SetRoom(0)
		h.on(func() {
			h.s.SendView(make([]byte, 10_000))
			h.s.CloseNow()
			h.s.SendView(make([]byte, 10_000))
			if h.s.Pending() != 0 || h.s.Held() != 0 {
				t.Error("a closed stream holds output")
			}
		})
	})
}

// testFile returns an open file of n random bytes.
func testFile(t *testing.T, n int) (*os.File, []byte) {
	t.Helper()
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rand.Int())
	}
	f, err := os.Create(filepath.Join(testdir.New(t), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	return f, data
}

func TestWriteFile(t *testing.T) {
	f, data := testFile(t, 3<<20)
	for _, secure := range []bool{false, true} {
		s, far := connected(t, realLoop(t))
		if secure {
			far = secured(t, s, far)
		}
		got := make(chan []byte, 1)
		go func() {
			all, _ := io.ReadAll(far)
			got <- all
		}()
		ctx := t.Context()
		const from = 12345
		var err error
		for _, step := range []func() error{
			func() error { return s.Write(ctx, []byte("head")) },
			func() error { return s.WriteFile(ctx, f, from, len(data)-from) },
			func() error { return s.Write(ctx, []byte("tail")) },
			func() error { return s.WriteFile(ctx, f, 0, 1) },
			func() error { return s.WriteFile(ctx, f, 0, 0) },
		} {
			err = errors.Join(err, step())
		}
		s.Loop().Do(ctx, func(context.Context) error { s.Close(); return nil })
		want := bytes.Join([][]byte{[]byte("head"), data[from:], []byte("tail"), data[:1]}, nil)
		if err != nil || !bytes.Equal(<-got, want) {
			t.Errorf("TLS %v: other bytes arrived, %v", secure, err)
		}
	}
}

func TestWriteFile_ThatIsTooShort(t *testing.T) {
	f, _ := testFile(t, 1000)
	s, far := connected(t, realLoop(t))
	go io.Copy(io.Discard, far)
	if err := s.WriteFile(t.Context(), f, 0, 1001); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if err := s.Write(t.Context(), []byte("x")); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("a stream with a hole in it goes on: %v", err)
	}
}

func TestWriteFile_EndsWithItsContext(t *testing.T) {
	f, _ := testFile(t, 1<<20)
	bubble(t, nil, func(h *harness) {
		h.peer.SetRoom(70_000)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- h.s.WriteFile(ctx, f, 0, 1<<20) }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if closed, _ := h.peer.Closed(); !closed {
			t.Error("the stream goes on behind half a file")
		}
	})
}

// A slow disk must not keep the loop for the length of a file.
func TestWriteFile_TakesTurns(t *testing.T) {
	f, _ := testFile(t, 4<<20)
	bubble(t, nil, func(h *harness) {
		done := make(chan error, 1)
		go func() { done <- h.s.WriteFile(context.Background(), f, 0, 4<<20) }()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if turns := h.loop.Stats().Turns; turns < 16 {
			t.Errorf("4 MiB were sent within %d turns", turns)
		}
	})
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		before := p.loop.Stats().Turns
		written := p.spawn(func(ctx context.Context) error { return p.server.WriteFile(ctx, f, 0, 4<<20) })
		if err := <-written; err != nil {
			t.Error(err)
		}
		if turns := p.loop.Stats().Turns - before; turns < 16 {
			t.Errorf("4 MiB were encrypted within %d turns", turns)
		}
	})
}
