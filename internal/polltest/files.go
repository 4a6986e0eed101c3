package polltest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"eddy/internal/poll"
)

// readAll reads until want has come, which must be what there is.
func (h *harness) readAll(t *testing.T, fd int, want string) {
	t.Helper()
	got := ""
	buf := make([]byte, 1<<10)
	for len(got) < len(want) {
		n, err := h.files.Read(fd, buf)
		got += string(buf[:n])
		if err != nil || n == 0 {
			t.Fatalf("read %q, %v, want %q", got, err, want)
		}
	}
	if got != want {
		t.Fatalf("read %q, want %q", got, want)
	}
}

// listener returns the descriptor of a listening socket and its address.
func (h *harness) listener(t *testing.T) (fd int, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.ok(t, err)
	addr = l.Addr().String()
	fd, err = h.files.Adopt(l)
	h.ok(t, err)
	t.Cleanup(func() { h.files.Close(fd) })
	return fd, addr
}

// accepted accepts, when the connection has come.
func (h *harness) accepted(t *testing.T, fd int) int {
	t.Helper()
	for limit := 0; ; limit++ {
		nfd, err := h.files.Accept(fd)
		if err == nil {
			return nfd
		}
		if err != syscall.EAGAIN || limit == 1e6 {
			t.Fatal(err)
		}
	}
}

func readAndWrite(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, read)
	buf := make([]byte, 3)
	if n, err := h.files.Read(fd, buf); n != 0 || err != syscall.EAGAIN {
		t.Errorf("read of an empty socket: %d, %v, want EAGAIN", n, err)
	}
	if n, err := h.files.Write(fd, []byte("hello")); n != 5 || err != nil {
		t.Errorf("write: %d, %v", n, err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(peer, got); string(got) != "hello" {
		t.Errorf("the peer got %q, %v", got, err)
	}
	send(t, peer, "answer")
	h.expect(t, token, read)
	h.readAll(t, fd, "answer")
	for _, bad := range []int{-1, 1 << 19} {
		_, readErr := h.files.Read(bad, buf)
		_, writeErr := h.files.Write(bad, buf)
		_, acceptErr := h.files.Accept(bad)
		for what, err := range map[string]error{
			"Read": readErr, "Write": writeErr, "Accept": acceptErr, "CloseWrite": h.files.CloseWrite(bad),
			"Error": h.files.Error(bad), "Close": h.files.Close(bad), "SetNoDelay": h.files.SetNoDelay(bad, true),
		} {
			if err != syscall.EBADF {
				t.Errorf("%s of descriptor %d: %v, want EBADF", what, bad, err)
			}
		}
	}
}

func endOfFile(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, read)
	send(t, peer, "abc")
	h.ok(t, peer.CloseWrite())
	h.expect(t, token, read)
	h.readAll(t, fd, "abc")
	h.expect(t, token, read)
	for range 2 {
		if n, err := h.files.Read(fd, make([]byte, 8)); n != 0 || err != nil {
			t.Errorf("read at the end: %d, %v, want 0, nil", n, err)
		}
	}
	if n, err := h.files.Write(fd, []byte("still open")); err != nil {
		t.Errorf("write after the peer's end: %d, %v", n, err)
	}
	h.ok(t, h.files.CloseWrite(fd))
	if got, err := io.ReadAll(peer); string(got) != "still open" {
		t.Errorf("the peer got %q, %v", got, err)
	}
}

// A peer that does not read makes writes block, after a bounded number of bytes; when it
// reads, everything arrives.
func backpressure(t *testing.T, h *harness) {
	fd, peer := h.watched(t, token, 0)
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	total := 0
	for blocked := 0; blocked < 1000; { // what the system takes may still be on its way
		n, err := h.files.Write(fd, chunk[total%len(chunk):])
		total += n
		switch {
		case err == syscall.EAGAIN:
			blocked++
			h.wait(t, poll.DontWait)
		case err != nil:
			t.Fatal(err)
		}
		if total > 64<<20 {
			t.Fatal("writes go on and on")
		}
	}
	received := make(chan string)
	go func() {
		b, _ := io.ReadAll(peer)
		received <- string(b)
	}()
	h.ok(t, h.p.Modify(fd, token, write))
	h.expect(t, token, write) // there is room again
	if n, err := h.files.Write(fd, []byte("END")); n != 3 || err != nil {
		t.Errorf("write when there is room: %d, %v", n, err)
	}
	h.ok(t, h.files.CloseWrite(fd))
	got := <-received
	if len(got) != total+3 || !strings.HasSuffix(got, "END") {
		t.Fatalf("the peer got %d bytes of %d", len(got), total+3)
	}
	for i := 0; i+len(chunk) <= total; i += len(chunk) {
		if got[i:i+len(chunk)] != string(chunk) {
			t.Fatalf("what was sent behind byte %d arrived changed", i)
		}
	}
}

func writtenBeforeClose(t *testing.T, h *harness) {
	for _, size := range []int{1, 100, 64 << 10, 1 << 20} {
		fd, peer := Pair(t, h.files)
		sent := 0
		for sent < size {
			n, err := h.files.Write(fd, make([]byte, (size+1)/2))
			sent += n
			if err != nil {
				break
			}
		}
		h.ok(t, h.files.Close(fd))
		if got, err := io.ReadAll(peer); len(got) != sent || err != nil {
			t.Errorf("the peer got %d bytes of %d, %v", len(got), sent, err)
		}
	}
}

func closeWithUnreadBytes(t *testing.T, h *harness) {
	fd, peer := Pair(t, h.files)
	h.ok(t, h.p.Add(fd, token, read))
	send(t, peer, "never read")
	h.expect(t, token, read)
	h.ok(t, h.p.Remove(fd))
	h.ok(t, h.files.Close(fd))
	if _, err := peer.Read(make([]byte, 1)); err == nil {
		t.Error("the peer read from a connection that was closed")
	} else if resets && !isReset(err) {
		t.Errorf("the peer was told %v, want a reset", err)
	}
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

func accept(t *testing.T, h *harness) {
	fd, addr := h.listener(t)
	if _, err := h.files.Accept(fd); err != syscall.EAGAIN {
		t.Errorf("nothing to accept: %v, want EAGAIN", err)
	}
	const n = 30
	for i := range n {
		c, err := net.Dial("tcp", addr)
		h.ok(t, err)
		defer c.Close()
		send(t, c, string(rune('a'+i)))
	}
	for i := range n {
		nfd := h.accepted(t, fd)
		h.ok(t, h.p.Add(nfd, token, read))
		h.expect(t, token, read)
		h.readAll(t, nfd, string(rune('a'+i)))
		if _, err := h.files.Read(nfd, make([]byte, 1)); err != syscall.EAGAIN {
			t.Errorf("an accepted connection blocks: %v", err)
		}
		h.ok(t, h.p.Remove(nfd))
		h.ok(t, h.files.Close(nfd))
	}
	other, _ := h.pair(t)
	if _, err := h.files.Accept(other); err != syscall.EINVAL {
		t.Errorf("accept on a connected socket: %v, want EINVAL", err)
	}
	// Nobody is there any more once the listener is closed.
	h.ok(t, h.files.Close(fd))
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("a closed listener still listens")
	}
}

func adopt(t *testing.T, h *harness) {
	if fd, err := h.files.Adopt(io.NopCloser(strings.NewReader(""))); err == nil {
		t.Errorf("adopted a string as descriptor %d", fd)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.ok(t, err)
	l.Close()
	if fd, err := h.files.Adopt(l); err == nil && !h.Portable {
		t.Errorf("adopted a closed listener as descriptor %d", fd)
	} else if err == nil {
		h.ok(t, h.p.Add(fd, token, read)) // its failure is an event
		h.expect(t, token, read)
		if _, err := h.files.Accept(fd); err != syscall.EBADF {
			t.Errorf("accept on a closed listener: %v", err)
		}
		h.ok(t, h.files.Close(fd))
	}
}

func addresses(t *testing.T, h *harness) {
	fd, peer := h.pair(t)
	if got, want := h.files.PeerAddr(fd).String(), peer.LocalAddr().String(); got != want {
		t.Errorf("PeerAddr: %s, want %s", got, want)
	}
	if got, want := h.files.LocalAddr(fd).String(), peer.RemoteAddr().String(); got != want {
		t.Errorf("LocalAddr: %s, want %s", got, want)
	}
	if h.files.PeerAddr(-1).IsValid() || h.files.LocalAddr(-1).IsValid() {
		t.Error("a closed descriptor has an address")
	}
	l, addr := h.listener(t)
	if got := h.files.LocalAddr(l).String(); got != addr {
		t.Errorf("LocalAddr of a listener: %s, want %s", got, addr)
	}
	if h.files.PeerAddr(l).IsValid() {
		t.Error("a listener has a peer")
	}
}
