//go:build unix

package main

import (
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func trimOnSignal() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	go func() {
		for range c {
			debug.FreeOSMemory()
		}
	}()
}
