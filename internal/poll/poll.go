// Package poll waits for descriptors to become ready.
//
// Kind: engine, the bottom layer. A [Poller] is seven small methods, one file for each
// way to do it: epoll, and a fake with descriptors in memory for tests. Readiness is level-triggered:
// what is not dealt with is reported again by the next Wait.
//
// One goroutine at a time uses a Poller; only Wake may be called from any.
package poll

import "time"

// DontWait makes Wait ask without waiting.
var DontWait = time.Unix(1, 0)

// Mode is a set of conditions of a descriptor: those to wait for, or those that hold.
type Mode uint8

const (
	// Read: a read would not block. It also holds when a read would fail.
	Read Mode = 1 << iota
	// Write: a write would not block, or would fail.
	Write
	// Hangup: the peer closed its sending side. What it sent before may still be unread,
	// and it may still be reading. Once it holds it holds for ever: stop waiting for it.
	Hangup
	// Error: the descriptor has failed, or both directions are closed. It need not be
	// asked for, and comes with Read and Write so that their next call meets the error.
	Error
)

// Event says that a descriptor is ready.
type Event struct {
	Token uint64 // as given to Add
	Ready Mode
}

// Poller is the operating system's way to wait for many descriptors.
type Poller interface {
	// Add starts to watch fd. Its events carry token.
	Add(fd int, token uint64, m Mode) error
	// Modify changes what is waited for; zero leaves Error alone.
	Modify(fd int, token uint64, m Mode) error
	// Remove stops watching fd. Call it before the descriptor is closed.
	Remove(fd int) error
	// Wait fills events and returns how many there are. It may return none early; it does
	// so when until has passed and when Wake was called. A zero until waits without limit,
	// [DontWait] not at all.
	Wait(events []Event, until time.Time) (int, error)
	// Wake makes the current Wait return, or the next one if none is under way.
	Wake() error
	// Files does I/O on the descriptors that this poller can watch.
	Files() Files
	// Close frees the poller. The watched descriptors stay open.
	Close() error
}

// Files does non-blocking I/O on descriptors. Errors are system error numbers
// ([syscall.Errno]): EAGAIN when the call would block. Calls are retried on EINTR.
type Files interface {
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	// Accept returns a new connection of a listening socket: non-blocking, close-on-exec.
	Accept(fd int) (int, error)
	// CloseWrite ends the sending direction of a socket (shutdown, SHUT_WR).
	CloseWrite(fd int) error
	// Error returns and clears the pending error of a socket, nil if there is none.
	Error(fd int) error
	Close(fd int) error
}
