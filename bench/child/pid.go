package child

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// PID is a process, by its number, and tells what it uses. Any goroutine.
type PID int

// CPU returns the CPU time of the process's threads, those that have ended left out; 0 if the system does not tell.
// It comes from the scheduler's own count, which is finer than the ticks of ps.
func (p PID) CPU() (total time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p))
	for _, path := range threads {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // a thread that has just ended
		}
		var ns int64
		fmt.Sscan(string(b), &ns)
		total += time.Duration(ns)
	}
	return total
}

// RSS returns how many bytes of the process are in memory. It is an error if the process has ended, or the system does
// not tell.
func (p PID) RSS() (bytes int64, err error) { return p.status("VmRSS") }

// PeakRSS returns the most that RSS has been.
func (p PID) PeakRSS() (bytes int64, err error) { return p.status("VmHWM") }

// SettledRSS returns RSS once it changes no more, a tenth of a second long, but waits for that five seconds at most.
func (p PID) SettledRSS() (bytes int64, err error) {
	for range 50 {
		time.Sleep(100 * time.Millisecond)
		now, err := p.RSS()
		if err != nil || now == bytes {
			return now, err
		}
		bytes = now
	}
	return bytes, nil
}

// status returns a line of the process's status in bytes.
func (p PID) status(line string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), "\n"+line+":")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0, fmt.Errorf("no %s: %w", line, err)
	}
	return kib << 10, nil
}
