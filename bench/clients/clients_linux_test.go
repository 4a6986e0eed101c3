package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"eddy/bench/child"
)

// TestMain lets the test's program be the server and the clients, too.
func TestMain(m *testing.M) {
	child.Main(be)
	os.Exit(m.Run())
}

// table runs the program and returns the columns of each client's row.
func table(t *testing.T, args ...string) map[string][]string {
	t.Helper()
	var out strings.Builder
	if err := run(args, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	rows := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		columns := strings.Split(strings.Trim(line, "| \n"), " | ")
		if slices.Contains(order, columns[0]) {
			rows[columns[0]] = columns
		}
	}
	return rows
}

func number(t *testing.T, s string) (f float64) {
	t.Helper()
	if _, err := fmt.Sscan(s, &f); err != nil {
		t.Fatalf("%q is no number", s)
	}
	return f
}

// The promise that holds on every machine, with room for a noisy one. The figures proper are in
// docs/performance.md.
func TestClients_CostLessThanNetHTTP(t *testing.T) {
	if err := child.OnCPU(0, func() error { return nil }); err != nil {
		t.Skip(err) // a CPU that is not ours
	}
	rows := table(t, "-rounds", "3", "-period", "300ms", "-cpu", "0")
	for _, name := range []string{"eddy", "eddy-coroutines"} {
		if x := number(t, rows[name][4]); !(x > 0 && x < 0.75) {
			t.Errorf("%s: %.2f of the CPU time of net/http", name, x)
		}
	}
}

// All fetches complete, and take less memory than those of net/http.
func TestInFlight_TakesLessThanNetHTTP(t *testing.T) {
	rows := table(t, "-inflight", "2000", "-rounds", "1", "-clients", "net/http,eddy,eddy-coroutines")
	most := number(t, rows["net/http"][1])
	for _, name := range []string{"eddy", "eddy-coroutines"} {
		if mib := number(t, rows[name][1]); !(mib > 0 && mib < most) {
			t.Errorf("%s: %.1f MiB, net/http %.1f", name, mib, most)
		}
	}
}

func TestReport_MediansAndRatios(t *testing.T) {
	o, err := parse([]string{"-clients", "net/http,eddy", "-rounds", "4"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	report(&b, o, map[string][]result{
		"net/http": {{400, 2, 9, 0}, {100, 1, 9, 0}, {200, 4, 9, 0}, {300, 2, 9, 0}},
		"eddy":     {{500, 1, 3, 0}},
	})
	for _, row := range []string{
		"| net/http | 250 [100-400] | 1.00 | 2.00 [1.00-4.00] | 1.00 | 9.0 |\n", "| eddy | 500 [500-500] | 2.00 | 1.00 [1.00-1.00] | 0.50 | 3.0 |\n",
	} {
		if !strings.Contains(b.String(), row) {
			t.Errorf("no %q in\n%s", row, b.String())
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, args := range []string{"-conc=0", "-clients=none", "-rounds=0", "-inflight=-1", "-period=0s"} {
		if _, err := parse([]string{args}); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
}
