//go:build unix

package stream_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"eddy/loop"
	"eddy/stream"
)

// A child process's output is read on the loop, line by line, while others have their turn.
func ExampleFromFile() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Run()
	defer l.Close()

	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	cmd := exec.Command("printf", `one\ntwo\n`)
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return
	}
	w.Close() // the child has its own

	err = l.Do(context.Background(), func(ctx context.Context) error {
		s, err := stream.FromFile(l, r)
		if err != nil {
			return err
		}
		defer s.Close()
		for err == nil {
			var line []byte
			if line, err = s.ReadUntil(ctx, []byte("\n"), 1024); err == nil {
				fmt.Printf("%q\n", line)
			}
		}
		return err
	})
	fmt.Println(err)
	fmt.Println(cmd.Wait())
	// Output:
	// "one\n"
	// "two\n"
	// EOF
	// <nil>
}
