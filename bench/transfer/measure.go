package main

import (
	"crypto/tls"
	"errors"
	"net"

	"eddy/bench"
)

// direction is the way of the bytes, by the name of the side that reads.
type direction string

const (
	toUpstream direction = "upstream"
	toClient   direction = "client"
)

// measure has bytes go one way through a proxy that is started for it.
func measure(dir, program string, o options, d direction) (m bench.Passage, err error) {
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return m, err
	}
	defer upstream.Close()
	p, addr, err := startProxy(dir, program, upstream.Addr().String())
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	return bench.Pass(p.PID, o.size, o.conns, func(share int64) error { return pass(upstream, addr, o, d, share) })
}

// pass sends size bytes through a connection of its own. Which client meets which connection at
// the upstream does not matter: all are alike.
func pass(upstream net.Listener, addr string, o options, d direction, size int64) error {
	client, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer client.Close()
	server, err := upstream.Accept()
	if err != nil {
		return err
	}
	defer server.Close()
	var from, to ending = client, server.(*net.TCPConn)
	if d == toClient {
		from, to = to, from
	}
	sent := make(chan error, 1)
	go func() { sent <- send(from, size) }()
	err = bench.ReadSlowly(to, size, o.portion, o.rest)
	if err != nil {
		from.Close() // so that send ends, too
	}
	return errors.Join(err, <-sent)
}

// ending is a connection that can say that it has sent all.
type ending interface {
	net.Conn
	CloseWrite() error
}

func send(c ending, size int64) error {
	for p := make([]byte, 64<<10); size > 0; size -= int64(len(p)) {
		p = p[:min(int64(len(p)), size)]
		if _, err := c.Write(p); err != nil {
			return err
		}
	}
	return c.CloseWrite()
}
