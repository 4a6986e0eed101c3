package main

import (
	"fmt"
	"io"
	"slices"
)

// result is one measurement.
type result struct {
	rate float64 // messages a second
	cost float64 // the server's CPU time for a message in µs
}

func (r result) rateOf() float64 { return r.rate }
func (r result) costOf() float64 { return r.cost }

// spread is what one server's measurements come to.
type spread struct{ median, min, max float64 }

func over(results []result, of func(result) float64) spread {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = of(r)
	}
	slices.Sort(values)
	n := len(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}
}

// report writes a table of one size.
func report(w io.Writer, o options, size int, results map[string][]result) {
	fmt.Fprintf(w, "\n%d bytes, %d connections, %d rounds of %v, GOMAXPROCS %d, server on CPU %d, load on CPU %d\n\n",
		size, o.conns, o.rounds, o.period, o.procs, o.serverCPU, o.loaderCPU)
	fmt.Fprintln(w, "| server | CPU µs a message, median [min-max] | x floor | messages/s, median [min-max] |")
	fmt.Fprintln(w, "| --- | --- | --- | --- |")
	floor := over(results[o.servers[0]], result.costOf).median
	for _, name := range o.servers {
		cost, rate := over(results[name], result.costOf), over(results[name], result.rateOf)
		fmt.Fprintf(w, "| %s | %.2f [%.2f-%.2f] | %.2f | %.0f [%.0f-%.0f] |\n",
			name, cost.median, cost.min, cost.max, cost.median/floor, rate.median, rate.min, rate.max)
	}
}
