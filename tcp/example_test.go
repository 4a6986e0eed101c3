package tcp_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"

	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// A server that answers every line, until its client stops sending.
func ExampleServer() {
	ctx := context.Background()
	group, err := loop.NewGroup(0, loop.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer group.Close()

	server := tcp.NewServer(func(ctx context.Context, s *stream.Stream) error {
		for {
			line, err := s.ReadUntil(ctx, []byte("\n"), 1024) // parks
			if err != nil {
				return err // io.EOF: the client has no more to say
			}
			if err := s.Write(ctx, append([]byte("you said: "), line...)); err != nil {
				return err
			}
		}
	}, tcp.ServerOptions{MaxConnections: 10000})

	listener, err := tcp.Listen(ctx, "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Serve(group, listener); err != nil {
		log.Fatal(err)
	}

	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	io.WriteString(client, "hello\n")
	client.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(client)
	fmt.Print(string(answer))

	if err := server.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: you said: hello
}
