// Command bodies sends a long body to a server whose handler reads slowly, and takes a long one by
// a client that does, and says how much memory the server took meanwhile: what it holds for a slow
// peer is bounded, however long the body.
//
//	go -C bench run ./bodies
//
// The server runs in a process of its own, which is started anew for each row. Who is slow rests
// after every portion, while the other side goes on. Linux only, for /proc.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"eddy/bench/child"
)

type options struct {
	size    int64
	portion int64
	rest    time.Duration
	serve   bool
}

func main() {
	child.Main(be)
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bodies:", err)
		os.Exit(1)
	}
}

// be is the server, by the options that are its role.
func be(role string) error {
	o, err := parse(strings.Fields(role))
	if err != nil {
		return err
	}
	return serve(o)
}

// role is what be makes the options of.
func (o options) role() string {
	return fmt.Sprintf("-size=%d -portion=%d -rest=%v", o.size, o.portion, o.rest)
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("bodies", flag.ContinueOnError)
	f.Int64Var(&o.size, "size", 1<<30, "bytes of a body")
	f.Int64Var(&o.portion, "portion", 16<<20, "bytes after which its reader rests")
	f.DurationVar(&o.rest, "rest", 100*time.Millisecond, "how long it rests")
	f.BoolVar(&o.serve, "serve", false, "be the server, until the standard input ends")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.size <= 0 || o.portion <= 0 || o.rest < 0 {
		return o, errors.New("sizes and times are positive")
	}
	return o, nil
}

func run(args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.serve {
		child.Watch()
		return serve(o)
	}
	fmt.Fprintf(out, "%d MiB, the reader rests for %v after every %d MiB\n\n", o.size>>20, o.rest, o.portion>>20)
	fmt.Fprintln(out, "| body | RSS at rest, MiB | RSS median, MiB | RSS most, MiB | growth, MiB | MiB/s |")
	fmt.Fprintln(out, "| --- | --- | --- | --- | --- | --- |")
	for _, w := range ways {
		m, err := measure(o, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fmt.Fprintf(out, "| %s | %.1f | %.1f | %.1f | %.1f | %.0f |\n", w.name, m.Idle, m.Median, m.Most, m.Most-m.Idle, m.Rate)
	}
	return nil
}
