package polltest

import (
	"syscall"
	"testing"
)

func pairs(t *testing.T, h *harness) {
	a, b, err := h.files.Pair()
	h.ok(t, err)
	h.ok(t, h.p.Add(a, 1, 0))
	h.ok(t, h.p.Add(b, 2, 0))
	for _, way := range []struct {
		from, to int
		token    uint64
	}{{a, b, 2}, {b, a, 1}} {
		if _, err := h.files.Read(way.to, make([]byte, 1)); err != syscall.EAGAIN {
			t.Errorf("an end of a pair blocks: %v", err)
		}
		h.ok(t, h.p.Modify(way.to, way.token, read))
		n, err := h.files.Write(way.from, []byte("over"))
		if n != 4 || err != nil {
			t.Fatalf("write: %d, %v", n, err)
		}
		h.expect(t, way.token, read)
		h.readAll(t, way.to, "over")
		h.ok(t, h.p.Modify(way.to, way.token, 0))
	}
	// Each direction ends on its own.
	h.ok(t, h.files.CloseWrite(a))
	h.ok(t, h.p.Modify(b, 2, read))
	h.expect(t, 2, read)
	if n, err := h.files.Read(b, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("read at the end: %d, %v", n, err)
	}
	if n, err := h.files.Write(b, []byte("back")); n != 4 || err != nil {
		t.Errorf("write after the other direction's end: %d, %v", n, err)
	}
	h.ok(t, h.p.Modify(b, 2, 0))
	h.ok(t, h.p.Modify(a, 1, read))
	h.expect(t, 1, read)
	h.readAll(t, a, "back")
	for _, fd := range []int{a, b} {
		h.ok(t, h.p.Remove(fd))
		h.ok(t, h.files.Close(fd))
	}
}

func noDelay(t *testing.T, h *harness) {
	fd, _ := h.pair(t)
	for _, on := range []bool{true, false, true} {
		h.ok(t, h.files.SetNoDelay(fd, on))
	}
}
