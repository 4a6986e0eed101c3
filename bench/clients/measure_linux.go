package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// result is one measurement of one client.
type result struct {
	Rate float64 // fetches a second
	Cost float64 // CPU time for each in µs
	P99  float64 // ms
	Peak float64 // the most memory of the process in MiB
}

var errAnswer = errors.New("not what the server says")

// fetchMany is what a client's process does.
func (o options) fetchMany(name, url string) (result, error) {
	if o.inflight > 0 {
		return o.fetchOnce(name, url+"/slow")
	}
	return o.fetchOn(contestants[name], url+"/fast")
}

// fetchOn fetches again and again, and measures after it has become warm.
func (o options) fetchOn(c contestant, url string) (result, error) {
	get, spread := c(o.conc)
	var measuring atomic.Bool
	var mu sync.Mutex
	var times []time.Duration
	failed := make(chan error, o.conc)
	var n atomic.Int64
	spread(func(ctx context.Context) {
		own := make([]time.Duration, 0, 1<<6)
		for {
			began := time.Now()
			if size, err := get(ctx, url); err != nil || size != len(hello) {
				failed <- errors.Join(err, errAnswer)
				return
			}
			n.Add(1)
			if !measuring.Load() {
				continue
			}
			if own = append(own, time.Since(began)); len(own) == cap(own) {
				mu.Lock()
				times = append(times, own...)
				mu.Unlock()
				own = own[:0]
			}
		}
	})
	time.Sleep(o.period / 4)
	measuring.Store(true)
	begin, before, cpu := time.Now(), n.Load(), used()
	select {
	case err := <-failed:
		return result{}, err
	case <-time.After(o.period):
	}
	taken, done, cost := time.Since(begin), float64(n.Load()-before), used()-cpu
	measuring.Store(false)
	if done == 0 {
		return result{}, errAnswer
	}
	mu.Lock()
	defer mu.Unlock()
	r := result{Rate: done / taken.Seconds(), Cost: float64(cost.Nanoseconds()) / 1000 / done, Peak: peak()}
	if len(times) > 0 {
		slices.Sort(times)
		r.P99 = times[len(times)*99/100].Seconds() * 1000
	}
	return r, nil
}

// fetchOnce has many fetches under way at once, each a single one.
func (o options) fetchOnce(name, url string) (result, error) {
	results := make(chan error, o.inflight)
	began, cpu := time.Now(), used()
	begin(name, contestants[name], o.inflight, url, results)
	for range o.inflight {
		if err := <-results; err != nil {
			return result{}, err
		}
	}
	taken, cost, n := time.Since(began), used()-cpu, float64(o.inflight)
	return result{Rate: n / taken.Seconds(), Cost: float64(cost.Nanoseconds()) / 1000 / n, P99: taken.Seconds() * 1000, Peak: peak()}, nil
}

// used returns the CPU time of the process.
func used() time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peak returns the most memory that the process has had, in MiB.
func peak() (mib float64) {
	b, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(b), "\nVmHWM:")
	fmt.Sscan(rest, &mib)
	return mib / 1024
}

// spreadOf returns the median of one part of the results, with the least and the largest.
func spreadOf(results []result, of func(result) float64) (median, least, largest float64) {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = of(r)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]
}

// report writes the table.
func report(w io.Writer, o options, results map[string][]result) {
	rateOf, costOf := func(r result) float64 { return r.Rate }, func(r result) float64 { return r.Cost }
	if o.inflight > 0 {
		fmt.Fprintf(w, "%d fetches at once, answered after a second, %d rounds\n\n", o.inflight, o.rounds)
		fmt.Fprintln(w, "| client | RSS at most in MiB, median [min-max] | CPU µs a fetch | all done after ms |\n| --- | --- | --- | --- |")
		for _, name := range o.clients {
			m, least, most := spreadOf(results[name], func(r result) float64 { return r.Peak })
			cost, _, _ := spreadOf(results[name], costOf)
			after, _, _ := spreadOf(results[name], func(r result) float64 { return r.P99 })
			fmt.Fprintf(w, "| %s | %.1f [%.1f-%.1f] | %.1f | %.0f |\n", name, m, least, most, cost, after)
		}
		return
	}
	fmt.Fprintf(w, "%d fetches at once, %d rounds of %v, CPU %d\n\n", o.conc, o.rounds, o.period, o.cpu)
	fmt.Fprintf(w, "| client | requests/s, median [min-max] | x %[1]s | CPU µs a request, median [min-max] | x %[1]s | p99 ms |\n", o.clients[0])
	fmt.Fprintln(w, "| --- | --- | --- | --- | --- | --- |")
	baseRate, _, _ := spreadOf(results[o.clients[0]], rateOf)
	baseCost, _, _ := spreadOf(results[o.clients[0]], costOf)
	for _, name := range o.clients {
		rate, low, high := spreadOf(results[name], rateOf)
		cost, little, much := spreadOf(results[name], costOf)
		p99, _, _ := spreadOf(results[name], func(r result) float64 { return r.P99 })
		fmt.Fprintf(w, "| %s | %.0f [%.0f-%.0f] | %.2f | %.2f [%.2f-%.2f] | %.2f | %.1f |\n",
			name, rate, low, high, rate/baseRate, cost, little, much, cost/baseCost, p99)
	}
}
