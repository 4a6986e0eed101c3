package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var clientConfig = &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}

// dial connects, with TLS if there is a configuration for it.
func dial(addr string, config *tls.Config) (net.Conn, error) {
	if config != nil {
		return tls.Dial("tcp", addr, config)
	}
	return net.Dial("tcp", addr)
}

// ask sends a request by a new connection and returns that.
func ask(addr string, config *tls.Config, h2 bool) (net.Conn, error) {
	c, err := dial(addr, config)
	if err != nil {
		return nil, err
	}
	if h2 {
		return c, askHTTP2(c)
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return c, err
	}
	_, err = c.Read(make([]byte, 1000))
	return c, err
}

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
	for _, name := range []string{"eddy", "net/http"} {
		var used, trimmed []float64
		for range rounds {
			u, t, err := idleOnce(name, n, config, h2)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			used, trimmed = append(used, u), append(trimmed, t)
		}
		fmt.Printf("%-10s %28s %28s\n", name, median(used), median(trimmed))
	}
	return nil
}

func idleOnce(name string, n int, config *tls.Config, h2 bool) (used, trimmed float64, err error) {
	server, err := start(name)
	if err != nil {
		return 0, 0, err
	}
	defer server.stop()
	addr := server.clear
	if config != nil {
		addr = server.secure
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for range 20 { // what the first requests bring is not the connections'
		c, err := ask(addr, config, h2)
		if err != nil {
			return 0, 0, err
		}
		open = append(open, c)
	}
	before := server.rss()
	for range n {
		c, err := ask(addr, config, h2)
		if err != nil {
			return 0, 0, fmt.Errorf("connection %d: %w", len(open), err)
		}
		open = append(open, c)
	}
	used = (server.rss() - before) / float64(n)
	server.cmd.Process.Signal(syscall.SIGUSR1)
	time.Sleep(time.Second)
	return used, (server.rss() - before) / float64(n), nil
}

// handshakes prints how many connections with one request each are served, and at what cost.
func handshakes(n, rounds int) error {
	fmt.Printf("%d connections with one request each, 16 at once\n%-22s %28s %28s\n", n, "", "a second", "server's CPU, µs each")
	for _, kind := range []string{"full", "resumed"} {
		rate, cpu := map[string][]float64{}, map[string][]float64{}
		for range rounds {
			for _, name := range []string{"eddy", "net/http"} {
				r, c, err := handshakesOnce(name, n, kind == "resumed")
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				rate[name], cpu[name] = append(rate[name], r), append(cpu[name], c)
			}
		}
		for _, name := range []string{"eddy", "net/http"} {
			fmt.Printf("%-22s %28s %28s\n", kind+", "+name, median(rate[name]), median(cpu[name]))
		}
	}
	return nil
}

func handshakesOnce(name string, n int, resumed bool) (rate, cpu float64, err error) {
	server, err := start(name)
	if err != nil {
		return 0, 0, err
	}
	defer server.stop()
	config := clientConfig.Clone()
	if resumed {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if err := connectOften(server.secure, config, 100, false); err != nil {
		return 0, 0, err
	}
	used, begin := server.cpu(), time.Now()
	if err := connectOften(server.secure, config, n, resumed); err != nil {
		return 0, 0, err
	}
	taken := time.Since(begin)
	return float64(n) / taken.Seconds(), float64((server.cpu() - used).Microseconds()) / float64(n), nil
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
