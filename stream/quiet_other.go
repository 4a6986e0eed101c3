//go:build !windows

package stream

import "syscall"

// everyday are the errors of connections whose peer is gone. EPROTOTYPE is what macOS says to
// a write that meets a socket while it is being closed.
var everyday = []error{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT, syscall.ENOTCONN, syscall.EPROTOTYPE}
