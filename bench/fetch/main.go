// Command fetch measures what it costs a server to answer with what another server says: Eddy's handler with its
// client, and one for net/http with an http.Client.
//
//	go -C bench run ./fetch
//
// The server that is asked, and each that asks, are processes of their own; the load comes from this one. Those that
// ask take turns within each round, so that a noisy machine disturbs both alike. What counts is the CPU
// time of the one that asks, and its ratio to net/http's. Linux only, for /proc.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"eddy/bench"
	"eddy/bench/child"
)

type options struct {
	conns, rounds, requests, procs int
	size                           int
}

func main() {
	child.Main(be)
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("fetch", flag.ContinueOnError)
	f.IntVar(&o.conns, "conns", 64, "number of connections that the load comes from")
	f.IntVar(&o.rounds, "rounds", 9, "measurements of each server")
	f.IntVar(&o.requests, "requests", 10_000, "requests of one measurement")
	f.IntVar(&o.procs, "procs", 1, "GOMAXPROCS of the servers")
	f.IntVar(&o.size, "size", 13, "bytes of a body")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.conns <= 0 || o.rounds <= 0 || o.requests <= 0 || o.procs <= 0 || o.size < 0 {
		return o, errors.New("counts are positive")
	}
	return o, nil
}

// run starts the servers, measures and prints.
func run(args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	upstream, err := start("upstream", o)
	if err != nil {
		return err
	}
	defer upstream.Stop()
	started := map[string]*child.Process{}
	for _, name := range order {
		s, err := start(name, o)
		if err != nil {
			return err
		}
		defer s.Stop()
		started[name] = s
	}
	path := "/fetch?url=" + url.QueryEscape("http://"+upstream.Said+"/")
	results, err := bench.Turns(o.rounds, order, func(name string) (result, error) { return measure(started[name], path, o) })
	if err != nil {
		return err
	}
	report(out, o, results)
	return nil
}

func start(name string, o options) (*child.Process, error) {
	return child.Start(child.Options{Role: name, Env: []string{fmt.Sprint(sizeEnv, "=", o.size), fmt.Sprint("GOMAXPROCS=", o.procs)}})
}

// result is one measurement.
type result struct {
	rate float64 // answers a second
	cost float64 // the server's CPU time for an answer in µs
}

func measure(s *child.Process, path string, o options) (r result, err error) {
	if err := bench.Load(s.Said, path, o.conns, 4*o.conns); err != nil { // to warm up
		return r, err
	}
	begin, cpu := time.Now(), s.CPU()
	if err := bench.Load(s.Said, path, o.conns, o.requests); err != nil {
		return r, err
	}
	took, used := time.Since(begin), s.CPU()-cpu
	if used <= 0 {
		return r, errors.New("the CPU time of a process cannot be read here")
	}
	return result{rate: float64(o.requests) / took.Seconds(), cost: used.Seconds() * 1e6 / float64(o.requests)}, nil
}

// report writes the table. The last column is the one to look at: all else depends on the machine.
func report(out io.Writer, o options, results map[string][]result) {
	fmt.Fprintf(out, "%d bytes, %d connections, %d rounds of %d requests, GOMAXPROCS %d\n\n", o.size, o.conns, o.rounds, o.requests, o.procs)
	fmt.Fprintln(out, "| server | answers/s, median | CPU µs an answer, median [min-max] | x net/http |")
	fmt.Fprintln(out, "| --- | --- | --- | --- |")
	base := bench.SpreadBy(results["net/http"], result.costOf).Median
	for _, name := range order {
		rate, cost := bench.SpreadBy(results[name], result.rateOf), bench.SpreadBy(results[name], result.costOf)
		fmt.Fprintf(out, "| %s | %.0f | %.1f [%.1f-%.1f] | %.2f |\n", name, rate.Median, cost.Median, cost.Min, cost.Max, cost.Median/base)
	}
}

func (r result) rateOf() float64 { return r.rate }
func (r result) costOf() float64 { return r.cost }
