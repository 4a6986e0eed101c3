package polltest

import (
	"net"
	"syscall"
	"testing"
	"time"

	"eddy/internal/poll"
)

const (
	read   = poll.Read
	write  = poll.Write
	hangup = poll.Hangup
	failed = poll.Error | read | write
)

func reportsWhatIsWaitedFor(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, read)
	h.quiet(t)
	modify := func(m poll.Mode) { t.Helper(); h.ok(t, h.p.Modify(fd, token, m)) }
	modify(read | write)
	h.expect(t, token, write)
	send(t, peer, "x")
	h.expect(t, token, read|write)
	for range 3 { // level-triggered
		h.expect(t, token, read|write)
	}
	modify(read)
	h.expect(t, token, read)
	modify(write)
	h.expect(t, token, write)
	modify(0)
	h.quiet(t)
	h.ok(t, h.p.Modify(fd, token+1, read|hangup))
	h.expect(t, token+1, read)
	h.readAll(t, fd, "x")
	h.quiet(t)
	send(t, peer, "y")
	h.expect(t, token+1, read)
	h.ok(t, h.p.Remove(fd))
	h.quiet(t)
}

func reportsListener(t *testing.T, h *harness) {
	fd, addr := h.listener(t)
	h.ok(t, h.p.Add(fd, token, read))
	defer h.p.Remove(fd)
	h.quiet(t)
	c, err := net.Dial("tcp", addr)
	h.ok(t, err)
	defer c.Close()
	h.expect(t, token, read)
	h.ok(t, h.p.Modify(fd, token, 0))
	h.quiet(t)
	h.ok(t, h.p.Modify(fd, token, read))
	h.expect(t, token, read)
	h.ok(t, h.files.Close(h.accepted(t, fd)))
	h.quiet(t)
}

func hangupWithUnreadBytes(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, read|hangup)
	send(t, peer, "last words")
	h.ok(t, peer.CloseWrite())
	if h.NoEarlyHangup {
		h.expect(t, token, read)
		h.readAll(t, fd, "last words")
	}
	h.expect(t, token, read|hangup)
	h.expect(t, token, read|hangup)
	if !h.NoEarlyHangup {
		h.ok(t, h.p.Modify(fd, token, hangup))
		h.expect(t, token, hangup)
		h.expect(t, token, hangup)
		h.ok(t, h.p.Modify(fd, token, write))
		h.expect(t, token, write)
		h.ok(t, h.p.Modify(fd, token, hangup|read))
		h.expect(t, token, read|hangup)
		h.readAll(t, fd, "last words")
	}
	if n, err := h.files.Read(fd, make([]byte, 8)); n != 0 || err != nil {
		t.Errorf("read at the end: %d, %v", n, err)
	}
	h.expect(t, token, read|hangup) // the end is there to be read for ever
	// The peer may still be reading: this is no failure.
	if _, err := h.files.Write(fd, []byte("answer")); err != nil {
		t.Errorf("write after a hangup: %v", err)
	}
	got := make([]byte, 6)
	if n, err := peer.Read(got); string(got[:n]) != "answer" {
		t.Errorf("the peer got %q, %v", got[:n], err)
	}
}

// A stream that is paused waits for the hangup alone.
func hangupWhileNobodyReads(t *testing.T, h *harness) {
	if h.NoEarlyHangup {
		t.Skip("not with this poller")
	}
	fd, peer := h.watched(t, token, hangup)
	send(t, peer, "unread")
	h.quiet(t)
	h.ok(t, peer.CloseWrite())
	h.expect(t, token, hangup)
	h.expect(t, token, hangup)
	h.ok(t, h.p.Modify(fd, token, 0))
	h.quiet(t)
}

func bytesAreNoHangup(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, hangup)
	h.quiet(t)
	for range 5 {
		send(t, peer, "x")
		h.quiet(t)
	}
	h.ok(t, h.p.Modify(fd, token, read|hangup))
	h.expect(t, token, read)
	h.ok(t, h.p.Modify(fd, token, 0))
	h.quiet(t)
}

func errorOfReset(t *testing.T, h *harness) {
	if hidesResets {
		t.Skip("this system reports a reset as the end of input")
	}
	for _, m := range []poll.Mode{0, read, write, hangup, read | write | hangup} {
		fd, peer := h.pair(t)
		h.ok(t, h.p.Add(fd, token, m))
		reset(peer)
		h.expectError(t)
		h.ok(t, h.p.Modify(fd, token, 0))
		h.expectError(t) // it need not be asked for
		if err := h.files.Error(fd); !h.TakesErrors && err != syscall.ECONNRESET {
			t.Errorf("mode %04b: the error is %v, want ECONNRESET", m, err)
		}
		if err := h.files.Error(fd); err != nil {
			t.Errorf("mode %04b: the error comes twice: %v", m, err)
		}
		if n, err := h.files.Write(fd, []byte("x")); err != syscall.EPIPE {
			t.Errorf("mode %04b: write after a reset: %d, %v", m, n, err)
		}
		h.ok(t, h.p.Remove(fd))
		h.quiet(t)
	}
}

// expectError waits until the descriptor has failed. Before it has, it may be ready.
func (h *harness) expectError(t *testing.T) {
	t.Helper()
	for limit := soon(); ; {
		for _, ev := range h.wait(t, limit) {
			if ev.Token != token {
				t.Fatalf("an event of %#x, want %#x", ev.Token, uint64(token))
			}
			if ev.Ready&poll.Error != 0 {
				if ev.Ready&failed != failed {
					t.Fatalf("ready for %04b: an error comes with read and write", ev.Ready)
				}
				return
			}
		}
		if time.Now().After(limit) {
			t.Fatal("no error event")
		}
	}
}

func errorWhenBothClosed(t *testing.T, h *harness) {
	for _, first := range []string{"peer", "this side"} {
		fd, peer := h.pair(t)
		h.ok(t, h.p.Add(fd, token, read|hangup))
		if first == "peer" {
			h.ok(t, peer.CloseWrite())
			h.expect(t, token, read|hangup)
			h.ok(t, h.p.Modify(fd, token, 0))
			h.quiet(t)
			h.ok(t, h.files.CloseWrite(fd))
		} else {
			h.ok(t, h.files.CloseWrite(fd))
			h.ok(t, h.p.Modify(fd, token, 0))
			h.quiet(t)
			h.ok(t, peer.CloseWrite())
		}
		h.expectError(t)
		h.expectError(t)
		if err := h.files.Error(fd); err != nil {
			t.Errorf("closed in order, %s first: %v", first, err)
		}
		h.ok(t, h.p.Remove(fd))
	}
}

func oneDirectionIsNoError(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, read|hangup)
	h.ok(t, h.files.CloseWrite(fd))
	h.quiet(t)
	if n, err := peer.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the peer read %d bytes, %v, want the end", n, err)
	}
	h.ok(t, h.p.Modify(fd, token, read|write))
	h.expect(t, token, write) // which would fail
	if _, err := h.files.Write(fd, []byte("x")); err != syscall.EPIPE {
		t.Errorf("write after CloseWrite: %v", err)
	}
	h.ok(t, h.p.Modify(fd, token, read))
	send(t, peer, "more")
	h.expect(t, token, read)
	h.readAll(t, fd, "more")
	h.quiet(t)
}
