package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"eddy/bench"
	"eddy/bench/child"
)

func TestMain(m *testing.M) {
	child.Main(be)
	os.Exit(m.Run())
}

func begin(t *testing.T, name string, cpu int) *child.Process {
	t.Helper()
	s, err := start(name, 1, cpu)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}

// Messages are compared when they come back: also those that fit no buffer.
func TestServers_SendBack(t *testing.T) {
	for _, name := range order {
		s := begin(t, name, -1)
		for _, size := range []int{1, 16, 64 << 10, 1<<20 + 1} {
			r, err := measure(s, 3, size, 50*time.Millisecond)
			if err != nil || !(r.rate > 0 && r.cost > 0) {
				t.Errorf("%s, %d bytes: %+v, %v", name, size, r, err)
			}
		}
	}
}

// The promise that holds on every machine, with room for a noisy one. The figures proper are in
// docs/performance.md.
func TestEngine_CostsLessThanGoroutines(t *testing.T) {
	const rounds, cpu = 7, 0
	if err := child.OnCPU(cpu, func() error { return nil }); err != nil {
		t.Skip(err) // a CPU that is not ours
	}
	servers := map[string]*child.Process{"eddy": begin(t, "eddy", cpu), "net": begin(t, "net", cpu)}
	results := map[string][]result{}
	err := child.OnCPU(cpu, func() error {
		for range rounds {
			for name, s := range servers {
				r, err := measure(s, 100, 16, 50*time.Millisecond)
				if err != nil {
					return err
				}
				results[name] = append(results[name], r)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	eddy, net := bench.SpreadBy(results["eddy"], result.costOf), bench.SpreadBy(results["net"], result.costOf)
	t.Logf("CPU µs a message, the least of %d: eddy %.2f, net %.2f", rounds, eddy.Min, net.Min)
	if eddy.Min > 0.95*net.Min {
		t.Errorf("a message costs %.2f of a goroutine's, want at most 0.95", eddy.Min/net.Min)
	}
}

func TestReport_MediansAndRatios(t *testing.T) {
	o, err := parse([]string{"-servers", "floor,eddy", "-rounds", "4"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	report(&b, o, 16, map[string][]result{
		"floor": {{400, 2}, {100, 1}, {200, 4}, {300, 2}},
		"eddy":  {{10, 3}},
	})
	for _, row := range []string{
		"| floor | 2.00 [1.00-4.00] | 1.00 | 250 [100-400] |\n", "| eddy | 3.00 [3.00-3.00] | 1.50 | 10 [10-10] |\n",
	} {
		if !strings.Contains(b.String(), row) {
			t.Errorf("no %q in\n%s", row, b.String())
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, args := range []string{"-sizes=0", "-sizes=16,", "-servers=none", "-rounds=0", "-conns=-1", "-period=0s"} {
		if _, err := parse([]string{args}); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
}
