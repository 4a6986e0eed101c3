//go:build unix

package eddy_test

import (
	"context"
	"syscall"
)

// stopBySignal tells the process to stop, as a service manager does.
var stopBySignal = func(context.CancelFunc) { syscall.Kill(syscall.Getpid(), syscall.SIGTERM) }
