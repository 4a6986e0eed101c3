package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"

	"eddy/loop"
	"eddy/stream"
)

func Example() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go func() {
		if c, err := server.Accept(); err == nil {
			fmt.Fprint(c, "hello\nworld\n")
			c.Close()
		}
	}()

	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Run()
	defer l.Close()
	err = l.Do(context.Background(), func(ctx context.Context) error {
		line, err := greeting(ctx, l, server.Addr().String())
		fmt.Printf("%q\n", line)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: "hello\n"
}

// greeting returns the first line that a server sends.
func greeting(ctx context.Context, l *loop.Loop, addr string) ([]byte, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	fd, err := l.Files().Adopt(conn)
	if err != nil {
		return nil, err
	}
	s, err := stream.New(l, fd)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.ReadUntil(ctx, []byte("\n"), 100)
}

// What the standard library has for readers and writers works on streams.
func ExampleStream_Reader() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Run()
	defer l.Close()
	ctx := context.Background()
	near, far, err := stream.Pair(ctx, l, l)
	if err != nil {
		fmt.Println(err)
		return
	}

	type point struct{ X, Y int }
	l.Spawn(ctx, func(ctx context.Context) {
		out := json.NewEncoder(near.Writer(ctx))
		for i := range 3 {
			out.Encode(point{i, i * i})
		}
		l.Post(near.Close)
	})
	for in := json.NewDecoder(far.Reader(ctx)); ; {
		var p point
		if err := in.Decode(&p); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p)
	}
	// Output:
	// {0 0}
	// {1 1}
	// {2 4}
	// EOF
}
