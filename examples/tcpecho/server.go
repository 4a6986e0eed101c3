package main

import (
	"context"
	"time"

	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

const (
	maxLine        = 64 << 10 // a longer one closes its connection
	maxConnections = 10_000   // further ones wait until one of these is gone
	drainTime      = 10 * time.Second
)

// echo is what a connection is served by. It runs in a coroutine, which parks in each of its
// calls that has to wait; the loop serves others meanwhile.
func echo(ctx context.Context, s *stream.Stream) error {
	for {
		line, err := s.ReadUntil(ctx, []byte("\n"), maxLine)
		if err != nil {
			return err // io.EOF: the client has said all. The server closes the stream
		}
		if err := s.Write(ctx, line); err != nil { // waits for a client that does not read
			return err
		}
	}
}

// listenAndServe serves on addr until ctx ends. It tells the address, in which port 0 has become
// a free one.
func listenAndServe(ctx context.Context, addr string, listening func(addr string)) error {
	group, err := loop.NewGroup(0, loop.Options{}) // a loop for each processor
	if err != nil {
		return err
	}
	defer group.Close()
	l, err := tcp.Listen(ctx, addr, tcp.ListenOptions{})
	if err != nil {
		return err
	}
	server := tcp.NewServer(echo, tcp.ServerOptions{MaxConnections: maxConnections})
	if err := server.Serve(group, l); err != nil {
		return err
	}
	listening(l.Addr().String())
	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return server.Shutdown(drain)
}
