package tcp

import (
	"errors"
	"fmt"
	"net"
	"os"
)

var errNotListening = errors.New("not a listening stream socket")

// FromListener makes a Listener of one of package net, which it uses up. It must be one of a
// system's socket (*net.TCPListener, *net.UnixListener): any other fails in Accept. The file of
// a Unix socket stays where it is. Any goroutine.
func FromListener(l net.Listener) *Listener {
	switch l := l.(type) {
	case *net.TCPListener:
		withSocket(l, func(fd uintptr) error {
			setOptions(fd)
			return nil
		})
	case *net.UnixListener:
		l.SetUnlinkOnClose(false)
	}
	return newListener(l)
}

// FromFile makes a Listener of a descriptor that was inherited, or received from another
// process, and that listens already. It works on a duplicate: f stays the caller's, to be
// closed. Any goroutine.
func FromFile(f *os.File) (*Listener, error) {
	orig, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("tcp: %s: %w", f.Name(), errors.Join(errNotListening, err))
	}
	err = withSocket(orig, func(fd uintptr) error {
		if !listening(fd) {
			return fmt.Errorf("tcp: %s: %w", f.Name(), errNotListening)
		}
		return nil
	})
	if err != nil {
		orig.Close()
		return nil, err
	}
	return FromListener(orig), nil
}
