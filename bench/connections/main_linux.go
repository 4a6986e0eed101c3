// Command connections measures what connections cost Eddy beside net/http: the memory of idle
// ones, and the time of TLS handshakes.
//
//	go -C bench run ./connections idle [-n 5000] [-tls] [-h2]
//	go -C bench run ./connections handshake [-n 4000]
//
// Each server is a child process, and they take turns.
package main

import (
	"flag"
	"fmt"
	"os"

	"eddy/bench"
	"eddy/bench/child"
)

func main() {
	child.Main(be)
	if len(os.Args) < 2 {
		usage()
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	n := flags.Int("n", 0, "`connections`")
	secure := flags.Bool("tls", false, "with TLS")
	h2 := flags.Bool("h2", false, "by HTTP/2")
	rounds := flags.Int("rounds", 3, "by turns")
	var err error
	switch os.Args[1] {
	case "idle":
		flags.Parse(os.Args[2:])
		err = idle(orElse(*n, 5000), *rounds, *secure, *h2)
	case "handshake":
		flags.Parse(os.Args[2:])
		err = handshakes(orElse(*n, 4000), *rounds)
	default:
		usage()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "connections:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: connections idle|handshake [-n connections] [-rounds n] [-tls] [-h2]")
	os.Exit(2)
}

func orElse(n, normal int) int {
	if n <= 0 {
		return normal
	}
	return n
}

// spread returns what one part of the results comes to, as a column has it.
func spread[R any](results []R, of func(R) float64) string {
	s := bench.SpreadBy(results, of)
	return fmt.Sprintf("%.0f [%.0f-%.0f]", s.Median, s.Min, s.Max)
}
