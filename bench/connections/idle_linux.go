package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"syscall"
	"time"

	"eddy/bench"
)

// memory is what an idle connection takes, in bytes, before and after the server has given freed memory back.
type memory struct{ used, trimmed float64 }

func (m memory) usedOf() float64    { return m.used }
func (m memory) trimmedOf() float64 { return m.trimmed }

// idle prints how much memory each of n connections takes after one request.
func idle(n, rounds int, secure, h2 bool) error {
	config := clientConfig
	switch {
	case !secure:
		config = nil
	case h2:
		config = http2Config
	}
	fmt.Printf("%d connections, TLS: %v, HTTP/2: %v\n%-10s %28s %28s\n", n, secure, h2, "", "bytes a connection", "after FreeOSMemory")
	results, err := bench.Turns(rounds, order, func(name string) (memory, error) { return idleOnce(name, n, config, h2) })
	if err != nil {
		return err
	}
	for _, name := range order {
		fmt.Printf("%-10s %28s %28s\n", name, spread(results[name], memory.usedOf), spread(results[name], memory.trimmedOf))
	}
	return nil
}

func idleOnce(name string, n int, config *tls.Config, h2 bool) (m memory, err error) {
	server, addr, secure, err := start(name)
	if err != nil {
		return m, err
	}
	defer server.Stop()
	if config != nil {
		addr = secure
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	connect := func(n int) error {
		for range n {
			c, err := ask(addr, config, h2)
			if err != nil {
				return fmt.Errorf("connection %d: %w", len(open), err)
			}
			open = append(open, c)
		}
		return nil
	}
	if err := connect(20); err != nil { // what the first requests bring is not the connections'
		return m, err
	}
	before, err := server.SettledRSS()
	if err != nil {
		return m, err
	}
	each := func() (float64, error) {
		now, err := server.SettledRSS()
		return float64(now-before) / float64(n), err
	}
	if err := connect(n); err != nil {
		return m, err
	}
	if m.used, err = each(); err != nil {
		return m, err
	}
	if err := server.Signal(syscall.SIGUSR1); err != nil {
		return m, err
	}
	time.Sleep(time.Second)
	m.trimmed, err = each()
	return m, err
}
