package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The bound is of a small transfer, which would show as its own size if the proxy held it; the
// figure proper is in docs/performance.md.
func TestTransfer_TakesLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the memory of a process cannot be read here")
	}
	var out strings.Builder
	if err := run([]string{"-size", fmt.Sprint(96 << 20), "-portion", fmt.Sprint(32 << 20), "-conns", "2"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, d := range []direction{toUpstream, toClient} {
		_, row, _ := strings.Cut(out.String(), fmt.Sprintf("\n| %s |", d))
		var idle, median, most float64
		if _, err := fmt.Sscanf(row, " %f | %f | %f |", &idle, &median, &most); err != nil {
			t.Fatalf("%v in\n%s", err, out.String())
		}
		if idle <= 0 || median > most || most >= 64 {
			t.Errorf("%s: %.1f MiB at rest, %.1f, %.1f at most, want less than 64", d, idle, median, most)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, args := range []string{"-size=0", "-portion=0", "-conns=0", "-rest=-1s"} {
		if _, err := parse([]string{args}); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
}
