package bench_test

import (
	"testing"
	"time"

	"eddy/bench"
)

const conns = 64

func BenchmarkPlaintext(b *testing.B) {
	for _, name := range []string{"eddy", "nethttp", "fasthttp"} {
		b.Run(name, func(b *testing.B) {
			s := start(b, name)
			if err := bench.Load(s.addr, "/plaintext", conns, 1000); err != nil {
				b.Fatal(err)
			}
			before := s.cpu(b)
			b.ResetTimer()
			if err := bench.Load(s.addr, "/plaintext", conns, b.N); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64((s.cpu(b)-before).Nanoseconds())/float64(b.N), "server-cpu-ns/op")
		})
	}
}

// The promise that holds on every machine, with room for a noisy one: a request costs
// clearly less CPU than under net/http. The figures proper are in docs/performance.md.
func TestPlaintext_CostsLessThanNetHTTP(t *testing.T) {
	const rounds, requests = 5, 4000
	cost := map[string]time.Duration{}
	servers := map[string]*server{"eddy": start(t, "eddy"), "nethttp": start(t, "nethttp")}
	for round := range rounds {
		for name, s := range servers {
			before := s.cpu(t)
			if err := bench.Load(s.addr, "/plaintext", conns, requests); err != nil {
				t.Fatal(err)
			}
			if round > 0 { // the first one warms up
				cost[name] += s.cpu(t) - before
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
