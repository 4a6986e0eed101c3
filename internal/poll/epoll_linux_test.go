package poll_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"eddy/internal/poll"
)

func newPoller(t *testing.T) poll.Poller {
	t.Helper()
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// sockets returns the two ends of a connection.
func sockets(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func wait(t *testing.T, p poll.Poller, until time.Time) []poll.Event {
	t.Helper()
	events := make([]poll.Event, 8)
	n, err := p.Wait(events, until)
	if err != nil {
		t.Fatal(err)
	}
	return events[:n]
}

// soon bounds a wait that must be ended by an event.
func soon() time.Time { return time.Now().Add(20 * time.Second) }

func TestEpoll_ReportsWhatIsWaitedFor(t *testing.T) {
	p := newPoller(t)
	a, b := sockets(t)
	const token = 0xfedc_ba98_7654_3210
	steps := []struct {
		name string
		do   func() error
		want poll.Mode // zero: no event
	}{
		{"nothing to read", func() error { return p.Add(a, token, poll.Read) }, 0},
		{"writable", func() error { return p.Modify(a, token, poll.Read|poll.Write) }, poll.Write},
		{"readable and writable", func() error { _, err := p.Files().Write(b, []byte("x")); return err }, poll.Read | poll.Write},
		{"level-triggered", func() error { return nil }, poll.Read | poll.Write},
		{"not waited for", func() error { return p.Modify(a, token, 0) }, 0},
		{"hung up with unread bytes", func() error {
			if err := p.Files().CloseWrite(b); err != nil {
				return err
			}
			return p.Modify(a, token, poll.Read|poll.Hangup)
		}, poll.Read | poll.Hangup},
		{"removed", func() error { return p.Remove(a) }, 0},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		events := wait(t, p, poll.DontWait)
		switch {
		case step.want == 0 && len(events) != 0:
			t.Errorf("%s: got %v, want no event", step.name, events)
		case step.want != 0 && (len(events) != 1 || events[0] != poll.Event{Token: token, Ready: step.want}):
			t.Errorf("%s: got %v, want %v for the token", step.name, events, step.want)
		}
	}
}

func TestEpoll_ErrorComesUnasked(t *testing.T) {
	p := newPoller(t)
	a, b := sockets(t)
	if err := p.Add(a, 1, 0); err != nil {
		t.Fatal(err)
	}
	unix.Shutdown(b, unix.SHUT_RDWR)
	unix.Shutdown(a, unix.SHUT_RDWR)
	events := wait(t, p, soon())
	if len(events) != 1 || events[0].Ready&poll.Error == 0 {
		t.Errorf("both directions closed: got %v, want an error event", events)
	}
}

func TestEpoll_WaitParksUntilAnEvent(t *testing.T) {
	p := newPoller(t)
	a, b := sockets(t)
	if err := p.Add(a, 7, poll.Read); err != nil {
		t.Fatal(err)
	}
	// The wait must survive collections: the runtime's registration belongs to an os.File.
	runtime.GC()
	runtime.GC()
	go func() {
		runtime.Gosched()
		syscall.Write(b, []byte("x"))
	}()
	if events := wait(t, p, soon()); len(events) != 1 || events[0].Token != 7 {
		t.Errorf("got %v, want the descriptor's event", events)
	}
}

func TestEpoll_DeadlineEndsWait(t *testing.T) {
	p := newPoller(t)
	for i := range 3 {
		until := time.Now().Add(time.Millisecond)
		for time.Now().Before(until) { // Wait may return early, and often if it is wrong
			if events := wait(t, p, until); len(events) != 0 {
				t.Fatalf("round %d: got %v from an empty poller", i, events)
			}
		}
	}
}

func TestEpoll_EarlierDeadlineStays(t *testing.T) {
	p := newPoller(t)
	early := time.Now().Add(time.Millisecond)
	wait(t, p, early)
	// The next deadline is later, then there is none: neither may be taken for passed.
	a, b := sockets(t)
	if err := p.Add(a, 1, poll.Read); err != nil {
		t.Fatal(err)
	}
	syscall.Write(b, []byte("x"))
	for _, until := range []time.Time{soon(), {}} {
		if events := wait(t, p, until); len(events) != 1 {
			t.Errorf("until %v: got %v, want the event", until, events)
		}
	}
}

func TestEpoll_WakeEndsWait(t *testing.T) {
	p := newPoller(t)
	for range 100 {
		go p.Wake()
		if events := wait(t, p, soon()); len(events) != 0 {
			t.Fatalf("a wake-up is no event: %v", events)
		}
	}
	// One that came before the wait counts, too.
	p.Wake()
	wait(t, p, time.Time{})
}

func TestEpoll_FullBatchStarvesNobody(t *testing.T) {
	p := newPoller(t)
	const n = 20
	for i := range n {
		a, _ := sockets(t)
		if err := p.Add(a, uint64(i), poll.Write); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[uint64]bool{}
	for range n { // of 8 events each
		for _, ev := range wait(t, p, poll.DontWait) {
			seen[ev.Token] = true
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d ready descriptors were reported", len(seen), n)
	}
}

func TestFiles_ReportWouldBlockAndEnd(t *testing.T) {
	f := newPoller(t).Files()
	a, b := sockets(t)
	buf := make([]byte, 8)
	if _, err := f.Read(a, buf); err != syscall.EAGAIN {
		t.Errorf("read of an empty socket: %v, want EAGAIN", err)
	}
	if n, err := f.Write(b, []byte("hello")); n != 5 || err != nil {
		t.Errorf("write: %d, %v", n, err)
	}
	if n, err := f.Read(a, buf); string(buf[:n]) != "hello" || err != nil {
		t.Errorf("read: %q, %v", buf[:n], err)
	}
	f.CloseWrite(b)
	if n, err := f.Read(a, buf); n != 0 || err != nil {
		t.Errorf("read at the end: %d, %v, want 0, nil", n, err)
	}
	if _, err := f.Accept(a); err == nil {
		t.Error("accept on a connected socket succeeded")
	}
}

func BenchmarkEpoll_WaitReady(b *testing.B) {
	p, err := poll.New()
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	fds, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	p.Add(fds[0], 1, poll.Write)
	events := make([]poll.Event, 8)
	b.ReportAllocs()
	for b.Loop() {
		p.Wait(events, time.Time{})
	}
}
