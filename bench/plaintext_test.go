package bench_test

import (
	"os"
	"testing"
	"time"

	"eddy/bench"
	"eddy/bench/child"
)

const conns = 64

func BenchmarkPlaintext(b *testing.B) {
	for _, name := range []string{"eddy", "nethttp", "fasthttp"} {
		b.Run(name, func(b *testing.B) {
			s := start(b, name)
			if err := bench.Load(s.Said, "/plaintext", conns, 1000); err != nil {
				b.Fatal(err)
			}
			before := s.CPU()
			b.ResetTimer()
			if err := bench.Load(s.Said, "/plaintext", conns, b.N); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64((s.CPU()-before).Nanoseconds())/float64(b.N), "server-cpu-ns/op")
		})
	}
}

// The promise that holds on every machine, with room for a noisy one: a request costs
// clearly less CPU than under net/http. The figures proper are in docs/performance.md.
func TestPlaintext_CostsLessThanNetHTTP(t *testing.T) {
	if os.Getenv("EDDY_POLLER") == "net" {
		t.Skip("the poller on package net has a goroutine for each connection, as net/http, and costs as much")
	}
	const rounds, requests = 5, 4000
	cost := map[string]time.Duration{}
	servers := map[string]*child.Process{"eddy": start(t, "eddy"), "nethttp": start(t, "nethttp")}
	for round := range rounds {
		for name, s := range servers {
			before := s.CPU()
			if err := bench.Load(s.Said, "/plaintext", conns, requests); err != nil {
				t.Fatal(err)
			}
			if round > 0 { // the first one warms up
				cost[name] += s.CPU() - before
			}
		}
	}
	ratio := float64(cost["eddy"]) / float64(cost["nethttp"])
	t.Logf("CPU per request: eddy %v, net/http %v, ratio %.2f",
		cost["eddy"]/((rounds-1)*requests), cost["nethttp"]/((rounds-1)*requests), ratio)
	if ratio > 0.8 {
		t.Errorf("a request costs %.2f of net/http's CPU, want at most 0.8", ratio)
	}
}
