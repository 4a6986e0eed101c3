package stream_test

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"eddy/loop"
	"eddy/stream"
)

func Example() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Run()
	defer l.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	err = l.Do(ctx, func(ctx context.Context) error {
		near, err := stream.New(l, fds[0])
		if err != nil {
			return err
		}
		far, err := stream.New(l, fds[1])
		if err != nil {
			return err
		}
		if err := near.Write(ctx, []byte("hello\nworld\n")); err != nil {
			return err
		}
		line, err := far.ReadUntil(ctx, []byte("\n"), 100)
		fmt.Printf("%q\n", line)
		near.Close()
		far.Close()
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: "hello\n"
}
