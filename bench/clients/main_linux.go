// Command clients measures what a fetch costs Eddy's client beside others: net/http's, fasthttp's.
//
//	go -C bench run ./clients [-conc 64] [-period 2s] [-rounds 5] [-cpu 0]
//	go -C bench run ./clients -inflight 10000
//
// The first prints requests a second and the client's CPU time for each, the second the memory of a
// client with so many fetches under way at once, which are answered after a second. The server and
// each client are processes of their own, and the clients take turns. Linux only.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"eddy/bench"
	"eddy/bench/child"
)

type options struct {
	conc, rounds, inflight int
	cpu                    int
	period                 time.Duration
	clients                []string
}

func main() {
	child.Main(be)
	err := run(os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("clients", flag.ContinueOnError)
	f.IntVar(&o.conc, "conc", 64, "fetches under way at once")
	f.IntVar(&o.rounds, "rounds", 5, "measurements of each client")
	f.IntVar(&o.inflight, "inflight", 0, "measure the memory of so many fetches instead")
	f.IntVar(&o.cpu, "cpu", -1, "the CPU that server and client share, with a GOMAXPROCS of 1; negative: all")
	f.DurationVar(&o.period, "period", 2*time.Second, "the time of one measurement")
	clients := f.String("clients", strings.Join(order, ","), "who takes part; the first is what the others are compared to")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.clients = strings.Split(*clients, ",")
	for _, name := range o.clients {
		if contestants[name] == nil {
			return o, fmt.Errorf("no client %q", name)
		}
	}
	if o.conc <= 0 || o.rounds <= 0 || o.period <= 0 || o.inflight < 0 {
		return o, errors.New("counts and times are positive")
	}
	return o, nil
}

// run starts the server, lets the clients measure, and prints.
func run(args []string, w io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	server, err := o.start("server")
	if err != nil {
		return err
	}
	defer server.Stop()
	results, err := bench.Turns(o.rounds, o.clients, func(name string) (result, error) {
		return o.measure(name, "http://"+server.Said)
	})
	if err != nil {
		return err
	}
	report(w, o, results)
	return nil
}
