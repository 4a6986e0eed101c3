package polltest

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"eddy/internal/testdir"
)

// writesPieces is about Writev.
func writesPieces(t *testing.T, h *harness) {
	fd, peer := h.pair(t)
	var pieces [][]byte
	for _, p := range strings.Split("several,,pieces, as,one", ",") {
		pieces = append(pieces, []byte(p))
	}
	if n, err := h.files.Writev(fd, pieces); n != len("severalpieces asone") || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	got := make([]byte, len("severalpieces asone"))
	_, err := io.ReadFull(peer, got)
	h.ok(t, err)
	if string(got) != "severalpieces asone" {
		t.Errorf("the peer got %q", got)
	}
	// More than there is room for, in more pieces than a system takes at once.
	big := make([][]byte, 2000)
	for i := range big {
		big[i] = bytes.Repeat([]byte{byte(i)}, 1+i%1000)
	}
	all := bytes.Join(big, nil)
	sent := 0
	for {
		n, err := h.files.Writev(fd, [][]byte{all[sent : sent+min(100, len(all)-sent)], all[sent+min(100, len(all)-sent):]})
		if err == syscall.EAGAIN || n == 0 {
			break
		}
		h.ok(t, err)
		sent += n
	}
	if n, err := h.files.Writev(fd, big); n > len(all) || err == nil && n == 0 {
		t.Errorf("wrote %d, %v", n, err)
	}
	got = make([]byte, sent)
	_, err = io.ReadFull(peer, got)
	h.ok(t, err)
	if !bytes.Equal(got, all[:sent]) {
		t.Error("other bytes arrived")
	}
}

// sendsFiles is about SendFile.
func sendsFiles(t *testing.T, h *harness) {
	fd, peer := h.pair(t)
	f, err := os.Create(filepath.Join(testdir.New(t), "file"))
	h.ok(t, err)
	defer f.Close()
	_, err = f.WriteString("0123456789")
	h.ok(t, err)
	for _, c := range []struct {
		offset int64
		n      int
		want   string
	}{{0, 10, "0123456789"}, {3, 4, "3456"}, {8, 100, "89"}, {10, 5, ""}, {99, 5, ""}} {
		if n, err := h.files.SendFile(fd, f, c.offset, c.n); n != len(c.want) || err != nil {
			t.Errorf("%d bytes from %d: sent %d, %v", c.n, c.offset, n, err)
		}
		got := make([]byte, len(c.want))
		_, err = io.ReadFull(peer, got)
		h.ok(t, err)
		if string(got) != c.want {
			t.Errorf("%d bytes from %d: the peer got %q", c.n, c.offset, got)
		}
	}
	if at, err := f.Seek(0, io.SeekCurrent); at != 10 || err != nil {
		t.Errorf("the file was moved to %d, %v", at, err)
	}
	f.Close()
	if n, err := h.files.SendFile(fd, f, 0, 1); n != 0 || err == nil {
		t.Errorf("a closed file: %d, %v", n, err)
	}
}
