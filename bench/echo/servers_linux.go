package main

import (
	"context"
	"fmt"
	"net"

	"eddy/bench"
	"eddy/bench/child"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
	"eddy/tcp/proxyproto"
)

// order is that of the tables.
var order = []string{"floor", "eddy", "eddy-coroutines", "net"}

// contestants print their address and serve until they are killed.
var contestants = map[string]func() error{
	"floor":           floor,
	"eddy":            engine,
	"eddy-coroutines": coroutines,
	"net":             goroutines,
}

// be is a server.
func be(name string) error { return contestants[name]() }

// start starts a server on one CPU, unless that is negative.
func start(name string, procs, cpu int) (*child.Process, error) {
	return child.StartOn(cpu, child.Options{Role: name, Env: []string{fmt.Sprint("GOMAXPROCS=", procs)}})
}

// listenOn hands a listener on a free port to serve, which begins with a group of loops.
func listenOn(serve func(*loop.Group, *tcp.Listener) error) error {
	group, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		return err
	}
	l, err := tcp.Listen(context.Background(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		return err
	}
	if err := serve(group, l); err != nil {
		return err
	}
	fmt.Println(l.Addr())
	select {}
}

// engine is Eddy as httpserver uses it: a sink, and no coroutine.
func engine() error {
	spreader := tcp.NewSpreader(tcp.SpreaderOptions{})
	return listenOn(func(g *loop.Group, l *tcp.Listener) error {
		return spreader.Serve(g, l, func(l *loop.Loop, fd int, _ *proxyproto.Header) {
			m := &mirror{spreader: spreader}
			if m.Init(l, fd, m) != nil {
				spreader.Gone(l)
			}
		})
	})
}

// mirror sends back what comes, and reads no more while its peer does not.
type mirror struct {
	stream.Stream
	spreader *tcp.Spreader
}

func (m *mirror) StreamReadable() {
	p := m.Unread()
	m.SendBytes(p)
	m.Discard(len(p))
	if m.EOF() {
		m.Close()
	}
}

func (m *mirror) StreamHangup()      {}
func (m *mirror) StreamBlocked()     { m.Pause() }
func (m *mirror) StreamFlushed()     { m.Resume() }
func (m *mirror) StreamDeadline()    {}
func (m *mirror) StreamClosed(error) { m.spreader.Gone(m.Loop()) }

// coroutines is Eddy as applications use it.
func coroutines() error {
	server := tcp.NewServer(func(ctx context.Context, s *stream.Stream) error {
		buf := make([]byte, most)
		for {
			n, err := s.Read(ctx, buf)
			if err == nil {
				err = s.Write(ctx, buf[:n])
			}
			if err != nil {
				return err
			}
		}
	}, tcp.ServerOptions{})
	return listenOn(server.Serve)
}

// goroutines is package net.
func goroutines() error {
	return bench.ServeNet(func(l net.Listener) error {
		for {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			go sendBackTo(c)
		}
	})
}

func sendBackTo(c net.Conn) {
	defer c.Close()
	buf := make([]byte, most)
	for {
		n, err := c.Read(buf)
		if err == nil {
			_, err = c.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}
