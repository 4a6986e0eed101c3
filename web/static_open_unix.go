//go:build unix

package web

import (
	"os"
	"syscall"
)

// openStatic does not wait for the other end of a FIFO. To a regular file it means nothing, but that
// package os need not try it.
const openStatic = os.O_RDONLY | syscall.O_NONBLOCK
