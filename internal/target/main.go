// Command target is the server that conformance suites and benchmarks probe. It is an
// ordinary application: everything goes through package web.
//
//	go run ./internal/target -addr 127.0.0.1:9000 [-root DIR] [-loops N] [-std]
//	go run ./internal/target fetchcases URL N
//
// The second form serves nothing: it fetches URL/case/0 to URL/case/N-1 and prints what came of each.
//
// SIGUSR1 gives freed memory back to the system, for measurements of what is left.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net/http"
	"os"

	"eddy"
	"eddy/httpclient"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "fetchcases" {
		exit(runFetchCases(context.Background(), os.Stdout, os.Args[2:]))
		return
	}
	addr := flag.String("addr", "127.0.0.1:9000", "listen on `address`")
	root := flag.String("root", "", "serve the files of `directory` below /static/")
	std := flag.Bool("std", false, "serve net/http's own types instead: a ServeMux with /plaintext and /json")
	loops := flag.Int("loops", 0, "number of event loops (default: one for each processor)")
	handOff := flag.Duration("hand-off", 0, "take a loop from a handler that blocks it for this `long` (default: 1ms; negative: never)")
	tlsAddr := flag.String("tls-addr", "", "listen with TLS, too, on `address`; HTTP/2 is offered")
	h2c := flag.Bool("h2c", false, "serve HTTP/2 without TLS, too, to clients that begin with it")
	cert := flag.String("cert", "", "certificate `file` for TLS")
	key := flag.String("key", "", "key `file` for TLS")
	flag.Parse()
	options := eddy.Options{Loops: *loops, HandOffAfter: *handOff}
	options.HTTP.H2C = *h2c
	exit(run(*addr, *root, *tlsAddr, *cert, *key, *std, options))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "target:", err)
		os.Exit(1)
	}
}

func newHandler(root string, std bool, client *httpclient.Client) (http.Handler, error) {
	if std {
		return newMux(), nil
	}
	return newApplication(root, client)
}

func run(addr, root, tlsAddr, cert, key string, std bool, options eddy.Options) error {
	if tlsAddr != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		options.HTTP.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	client := httpclient.New(httpclient.Options{})
	defer client.Close()
	handler, err := newHandler(root, std, client)
	if err != nil {
		return err
	}
	s, err := eddy.New(handler, options)
	if err != nil {
		return err
	}
	trimOnSignal()
	ctx := context.Background()
	if _, err := s.Listen(ctx, addr); err != nil {
		s.Close()
		return err
	}
	if tlsAddr != "" {
		if _, err := s.ListenTLS(ctx, tlsAddr); err != nil {
			s.Close()
			return err
		}
	}
	return s.Run(ctx)
}
