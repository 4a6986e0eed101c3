package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build compiles the chat and returns where it is.
func build(ctx context.Context, t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chat")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./examples/chat")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// server is a chat in a process of its own.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	addr   string
	logged chan struct{} // closed when the process's log has ended
}

// start runs the program on addr and waits until it says that it listens.
func start(ctx context.Context, t *testing.T, program, addr string) *server {
	t.Helper()
	s := &server{t: t, cmd: exec.CommandContext(ctx, program, "-addr", addr), logged: make(chan struct{})}
	log, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	found := make(chan string, 1)
	go func() {
		defer close(s.logged)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			if _, u, ok := strings.Cut(lines.Text(), "listening url="); ok {
				found <- u
			}
		}
	}()
	select {
	case s.url = <-found:
	case <-s.logged:
		t.Fatal("the server ended without saying where it listens")
	}
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = u.Host
	return s
}

// kill ends the process at once, if it still runs.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.logged
	s.cmd.Wait()
}

// interrupt does what Ctrl-C does, and waits for the end. It fails if ctx ends first.
func (s *server) interrupt(ctx context.Context) error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	select {
	case <-s.logged:
	case <-ctx.Done():
		return fmt.Errorf("still running: %w", ctx.Err())
	}
	return s.cmd.Wait()
}
