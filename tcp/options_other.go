//go:build !unix

package tcp

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Why an address cannot be listened on: WSAEADDRINUSE, WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT.
const (
	errInUse    = syscall.Errno(10048)
	errNotAvail = syscall.Errno(10049)
	errNoFamily = syscall.Errno(10047)
)

// setOptions does nothing: package net sets the options of each connection it accepts. Windows
// must not be given SO_REUSEADDR, which lets anybody take over a port that is in use.
func setOptions(uintptr) {}

func setReusePort(uintptr) error { return errors.ErrUnsupported }

func setBacklog(uintptr, int) error {
	return fmt.Errorf("the backlog cannot be set on this system: %w", errors.ErrUnsupported)
}

func setMode(uintptr, fs.FileMode) {}

func listening(uintptr) bool { return true }
