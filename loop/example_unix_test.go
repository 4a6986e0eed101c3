//go:build unix

package loop_test

import (
	"fmt"
	"os"
	"syscall"

	"eddy/loop"
)

// The first SIGHUP reloads; the program goes on until it is told to stop.
func ExampleLoop_OnSignal() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	l.OnSignal(func(os.Signal) {
		fmt.Println("reload")
		syscall.Kill(os.Getpid(), syscall.SIGUSR2) // what "kill -USR2" does
	}, syscall.SIGHUP)
	l.OnSignal(func(s os.Signal) {
		fmt.Println("stop")
		l.Stop()
	}, os.Interrupt, syscall.SIGUSR2)

	syscall.Kill(os.Getpid(), syscall.SIGHUP)
	l.Run()
	// Output:
	// reload
	// stop
}
