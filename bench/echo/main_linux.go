// Command echo measures what it costs a server to send a message back: a bare epoll loop, which
// is the floor, Eddy as an engine and with a coroutine for each connection, and package net with a
// goroutine for each.
//
//	go -C bench run ./echo
//
// Servers are processes of their own; the load comes from this one. They take turns within
// each round. By default the server and the load share CPU 0 and have a GOMAXPROCS of 1: figures
// are steady then, because no wake-up crosses from one CPU to another. Linux only.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"eddy/bench"
	"eddy/bench/child"
)

type options struct {
	conns, rounds, procs int
	serverCPU, loaderCPU int
	period               time.Duration
	sizes                []int
	servers              []string
}

func main() {
	child.Main(be)
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(o)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("echo", flag.ContinueOnError)
	f.IntVar(&o.conns, "conns", 100, "number of connections")
	f.IntVar(&o.rounds, "rounds", 9, "measurements of each server at each size")
	f.IntVar(&o.procs, "procs", 1, "GOMAXPROCS of the servers")
	f.IntVar(&o.serverCPU, "server-cpu", 0, "the CPU that servers run on; negative: any")
	f.IntVar(&o.loaderCPU, "loader-cpu", 0, "the CPU that the load comes from; negative: any")
	f.DurationVar(&o.period, "period", 500*time.Millisecond, "the time of one measurement")
	sizes := f.String("sizes", "16,65536", "sizes of a message")
	servers := f.String("servers", strings.Join(order, ","), "who takes part; the first is the floor")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for s := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 {
			return o, fmt.Errorf("%q is no size", s)
		}
		o.sizes = append(o.sizes, n)
	}
	o.servers = strings.Split(*servers, ",")
	for _, name := range o.servers {
		if contestants[name] == nil {
			return o, fmt.Errorf("no server %q", name)
		}
	}
	if o.conns <= 0 || o.rounds <= 0 || o.period <= 0 {
		return o, errors.New("counts and times are positive")
	}
	return o, nil
}

// run starts the servers, measures and prints.
func run(o options) error {
	started := map[string]*child.Process{}
	for _, name := range o.servers {
		s, err := start(name, o.procs, o.serverCPU)
		if err != nil {
			return err
		}
		defer s.Stop()
		started[name] = s
	}
	return child.OnCPU(o.loaderCPU, func() error {
		for _, size := range o.sizes {
			results, err := bench.Turns(o.rounds, o.servers, func(name string) (result, error) {
				return measure(started[name], o.conns, size, o.period)
			})
			if err != nil {
				return fmt.Errorf("%d bytes: %w", size, err)
			}
			report(os.Stdout, o, size, results)
		}
		return nil
	})
}
