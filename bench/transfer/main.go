// Command transfer sends much through examples/tlsproxy to a reader that is slow, and says how
// much memory the proxy took meanwhile: what it holds for a reader that rests is bounded.
//
//	go -C bench run ./transfer
//
// The proxy is built and runs in a process of its own; it is started anew for each direction.
// The reader rests after every portion, while the sender goes on. Linux only, for /proc.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

type options struct {
	size    int64
	portion int64
	conns   int
	rest    time.Duration
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "transfer:", err)
		os.Exit(1)
	}
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("transfer", flag.ContinueOnError)
	f.Int64Var(&o.size, "size", 1<<30, "bytes to send in each direction, shared out among the connections")
	f.Int64Var(&o.portion, "portion", 16<<20, "bytes of a connection after which its reader rests")
	f.IntVar(&o.conns, "conns", 1, "number of connections")
	f.DurationVar(&o.rest, "rest", 100*time.Millisecond, "how long it rests")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.conns <= 0 || o.size < int64(o.conns) || o.portion <= 0 || o.rest < 0 {
		return o, errors.New("sizes, counts and times are positive")
	}
	return o, nil
}

func run(args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "transfer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "tlsproxy")
	build := exec.Command("go", "build", "-o", program, "eddy/examples/tlsproxy")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building the proxy: %w", err)
	}
	if err := writeCertificate(dir); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d MiB each way, %d connections, the reader rests for %v after every %d MiB\n\n",
		o.size>>20, o.conns, o.rest, o.portion>>20)
	fmt.Fprintln(out, "| slow reader | RSS at rest, MiB | RSS median, MiB | RSS most, MiB | MiB/s |")
	fmt.Fprintln(out, "| --- | --- | --- | --- | --- |")
	for _, d := range []direction{toUpstream, toClient} {
		m, err := measure(dir, program, o, d)
		if err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		fmt.Fprintf(out, "| %s | %.1f | %.1f | %.1f | %.0f |\n", d, m.Idle, m.Median, m.Most, m.Rate)
	}
	return nil
}
