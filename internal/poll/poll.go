// Package poll waits for descriptors to become ready.
//
// Kind: engine, the bottom layer. A [Poller] is seven small methods, one file for each
// way to do it: epoll, kqueue, poll(2), package net for any other system, and a fake with
// descriptors in memory for tests. All of them pass the same tests (internal/polltest).
// Readiness is level-triggered: what is not dealt with is reported again by the next Wait.
//
// [New] takes the best one of the system, or the one that EDDY_POLLER names.
//
// One goroutine at a time uses a Poller; only Wake may be called from any.
package poll

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

var errNoDescriptor = fmt.Errorf("poll: neither a listener nor a connection of package net: %w", errors.ErrUnsupported)

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
	// Add starts to watch fd. Its events carry token. It fails with EEXIST if fd is watched
	// already, with EBADF if it is not open.
	Add(fd int, token uint64, m Mode) error
	// Modify changes what is waited for; zero leaves Error alone. It fails with ENOENT if
	// fd is not watched.
	Modify(fd int, token uint64, m Mode) error
	// Remove stops watching fd, or fails with ENOENT. Call it before the descriptor is
	// closed.
	Remove(fd int) error
	// Wait fills events and returns how many there are, at most one for a descriptor. It
	// may return none early; it does so when until has passed and when Wake was called. A
	// zero until waits without limit, [DontWait] not at all. If more descriptors are ready
	// than there is room for, they take turns.
	Wait(events []Event, until time.Time) (int, error)
	// Wake makes the current Wait return, or the next one if none is under way. Any
	// goroutine, but not beside or after Close.
	Wake() error
	// Files does I/O on the descriptors that this poller can watch.
	Files() Files
	// Close frees the poller. The watched descriptors stay open. A second call does nothing.
	Close() error
}

// File is what SendFile needs of an *os.File.
type File interface {
	io.ReaderAt
	syscall.Conn
}

// Files does non-blocking I/O on descriptors. Errors are system error numbers
// ([syscall.Errno]): EAGAIN when the call would block. Calls are retried on EINTR.
//
// A descriptor belongs to no poller before it is watched: it may be opened through the
// Files of one poller and watched by another of the same kind.
type Files interface {
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	// Writev writes several pieces as if they were one.
	Writev(fd int, pieces [][]byte) (int, error)
	// SendFile writes at most n bytes of a regular file, from offset on, to a socket. None
	// without an error means that the file ends there. It waits for the disk.
	SendFile(fd int, f File, offset int64, n int) (int, error)
	// Accept returns a new connection of a listening socket: non-blocking, close-on-exec.
	Accept(fd int) (int, error)
	// Connect opens a socket, non-blocking and close-on-exec, and begins to connect it. It is
	// ready for Write when that has come to an end, and Error then tells how. What is known
	// at once fails at once; a failure to bind t.Local is an *[os.SyscallError] of "bind",
	// at once or from Error.
	Connect(t Target) (fd int, err error)
	// CloseWrite ends the sending direction of a socket (shutdown, SHUT_WR).
	CloseWrite(fd int) error
	// Error returns and clears the pending error of a socket, nil if there is none.
	Error(fd int) error
	Close(fd int) error
	// Adopt makes a descriptor, non-blocking and close-on-exec, of a listener or connection
	// of package net, or, where descriptors are the system's, of an *os.File. That is used up,
	// also when Adopt fails.
	Adopt(c io.Closer) (fd int, err error)
	// Release makes a connection of package net of a connected socket's descriptor, which
	// must not be watched any more. That is used up, also when Release fails.
	Release(fd int) (net.Conn, error)
	// Pair opens two sockets, non-blocking and close-on-exec, that are connected with each
	// other. They need not be of IP.
	Pair() (a, b int, err error)
	// SetNoDelay makes a TCP socket send small segments at once, or lets it collect them. It
	// fails for what is no TCP socket, with an error that depends on the system.
	SetNoDelay(fd int, on bool) error
	// PeerAddr returns the address of the other end of a connected socket, invalid for
	// sockets that are not of IP or no longer connected.
	PeerAddr(fd int) netip.AddrPort
	// LocalAddr returns the address of this end, likewise.
	LocalAddr(fd int) netip.AddrPort
}

// Target is where to connect to.
type Target struct {
	// Addr is an address of TCP.
	Addr netip.AddrPort
	// Path names a Unix socket, and stands for Addr if it is not empty. On Linux "@" begins the
	// name of one that is no file. There, EAGAIN says that the listener's backlog is full.
	Path string
	// Local is the address to connect from. The zero value leaves it to the system; port 0
	// leaves the port.
	Local netip.AddrPort
	// Control, if not nil, is called when the socket is open and neither bound nor
	// connected, as that of [net.Dialer]: on the calling goroutine or another one. Its
	// error ends the attempt.
	Control func(network, address string, c syscall.RawConn) error
}

// check fails for addresses that no socket can have both.
func (t *Target) check() error {
	if to := t.Addr.Addr(); t.Path == "" && (!to.IsValid() ||
		t.Local.IsValid() && t.Local.Addr().Unmap().Is4() != to.Unmap().Is4()) ||
		t.Path != "" && t.Local.IsValid() {
		return syscall.EAFNOSUPPORT
	}
	return nil
}

// network returns the name of the target's network and its address, as package net has them.
func (t *Target) network() (network, address string) {
	switch {
	case t.Path != "":
		return "unix", t.Path
	case t.Addr.Addr().Unmap().Is4():
		return "tcp4", t.Addr.String()
	}
	return "tcp6", t.Addr.String()
}
