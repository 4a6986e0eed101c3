package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// childEnv names the server that a child process is.
const childEnv = "EDDY_BENCH_ECHO"

// beServer does not return.
func beServer(name string) {
	go func() { // the parent is gone when its end of the pipe is
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, name+":", contestants[name]())
	os.Exit(1)
}

// server is a server's process.
type server struct {
	addr  string
	cmd   *exec.Cmd
	stdin io.Closer
}

// start runs this program as a server, on one CPU unless that is negative.
func start(name string, procs, cpu int) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(exe)}
	s.cmd.Env = append(os.Environ(), childEnv+"="+name, fmt.Sprint("GOMAXPROCS=", procs))
	s.cmd.Stderr = os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := pinned(cpu, s.cmd.Start); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("%s said no address: %w", name, err)
	}
	s.addr = strings.TrimSpace(line)
	return s, nil
}

func (s *server) stop() {
	s.stdin.Close()
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// cpu returns the CPU time that the process has used.
func (s *server) cpu() (total time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.cmd.Process.Pid))
	for _, path := range threads {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // a thread that has just ended
		}
		var ns int64
		fmt.Sscan(string(b), &ns)
		total += time.Duration(ns)
	}
	return total
}

// pinned calls f on a thread that is bound to one CPU; the processes that it starts inherit that.
func pinned(cpu int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := pin(cpu); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before)
	return f()
}

// pin binds the calling thread to a CPU; a negative one is any.
func pin(cpu int) error {
	if cpu < 0 {
		return nil
	}
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("CPU %d: %w", cpu, err)
	}
	return nil
}
