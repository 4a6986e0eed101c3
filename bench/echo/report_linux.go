package main

import (
	"fmt"
	"io"

	"eddy/bench"
)

// result is one measurement.
type result struct {
	rate float64 // messages a second
	cost float64 // the server's CPU time for a message in µs
}

func (r result) rateOf() float64 { return r.rate }
func (r result) costOf() float64 { return r.cost }

// report writes a table of one size.
func report(w io.Writer, o options, size int, results map[string][]result) {
	fmt.Fprintf(w, "\n%d bytes, %d connections, %d rounds of %v, GOMAXPROCS %d, server on CPU %d, load on CPU %d\n\n",
		size, o.conns, o.rounds, o.period, o.procs, o.serverCPU, o.loaderCPU)
	fmt.Fprintln(w, "| server | CPU µs a message, median [min-max] | x floor | messages/s, median [min-max] |")
	fmt.Fprintln(w, "| --- | --- | --- | --- |")
	floor := bench.SpreadBy(results[o.servers[0]], result.costOf).Median
	for _, name := range o.servers {
		cost, rate := bench.SpreadBy(results[name], result.costOf), bench.SpreadBy(results[name], result.rateOf)
		fmt.Fprintf(w, "| %s | %.2f [%.2f-%.2f] | %.2f | %.0f [%.0f-%.0f] |\n",
			name, cost.Median, cost.Min, cost.Max, cost.Median/floor, rate.Median, rate.Min, rate.Max)
	}
}
