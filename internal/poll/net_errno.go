//go:build !windows

package poll

import "syscall"

// normal returns the number by which the rest of the code knows an error.
func normal(errno syscall.Errno) syscall.Errno { return errno }
