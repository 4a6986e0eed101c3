package polltest

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// released is about a connection that leaves the poller and becomes one of package net.
func released(t *testing.T, h *harness) {
	fd, peer := Pair(t, h.files) // which the release uses up
	h.ok(t, h.p.Add(fd, token, read))
	_, err := peer.Write([]byte("unread"))
	h.ok(t, err)
	h.expect(t, token, read)
	out := strings.Repeat("x", 40<<10)
	n, err := h.files.Write(fd, []byte(out))
	h.ok(t, err)
	h.ok(t, h.p.Remove(fd))
	conn, err := h.files.Release(fd)
	h.ok(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("after"))
	h.ok(t, err)
	got := make([]byte, n+5)
	_, err = io.ReadFull(peer, got)
	h.ok(t, err)
	if string(got) != out[:n]+"after" {
		t.Error("other bytes arrived, or in another order")
	}
	_, err = peer.Write([]byte(" and more"))
	h.ok(t, err)
	got = make([]byte, len("unread and more"))
	_, err = io.ReadFull(conn, got)
	h.ok(t, err)
	if string(got) != "unread and more" {
		t.Errorf("read %q", got)
	}
	h.ok(t, conn.SetReadDeadline(time.Now().Add(time.Millisecond)))
	if _, err := conn.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read beyond its deadline: %v", err)
	}
	if conn.RemoteAddr().String() != peer.LocalAddr().String() {
		t.Errorf("the peer is %v, want %v", conn.RemoteAddr(), peer.LocalAddr())
	}
}
