package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// childEnv names the server that a child process is.
const childEnv = "EDDY_BENCH_FETCH"

// beServer does not return.
func beServer(name string) {
	go func() { // the parent is gone when its end of the pipe is
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, name+":", servers[name]())
	os.Exit(1)
}

// server is a server's process.
type server struct {
	addr  string
	cmd   *exec.Cmd
	stdin io.Closer
}

// start runs this program as a server.
func start(name string, o options) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(exe)}
	s.cmd.Env = append(os.Environ(), childEnv+"="+name, fmt.Sprint(sizeEnv, "=", o.size), fmt.Sprint("GOMAXPROCS=", o.procs))
	s.cmd.Stderr = os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
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

// cpu returns the CPU time that the process has used, 0 if that cannot be read.
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
