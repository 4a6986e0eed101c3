// Package polltest holds the tests that every poller passes.
//
// Kind: test support. It uses real connections on the loopback interface: one end is a
// descriptor of the poller, the other one a connection of package net.
package polltest

import (
	"net"
	"sync"
	"testing"
	"time"

	"eddy/internal/poll"
)

// Kind is a poller to be tested.
type Kind struct {
	// Open makes a new one.
	Open func() (poll.Poller, error)
	// NoEarlyHangup: a hangup behind bytes that nobody has read goes unnoticed while
	// reading is not waited for.
	NoEarlyHangup bool
	// TakesErrors: whoever waits for a descriptor is given its pending error, so that
	// Files.Error finds none.
	TakesErrors bool
	// HoldsThread: a wait is a system call that lasts.
	HoldsThread bool
	// Portable: descriptors are numbers of the poller's own, not the system's.
	Portable bool
}

// Run runs all tests on pollers of a kind.
func Run(t *testing.T, k Kind) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, h *harness)
	}{
		{"reports what is waited for", reportsWhatIsWaitedFor},
		{"reports a listener", reportsListener},
		{"hangup with unread bytes", hangupWithUnreadBytes},
		{"hangup while nobody reads", hangupWhileNobodyReads},
		{"bytes are no hangup", bytesAreNoHangup},
		{"error of a reset", errorOfReset},
		{"error when both directions are closed", errorWhenBothClosed},
		{"closing one direction is no error", oneDirectionIsNoError},
		{"registrations", registrations},
		{"a number is used again", numberIsUsedAgain},
		{"removed while ready", removedWhileReady},
		{"many descriptors", manyDescriptors},
		{"small batches", smallBatches},
		{"deadline", deadline},
		{"deadlines that move", deadlinesMove},
		{"wake before and while waiting", wake},
		{"many wakes are few", manyWakes},
		{"wakes race with events", wakesRace},
		{"close", closing},
		{"read and write", readAndWrite},
		{"end of file", endOfFile},
		{"backpressure", backpressure},
		{"what was written arrives after close", writtenBeforeClose},
		{"released with bytes both ways", released},
		{"pieces", writesPieces},
		{"files", sendsFiles},
		{"close with unread bytes", closeWithUnreadBytes},
		{"accept", accept},
		{"adopt", adopt},
		{"addresses", addresses},
		{"connect", connect},
		{"connect: refused", connectRefused},
		{"connect: from an address", connectFrom},
		{"connect: control", connectControl},
		{"connect: closed at once", connectClosed},
		{"pairs", pairs},
		{"no delay", noDelay},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t, k)) })
	}
	runSystem(t, k)
}

// harness is an open poller.
type harness struct {
	Kind
	p     poll.Poller
	files poll.Files
	wg    sync.WaitGroup // goroutines that use p
}

func open(t *testing.T, k Kind) *harness {
	t.Helper()
	p, err := k.Open()
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{Kind: k, p: p, files: p.Files()}
	t.Cleanup(func() {
		h.wg.Wait()
		p.Close()
	})
	return h
}

// Pair returns a connection: one end is a descriptor of files, which is left open, and the
// other one is closed by the test's end.
func Pair(t testing.TB, files poll.Files) (fd int, peer *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if fd, err = files.Adopt(s); err != nil {
		t.Fatal(err)
	}
	return fd, c.(*net.TCPConn)
}

// pair is Pair with a descriptor that is closed by the test's end.
func (h *harness) pair(t *testing.T) (fd int, peer *net.TCPConn) {
	t.Helper()
	fd, peer = Pair(t, h.files)
	t.Cleanup(func() { h.files.Close(fd) })
	return fd, peer
}

// watched is pair with a descriptor that is watched.
func (h *harness) watched(t *testing.T, token uint64, m poll.Mode) (fd int, peer *net.TCPConn) {
	t.Helper()
	fd, peer = h.pair(t)
	h.ok(t, h.p.Add(fd, token, m))
	t.Cleanup(func() { h.p.Remove(fd) })
	return fd, peer
}

func (h *harness) ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon bounds a wait that an event must end.
func soon() time.Time { return time.Now().Add(20 * time.Second) }

// wait waits once.
func (h *harness) wait(t *testing.T, until time.Time) []poll.Event {
	t.Helper()
	events := make([]poll.Event, 8)
	n, err := h.p.Wait(events, until)
	if err != nil {
		t.Fatal(err)
	}
	return events[:n]
}

// expect waits until token's conditions are exactly want. It fails the test when an event
// has another token, or more than what was asked for.
func (h *harness) expect(t *testing.T, token uint64, want poll.Mode) {
	t.Helper()
	for limit := soon(); ; {
		for _, ev := range h.wait(t, limit) {
			switch {
			case ev.Token != token:
				t.Fatalf("an event of %#x, want %#x", ev.Token, token)
			case ev.Ready&^want != 0:
				t.Fatalf("ready for %04b, want %04b at most", ev.Ready, want)
			case ev.Ready == want:
				return
			}
		}
		if time.Now().After(limit) {
			t.Fatalf("no event %04b", want)
		}
	}
}

// quiet fails the test if anything is ready. What is under way may still come, so that a
// fault may go unnoticed, but there is no false alarm.
func (h *harness) quiet(t *testing.T) {
	t.Helper()
	for range 3 {
		if events := h.wait(t, poll.DontWait); len(events) != 0 {
			t.Fatalf("got %v, want no event", events)
		}
	}
}

// send makes s readable at the peer's other end.
func send(t *testing.T, peer net.Conn, s string) {
	t.Helper()
	if _, err := peer.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
}

// reset makes the peer's end go away with a reset.
func reset(peer *net.TCPConn) {
	peer.SetLinger(0)
	peer.Close()
}

const token = 0xfedc_ba98_7654_3210
