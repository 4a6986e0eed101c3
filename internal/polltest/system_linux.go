package polltest

import (
	"os"
	"os/signal"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// interrupted sends signals to the very thread that waits: EINTR is no error, and the next
// wait works.
func interrupted(t *testing.T, h *harness) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGUSR1)
	defer signal.Stop(c)
	thread, returned := make(chan int), make(chan struct{})
	go func() {
		defer close(returned)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		// Nothing else ends this wait: no event, no deadline, no wake-up.
		if events := h.wait(t, time.Time{}); len(events) != 0 {
			t.Errorf("got %v", events)
		}
	}()
	tid := <-thread
	for {
		select {
		case <-returned:
			_, peer := h.watched(t, token, read)
			send(t, peer, "x")
			h.expect(t, token, read)
			return
		default:
			unix.Tgkill(unix.Getpid(), tid, unix.SIGUSR1)
			runtime.Gosched()
		}
	}
}
