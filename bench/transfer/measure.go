package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// direction is the way of the bytes, by the name of the side that reads.
type direction string

const (
	toUpstream direction = "upstream"
	toClient   direction = "client"
)

// measured is what a proxy took, in MiB, and passed, in MiB/s.
type measured struct{ idle, median, most, rate float64 }

func measure(dir, program string, o options, d direction) (m measured, err error) {
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return m, err
	}
	defer upstream.Close()
	p, err := startProxy(dir, program, upstream.Addr().String())
	if err != nil {
		return m, err
	}
	defer p.stop()
	if m.idle, err = p.memory("VmRSS"); err != nil {
		return m, err
	}
	begin, done := time.Now(), make(chan error, o.conns)
	share := o.size / int64(o.conns)
	for range o.conns {
		go func() { done <- pass(upstream, p.addr, o, d, share) }()
	}
	samples, err := p.watch(done, o.conns)
	if err != nil {
		return m, err
	}
	m.rate = float64(share*int64(o.conns)) / (1 << 20) / time.Since(begin).Seconds()
	slices.Sort(samples)
	m.median = samples[len(samples)/2]
	if m.most, err = p.memory("VmHWM"); err != nil {
		return m, err
	}
	return m, p.end()
}

// watch looks at the proxy's memory until n have reported.
func (p *proxy) watch(done <-chan error, n int) (samples []float64, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n > 0 {
		select {
		case err := <-done:
			if err != nil {
				return nil, err
			}
			n--
		case <-tick.C:
		}
		mib, err := p.memory("VmRSS")
		if err != nil {
			return nil, err
		}
		samples = append(samples, mib)
	}
	return samples, nil
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
	err = slowly(to, o, size)
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

// slowly reads to the end, and rests after every portion.
func slowly(r io.Reader, o options, size int64) error {
	var got int64
	for {
		n, err := io.CopyN(io.Discard, r, o.portion)
		got += n
		switch {
		case err == io.EOF && got == size:
			return nil
		case err == io.EOF:
			return fmt.Errorf("%d bytes of %d came", got, size)
		case err != nil:
			return err
		}
		time.Sleep(o.rest)
	}
}
