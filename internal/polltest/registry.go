package polltest

import (
	"net"
	"syscall"
	"testing"
	"time"

	"eddy/internal/poll"
)

func registrations(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, read)
	if err := h.p.Add(fd, token+1, write); err != syscall.EEXIST {
		t.Errorf("a second Add: %v, want EEXIST", err)
	}
	send(t, peer, "x")
	h.expect(t, token, read)
	other, _ := h.pair(t)
	if err := h.p.Modify(other, token, read); err != syscall.ENOENT {
		t.Errorf("Modify of what is not watched: %v, want ENOENT", err)
	}
	if err := h.p.Remove(other); err != syscall.ENOENT {
		t.Errorf("Remove of what is not watched: %v, want ENOENT", err)
	}
	for _, bad := range []int{-1, 1 << 19} {
		if err := h.p.Add(bad, token, read); err != syscall.EBADF {
			t.Errorf("Add of descriptor %d: %v, want EBADF", bad, err)
		}
	}
	h.ok(t, h.p.Remove(fd))
	h.ok(t, h.p.Add(fd, token+2, read))
	h.expect(t, token+2, read)
}

// The next descriptor often has the number of the last one that was closed.
func numberIsUsedAgain(t *testing.T, h *harness) {
	other, otherPeer := h.watched(t, 1, read)
	for i := uint64(2); i < 20; i++ {
		fd, peer := Pair(t, h.files)
		h.ok(t, h.p.Add(fd, i, read|write|hangup))
		h.expect(t, i, write)
		send(t, peer, "x")
		h.expect(t, i, read|write)
		h.ok(t, h.p.Remove(fd))
		h.ok(t, h.files.Close(fd))
		h.quiet(t)
		if i%3 == 0 {
			send(t, otherPeer, "y")
			h.expect(t, 1, read)
			h.readAll(t, other, "y")
		}
	}
}

func removedWhileReady(t *testing.T, h *harness) {
	var fds []int
	for i := range 6 {
		fd, peer := h.watched(t, uint64(i), read)
		send(t, peer, "x")
		fds = append(fds, fd)
	}
	h.expectTokens(t, 0, 1, 2, 3, 4, 5)
	for _, i := range []int{0, 5, 2} { // the first, the last, one between
		h.ok(t, h.p.Remove(fds[i]))
		h.ok(t, h.files.Close(fds[i]))
	}
	h.expectTokens(t, 1, 3, 4)
}

// expectTokens waits until exactly the given tokens have been reported in turn.
func (h *harness) expectTokens(t *testing.T, want ...uint64) {
	t.Helper()
	missing := map[uint64]bool{}
	wanted := map[uint64]bool{}
	for _, w := range want {
		missing[w], wanted[w] = true, true
	}
	for limit := soon(); len(missing) > 0; {
		events := h.wait(t, limit)
		once := map[uint64]bool{}
		for _, ev := range events {
			if !wanted[ev.Token] {
				t.Fatalf("an event of %d, want one of %v", ev.Token, want)
			}
			if once[ev.Token] {
				t.Fatalf("two events of %d in one batch", ev.Token)
			}
			once[ev.Token] = true
			delete(missing, ev.Token)
		}
		if len(events) == 0 && time.Now().After(limit) {
			t.Fatalf("no event of %v", missing)
		}
	}
}

func manyDescriptors(t *testing.T, h *harness) {
	const n = 150
	fds := make([]int, n)
	peers := make([]*net.TCPConn, n)
	for i := range n {
		fds[i], peers[i] = h.watched(t, uint64(i), read|hangup)
	}
	h.quiet(t)
	var ready []uint64
	for i := 0; i < n; i += 7 {
		send(t, peers[i], "x")
		ready = append(ready, uint64(i))
	}
	h.expectTokens(t, ready...)
	for _, i := range ready {
		h.readAll(t, fds[i], "x")
	}
	h.quiet(t)
}

func smallBatches(t *testing.T, h *harness) {
	const n = 40
	for i := range n {
		h.watched(t, uint64(i), write)
	}
	seen := map[uint64]int{}
	for range n / 8 * 4 { // four times as often as it takes
		for _, ev := range h.wait(t, poll.DontWait) {
			seen[ev.Token]++
		}
	}
	if len(seen) != n {
		t.Fatalf("%d of %d ready descriptors were reported", len(seen), n)
	}
	for token, times := range seen {
		if times < 2 || times > 8 {
			t.Errorf("descriptor %d was reported %d times while others were 4 times", token, times)
		}
	}
}

func closing(t *testing.T, h *harness) {
	fd, peer := h.pair(t)
	h.ok(t, h.p.Add(fd, token, read))
	send(t, peer, "x")
	h.expect(t, token, read)
	h.ok(t, h.p.Close())
	h.ok(t, h.p.Close())
	// The descriptor is open, and free for another poller.
	h.readAll(t, fd, "x")
	next := open(t, h.Kind)
	h.ok(t, next.p.Add(fd, token+1, read))
	send(t, peer, "y")
	next.expect(t, token+1, read)
	h.ok(t, next.p.Remove(fd))
}
