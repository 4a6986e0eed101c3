// Command eddy fetches over HTTP from the command line.
//
//	eddy fetch [flags] URL...
//	eddy version
//
// "eddy fetch -h" explains the flags. It is a small client by package httpclient, for scripts and for a look at
// what a server says: several URLs at once, each in bounded memory, and files that are whole or not there.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // something was not fetched, or not written
	exitUsage       = 2
	exitStatus      = 22  // of -f: a status of 400 or more, as curl has it
	exitInterrupted = 130 // as a shell has it
)

const usage = `Usage:

    eddy fetch [flags] URL...    fetch URLs ("eddy fetch -h" has the flags)
    eddy version                 print the version
`

// world is what the command sees of its surroundings.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	terminal       func(io.Writer) bool
	columns        func(io.Writer) int
	now            func() time.Time
	ticks          <-chan time.Time // when the progress is drawn; nil: twice a second
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // the second signal ends the program at once
	signal.Ignore(syscall.SIGPIPE) // a pipe without a reader is the write's error, so that files are tidied up
	os.Exit(run(ctx, os.Args[1:], world{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		env: os.Getenv, terminal: isTerminal, columns: columns, now: time.Now,
	}))
}

// run is the command; it returns the exit code.
func run(ctx context.Context, args []string, w world) int {
	if len(args) == 0 {
		io.WriteString(w.stderr, usage)
		return exitUsage
	}
	switch args[0] {
	case "fetch":
		return runFetch(ctx, args[1:], w)
	case "version", "-version", "--version":
		return say(w, version()+"\n")
	case "help", "-h", "-help", "--help":
		return say(w, usage)
	}
	fmt.Fprintf(w.stderr, "eddy: no command %q\n%s", args[0], usage)
	return exitUsage
}

// say prints what was asked for.
func say(w world, text string) int {
	if _, err := io.WriteString(w.stdout, text); err != nil {
		fmt.Fprintf(w.stderr, "eddy: writing: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "eddy, version unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return fmt.Sprintf("eddy %s, %s", v, info.GoVersion)
}
