package child

import (
	"fmt"
	"runtime"
)

// OnCPU calls f on a thread that is bound to one CPU, as are the processes that f starts; a negative one is any. It
// returns f's error, or one of its own if this process may not run on that CPU, or the system, any but Linux, cannot
// bind a thread.
func OnCPU(cpu int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if cpu >= 0 {
		undo, err := bind(cpu)
		if err != nil {
			return fmt.Errorf("CPU %d: %w", cpu, err)
		}
		defer undo()
	}
	return f()
}
