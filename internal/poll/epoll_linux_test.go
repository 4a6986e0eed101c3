package poll_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"eddy/internal/poll"
	"eddy/internal/polltest"
)

// The runtime's registration belongs to an os.File, which nobody else holds.
func TestEpoll_WaitSurvivesCollections(t *testing.T) {
	p := openPoller(t, "epoll")
	fd, peer := polltest.Pair(t, p.Files())
	defer p.Files().Close(fd)
	if err := p.Add(fd, 7, poll.Read); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	go func() {
		runtime.GC()
		peer.Write([]byte("x"))
	}()
	events := make([]poll.Event, 8)
	if n, err := p.Wait(events, time.Now().Add(20*time.Second)); n != 1 || err != nil || events[0].Token != 7 {
		t.Errorf("got %v, %v, want the descriptor's event", events[:n], err)
	}
}

// An idle loop holds no thread: while many pollers wait, the process has few.
func TestEpoll_WaitHoldsNoThread(t *testing.T) {
	const n = 100
	var pollers []poll.Poller
	for range n {
		pollers = append(pollers, openPoller(t, "epoll"))
	}
	done := make(chan error)
	for _, p := range pollers {
		go func() {
			_, err := p.Wait(make([]poll.Event, 8), time.Time{})
			done <- err
		}()
	}
	runtime.Gosched()
	if threads := threads(t); threads > n/2 {
		t.Errorf("%d threads for %d waiting pollers", threads, n)
	}
	for _, p := range pollers {
		p.Wake()
	}
	for range pollers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func threads(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}
