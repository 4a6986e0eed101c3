package child

import (
	"fmt"
	"io"
	"os"
)

// roleEnv tells a process that it is a child, and which.
const roleEnv = "EDDY_BENCH_ROLE"

// Main returns if this process is no child. Otherwise it runs the child, whose role is that of the [Options] it was
// started with, and does not return: the process ends when run does, with status 1 after an error, which goes to the
// standard error, or when its parent ends or stops it. To be called first by main or TestMain.
func Main(run func(role string) error) {
	role := os.Getenv(roleEnv)
	if role == "" {
		return
	}
	os.Unsetenv(roleEnv) // what a child starts is not the same child
	Watch()
	if err := run(role); err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Watch ends this process, with status 0, when its standard input ends: a parent that holds the other end of it has
// closed it, or is gone. Nobody else may read the standard input then.
func Watch() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
}
