package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"eddy/bench"
	"eddy/bench/child"
	"eddy/httpserver"
)

// order is that of the turns and of the tables.
var order = []string{"eddy", "net/http"}

// servers print their two addresses: without TLS and with.
var servers = map[string]func(*tls.Config) error{
	"eddy": func(config *tls.Config) error {
		return bench.Serve(hello, httpserver.Options{TLS: config, H2C: true})
	},
	"net/http": func(config *tls.Config) error {
		clear, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		secure, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(clear.Addr(), secure.Addr())
		s := &http.Server{Handler: hello, Protocols: new(http.Protocols)}
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetHTTP2(true)
		s.Protocols.SetUnencryptedHTTP2(true)
		go s.Serve(clear)
		return s.Serve(tls.NewListener(secure, config))
	},
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Hello, World!") })

// be is a server. SIGUSR1 makes it give freed memory back.
func be(name string) error {
	trim := make(chan os.Signal, 1)
	signal.Notify(trim, syscall.SIGUSR1)
	go func() {
		for range trim {
			debug.FreeOSMemory()
		}
	}()
	cert, err := bench.Certificate()
	if err != nil {
		return err
	}
	return servers[name](&tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}})
}

// start starts a server, which has two addresses.
func start(name string) (p *child.Process, clear, secure string, err error) {
	if p, err = child.Start(child.Options{Role: name}); err != nil {
		return nil, "", "", err
	}
	clear, secure, _ = strings.Cut(p.Said, " ")
	return p, clear, secure, nil
}
