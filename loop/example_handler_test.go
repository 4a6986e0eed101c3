package loop_test

import (
	"fmt"
	"io"
	"net"
	"syscall"

	"eddy/loop"
)

// lines prints what comes by a connection.
type lines struct {
	loop *loop.Loop
	fd   int
	id   loop.ID
}

func (r *lines) HandleReady(loop.Ready) {
	var buf [512]byte
	n, err := r.loop.Files().Read(r.fd, buf[:])
	switch {
	case err == syscall.EAGAIN: // it was not ready after all
	case n == 0 || err != nil:
		fmt.Println("end of file")
		r.loop.RemoveHandler(r.id)
		r.HandleLoopClose()
		r.loop.Stop()
	default:
		fmt.Printf("%s", buf[:n])
	}
}

func (r *lines) HandleDeadline() {}

func (r *lines) HandleLoopClose() { r.loop.Files().Close(r.fd) }

// A connection of package net is adopted and then watched by its descriptor. So can other
// descriptors that a system's poller takes, such as pipes and terminals; these are made
// non-blocking by who opens them.
func ExampleLoop_AddHandler() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	r := &lines{loop: l}
	if r.fd, err = l.Files().Adopt(greeting()); err != nil {
		fmt.Println(err)
		return
	}
	if r.id, err = l.AddHandler(r.fd, r, loop.Read); err != nil {
		fmt.Println(err)
		return
	}
	l.Run()
	// Output:
	// a line
	// end of file
}

// greeting returns a connection by which a line comes.
func greeting() net.Conn {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	go func() {
		if c, err := listener.Accept(); err == nil {
			io.WriteString(c, "a line\n")
			c.Close()
		}
	}()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	return c
}
