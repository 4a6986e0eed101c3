package poll_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"eddy/internal/poll"
	"eddy/internal/polltest"
)

func TestPollers_KeepTheContract(t *testing.T) {
	for _, name := range poll.Names() {
		t.Run(name, func(t *testing.T) {
			t.Setenv("EDDY_POLLER", name)
			polltest.Run(t, polltest.Kind{
				Open:          poll.New,
				HoldsThread:   name == "poll" || name == "kqueue",
				Portable:      name == "net",
				NoEarlyHangup: name == "poll" && !poll.PollSeesHangup,
			})
		})
	}
}

func TestNew_ChoosesByEnvironment(t *testing.T) {
	for _, name := range append(poll.Names(), "") {
		t.Setenv("EDDY_POLLER", name)
		p, err := poll.New()
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		p.Close()
	}
	for _, name := range []string{"EPOLL", "select", "epoll ", "iocp"} {
		t.Setenv("EDDY_POLLER", name)
		p, err := poll.New()
		if err == nil {
			p.Close()
			t.Errorf("%q is taken for a poller", name)
		} else if !strings.HasSuffix(err.Error(), "this system has "+strings.Join(poll.Names(), ", ")) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if !slices.Contains(poll.Names(), "net") {
		t.Error("the poller that every system has is missing")
	}
}

func openPoller(t testing.TB, name string) poll.Poller {
	t.Helper()
	t.Setenv("EDDY_POLLER", name)
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// Waiting for what is ready is what a busy loop does: it must not allocate.
func BenchmarkWait_Ready(b *testing.B) {
	for _, name := range poll.Names() {
		b.Run(name, func(b *testing.B) {
			p := openPoller(b, name)
			fd, _ := polltest.Pair(b, p.Files())
			defer p.Files().Close(fd)
			if err := p.Add(fd, 1, poll.Write); err != nil {
				b.Fatal(err)
			}
			events := make([]poll.Event, 8)
			b.ReportAllocs()
			for b.Loop() {
				if n, err := p.Wait(events, time.Time{}); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
