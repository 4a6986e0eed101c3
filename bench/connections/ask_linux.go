package main

import (
	"crypto/tls"
	"io"
	"net"
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
