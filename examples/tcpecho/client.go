package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"eddy/loop"
	"eddy/tcp"
)

// talk sends the lines of in to the server at addr and writes its answers to out. It runs in an
// ordinary goroutine, where the calls that park a coroutine block: they are the same calls.
func talk(ctx context.Context, addr string, in io.Reader, out io.Writer) error {
	l, err := loop.New(loop.Options{})
	if err != nil {
		return err
	}
	go l.Run()
	defer l.Close()
	s, err := tcp.Dial(ctx, addr, tcp.DialOptions{Loop: l})
	if err != nil {
		return err
	}
	defer l.Post(s.Close) // what takes no context belongs to the loop
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if err := s.Write(ctx, []byte(lines.Text()+"\n")); err != nil {
			return err
		}
		answer, err := s.ReadUntil(ctx, []byte("\n"), maxLine)
		if err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		if _, err := out.Write(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}
