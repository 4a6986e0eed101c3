//go:build unix

package loop_test

import (
	"fmt"
	"os"
	"syscall"

	"eddy/loop"
)

// The first SIGHUP reloads; the program goes on until it is told to stop.
func ExampleLoop_OnSignal() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	l.OnSignal(func(os.Signal) {
		fmt.Println("reload")
		syscall.Kill(os.Getpid(), syscall.SIGUSR2) // what "kill -USR2" does
	}, syscall.SIGHUP)
	l.OnSignal(func(s os.Signal) {
		fmt.Println("stop")
		l.Stop()
	}, os.Interrupt, syscall.SIGUSR2)

	syscall.Kill(os.Getpid(), syscall.SIGHUP)
	l.Run()
	// Output:
	// reload
	// stop
}

// lines prints what comes through a pipe.
type lines struct {
	loop *loop.Loop
	file *os.File // keeps the descriptor open
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
		r.file.Close()
		r.loop.Stop()
	default:
		fmt.Printf("%s", buf[:n])
	}
}

func (r *lines) HandleDeadline() {}

func (r *lines) HandleLoopClose() { r.file.Close() }

// Anything that owns a descriptor and has a method SyscallConn can be watched: files that
// are pipes or terminals, connections, listeners.
func ExampleLoop_AddHandler() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	r := &lines{loop: l, file: reader}
	conn, err := reader.SyscallConn()
	if err != nil {
		fmt.Println(err)
		return
	}
	conn.Control(func(fd uintptr) {
		r.fd = int(fd)
		r.id, err = l.AddHandler(r.fd, r, loop.Read)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	writer.WriteString("a line\n")
	writer.Close()
	l.Run()
	// Output:
	// a line
	// end of file
}
