package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	root "eddy"
	"eddy/async"
	"eddy/web"
)

// childEnv says what a child process is: "server", or the name of a client and its orders.
const childEnv = "EDDY_BENCH_CLIENTS"

// be does not return.
func be(role string) {
	go func() { // the parent is gone when its end of the pipe is
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	var err error
	if role == "server" {
		err = serve()
	} else {
		err = obey(role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve answers at once on /fast, and after a second on /slow.
func serve() error {
	app := web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}}, web.URL("/fast", fast{}), web.URL("/slow", slow{}))
	s, err := root.New(app, root.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	addr, err := s.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(addr)
	return s.Run(context.Background())
}

type fast struct{ web.RequestHandler }

func (h *fast) Get(context.Context) error { return h.Text(hello) }

type slow struct{ web.RequestHandler }

func (h *slow) Get(ctx context.Context) error {
	if err := async.Sleep(ctx, time.Second); err != nil {
		return err
	}
	return h.Text(hello)
}

// obey measures one client and prints the result.
func obey(role string) error {
	var name, url string
	var o options
	if _, err := fmt.Sscan(role, &name, &url, &o.conc, &o.period, &o.inflight); err != nil {
		return err
	}
	r, err := o.fetchMany(name, url)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// measure has one client measured in a process of its own.
func (o options) measure(name, url string) (r result, err error) {
	c, err := start(fmt.Sprintln(name, url, o.conc, int64(o.period), o.inflight), o.cpu)
	if err != nil {
		return r, err
	}
	defer c.stop()
	line, err := c.line()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(line), &r)
}

// child is a process of this program.
type child struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *bufio.Reader
}

// start begins one, on one CPU unless that is negative.
func start(role string, cpu int) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(exe)}
	c.cmd.Env = append(os.Environ(), childEnv+"="+role)
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdout = bufio.NewReader(out)
	if cpu < 0 {
		return c, c.cmd.Start()
	}
	c.cmd.Env = append(c.cmd.Env, "GOMAXPROCS=1")
	return c, pinned(cpu, c.cmd.Start)
}

func (c *child) line() (string, error) {
	line, err := c.stdout.ReadString('\n')
	if err != nil {
		return "", errors.New("a child process has failed")
	}
	return strings.TrimSpace(line), nil
}

func (c *child) stop() {
	c.stdin.Close()
	c.cmd.Wait()
}

// pinned calls f on a thread that is bound to one CPU; the processes that it starts inherit that.
func pinned(cpu int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("CPU %d: %w", cpu, err)
	}
	defer unix.SchedSetaffinity(0, &before)
	return f()
}
