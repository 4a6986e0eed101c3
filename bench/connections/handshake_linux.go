package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"eddy/bench"
)

// handshake is how many connections are served a second, and the server's CPU time for each in µs.
type handshake struct{ rate, cost float64 }

func (h handshake) rateOf() float64 { return h.rate }
func (h handshake) costOf() float64 { return h.cost }

// handshakes prints how many connections with one request each are served, and at what cost.
func handshakes(n, rounds int) error {
	fmt.Printf("%d connections with one request each, 16 at once\n%-22s %28s %28s\n", n, "", "a second", "server's CPU, µs each")
	for _, kind := range []string{"full", "resumed"} {
		results, err := bench.Turns(rounds, order, func(name string) (handshake, error) {
			return handshakesOnce(name, n, kind == "resumed")
		})
		if err != nil {
			return err
		}
		for _, name := range order {
			fmt.Printf("%-22s %28s %28s\n", kind+", "+name, spread(results[name], handshake.rateOf), spread(results[name], handshake.costOf))
		}
	}
	return nil
}

func handshakesOnce(name string, n int, resumed bool) (h handshake, err error) {
	server, _, addr, err := start(name)
	if err != nil {
		return h, err
	}
	defer server.Stop()
	config := clientConfig.Clone()
	if resumed {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if err := connectOften(addr, config, 100, false); err != nil {
		return h, err
	}
	used, begin := server.CPU(), time.Now()
	if err := connectOften(addr, config, n, resumed); err != nil {
		return h, err
	}
	taken := time.Since(begin)
	return handshake{float64(n) / taken.Seconds(), float64((server.CPU() - used).Microseconds()) / float64(n)}, nil
}

func connectOften(addr string, config *tls.Config, n int, resumed bool) error {
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	errs := make(chan error, 16)
	for range cap(errs) {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				c, err := ask(addr, config, false)
				if err == nil {
					if resumed && !c.(*tls.Conn).ConnectionState().DidResume {
						err = errors.New("a session was not resumed")
					}
					// A reset leaves no port behind that could not be used for a minute.
					c.(*tls.Conn).NetConn().(*net.TCPConn).SetLinger(0)
					c.(*tls.Conn).NetConn().Close()
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}
