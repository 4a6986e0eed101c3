package poll_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"eddy/internal/poll"
)

// While a loop is busy, a goroutine that waits for a socket is woken soon all the same.
// Another process makes both ready, so that no thread of this one looks by chance.
func TestEpoll_BusyLoopLeavesOthersAttended(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("one processor: the loop has it")
	}
	t.Setenv("EDDY_POLLER", "epoll")
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	loopR, loopW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer loopR.Close()
	otherR, otherW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer otherR.Close()
	fd := int(loopR.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(fd, 1, poll.Read); err != nil {
		t.Fatal(err)
	}

	const (
		tries   = 15
		forever = 1_000_000 // turns without anything to do: a large part of a second
	)
	cmd := exec.Command("sh", "-c", "for i in $(seq "+strconv.Itoa(tries)+"); do sleep 0.05; printf x >&3; printf x >&4; done")
	cmd.ExtraFiles = []*os.File{loopW, otherW}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	loopW.Close()
	otherW.Close()
	defer cmd.Wait()

	var seen atomic.Int32
	go func() {
		b := make([]byte, 1)
		for range tries {
			if _, err := otherR.Read(b); err != nil {
				return
			}
			seen.Add(1)
		}
	}()
	events := make([]poll.Event, 8)
	for i := range int32(tries) {
		n := 0
		for seen.Load() <= i {
			got, err := p.Wait(events, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if n += got; n > forever {
				t.Fatalf("try %d: the loop went round %d times, and nobody has seen to the other", i, n)
			}
		}
		syscall.Read(fd, make([]byte, 1)) // idle again
	}
}
