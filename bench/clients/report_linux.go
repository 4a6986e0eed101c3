package main

import (
	"fmt"
	"io"

	"eddy/bench"
)

func (r result) rateOf() float64 { return r.Rate }
func (r result) costOf() float64 { return r.Cost }
func (r result) p99Of() float64  { return r.P99 }
func (r result) peakOf() float64 { return r.Peak }

// report writes the table.
func report(w io.Writer, o options, results map[string][]result) {
	if o.inflight > 0 {
		reportInFlight(w, o, results)
		return
	}
	fmt.Fprintf(w, "%d fetches at once, %d rounds of %v, CPU %d\n\n", o.conc, o.rounds, o.period, o.cpu)
	fmt.Fprintf(w, "| client | requests/s, median [min-max] | x %[1]s | CPU µs a request, median [min-max] | x %[1]s | p99 ms |\n", o.clients[0])
	fmt.Fprintln(w, "| --- | --- | --- | --- | --- | --- |")
	base := results[o.clients[0]]
	baseRate, baseCost := bench.SpreadBy(base, result.rateOf).Median, bench.SpreadBy(base, result.costOf).Median
	for _, name := range o.clients {
		rate, cost := bench.SpreadBy(results[name], result.rateOf), bench.SpreadBy(results[name], result.costOf)
		p99 := bench.SpreadBy(results[name], result.p99Of).Median
		fmt.Fprintf(w, "| %s | %.0f [%.0f-%.0f] | %.2f | %.2f [%.2f-%.2f] | %.2f | %.1f |\n", name,
			rate.Median, rate.Min, rate.Max, rate.Median/baseRate, cost.Median, cost.Min, cost.Max, cost.Median/baseCost, p99)
	}
}

func reportInFlight(w io.Writer, o options, results map[string][]result) {
	fmt.Fprintf(w, "%d fetches at once, answered after a second, %d rounds\n\n", o.inflight, o.rounds)
	fmt.Fprintln(w, "| client | RSS at most in MiB, median [min-max] | CPU µs a fetch | all done after ms |\n| --- | --- | --- | --- |")
	for _, name := range o.clients {
		peak := bench.SpreadBy(results[name], result.peakOf)
		cost, after := bench.SpreadBy(results[name], result.costOf).Median, bench.SpreadBy(results[name], result.p99Of).Median
		fmt.Fprintf(w, "| %s | %.1f [%.1f-%.1f] | %.1f | %.0f |\n", name, peak.Median, peak.Min, peak.Max, cost, after)
	}
}
