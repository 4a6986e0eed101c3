// Package leaktest fails a package's tests if they leave goroutines or descriptors behind.
package leaktest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Main runs the tests and then checks. Call it from TestMain.
func Main(m *testing.M) {
	before := descriptors()
	code := m.Run()
	if code == 0 {
		if report := settle(before); report != "" {
			fmt.Fprintln(os.Stderr, report)
			code = 1
		}
	}
	os.Exit(code)
}

// settle waits for what is ending on its own, as goroutines do that were just told to.
func settle(before int) string {
	var report string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		runtime.GC() // frees descriptors that only a finalizer holds
		report = goroutines()
		if n := descriptors(); report == "" && n > before {
			report = fmt.Sprintf("leaktest: %d descriptors, %d before the tests", n, before)
		}
		if report == "" {
			return ""
		}
		runtime.Gosched()
	}
	return report
}

// goroutines returns the stacks of goroutines that a test must have started.
func goroutines() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for _, g := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(g, "leaktest.goroutines(") || strings.Contains(g, "testing.(*M)") ||
			strings.Contains(g, "runtime.ensureSigM") || strings.Contains(g, "os/signal.loop") ||
			strings.Contains(g, "runtime.MutexProfile") || strings.TrimSpace(g) == "" {
			continue
		}
		left = append(left, g)
	}
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf("leaktest: %d goroutines left:\n\n%s", len(left), strings.Join(left, "\n\n"))
}

// descriptors counts the open descriptors. On a system without a directory of them they go
// unchecked, and on Windows, where Wine's threads have some of their own.
func descriptors() int {
	if runtime.GOOS == "windows" {
		return 0
	}
	startPoller()
	for _, dir := range []string{"/proc/self/fd", "/dev/fd"} {
		if list, err := os.ReadDir(dir); err == nil {
			return len(list)
		}
	}
	return 0
}

// startPoller makes the runtime open the descriptors of its own poller, which stay.
var startPoller = sync.OnceFunc(func() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
})
