package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"eddy/bench/child"
)

// TestMain lets the test's program be the server, too.
func TestMain(m *testing.M) {
	child.Main(be)
	os.Exit(m.Run())
}

// The bodies are small, but would show as their own size if the server held them; the figures
// proper are in docs/performance.md.
func TestBodies_TakeLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the memory of a process cannot be read here")
	}
	var out strings.Builder
	if err := run([]string{"-size", fmt.Sprint(96 << 20), "-portion", fmt.Sprint(32 << 20)}, &out); err != nil {
		t.Fatal(err)
	}
	for _, w := range ways {
		_, row, _ := strings.Cut(out.String(), fmt.Sprintf("\n| %s |", w.name))
		var idle, median, most float64
		if _, err := fmt.Sscanf(row, " %f | %f | %f |", &idle, &median, &most); err != nil {
			t.Fatalf("%v in\n%s", err, out.String())
		}
		if idle <= 0 || median > most || most-idle >= 24 {
			t.Errorf("%s: %.1f MiB at rest, %.1f at most, want less than 24 more", w.name, idle, most)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, args := range []string{"-size=0", "-portion=0", "-rest=-1s"} {
		if _, err := parse([]string{args}); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
}
