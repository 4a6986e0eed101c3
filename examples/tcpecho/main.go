// Command tcpecho is a server that sends every line back, and a client for it. It shows how a
// protocol of one's own is written: as if each connection had a thread, though an idle one has
// not even a goroutine's stack.
//
//	go run ./examples/tcpecho serve -addr 127.0.0.1:7777
//	go run ./examples/tcpecho dial -addr 127.0.0.1:7777
//
// The client sends the lines of its standard input and prints the answers. Ctrl-C stops the
// server when its clients have gone, or after ten seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = "usage: tcpecho serve|dial [-addr host:port]"

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tcpecho:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:7777", "`address` of the server")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "serve":
		ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop) // a second signal ends the program at once
		return listenAndServe(ctx, *addr, func(addr string) { fmt.Println("listening on", addr) })
	case "dial":
		return talk(ctx, *addr, os.Stdin, os.Stdout)
	}
	return errors.New(usage)
}
