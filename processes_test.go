package eddy_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"eddy"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/tcp"
)

// childKey makes the tests' program the child of one of its tests. Its value says how the child
// comes to its listener: an address to share, or "inherited".
const childKey = "EDDY_TEST_CHILD"

// process answers with the number of its process.
var process = httpserver.Func(func(ctx context.Context, r *httputil.Request, body []byte) httpserver.Response {
	return httpserver.Text(200, strconv.Itoa(os.Getpid()))
})

// startChild runs this program as another process that serves as test's child, until the test
// ends. It returns its number when it serves.
func startChild(t *testing.T, how string, files ...*os.File) (pid string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childKey+"="+how)
	cmd.ExtraFiles = files
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // it ends then
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the child: %v", err)
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "serving\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return strconv.Itoa(cmd.Process.Pid)
}

// isChild serves until the parent closes the standard input, if this process is a child.
func isChild(t *testing.T) bool {
	how := os.Getenv(childKey)
	if how == "" {
		return false
	}
	l, err := childsListener(how)
	if err != nil {
		t.Fatal(err)
	}
	s := serverOn(t, l)
	os.Stdout.WriteString("serving\n")
	io.Copy(io.Discard, os.Stdin)
	s.Close()
	return true
}

func childsListener(how string) (*tcp.Listener, error) {
	if how != "inherited" {
		return tcp.Listen(context.Background(), how, tcp.ListenOptions{ReusePort: true})
	}
	f := os.NewFile(3, "listener")
	defer f.Close()
	return tcp.FromFile(f)
}

func serverOn(t *testing.T, l *tcp.Listener) *eddy.Server {
	t.Helper()
	s, err := eddy.New(process, eddy.Options{Loops: 1, Logger: quiet, HTTP: httpserver.Options{NoKeepAlive: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l); err != nil {
		t.Fatal(err)
	}
	return s
}

// whoAnswers asks until all of the processes have answered, and returns how often each did.
func whoAnswers(t *testing.T, addr net.Addr, want ...string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 1000 {
		resp, err := client.Get("http://" + addr.String())
		if err != nil {
			t.Fatal(err)
		}
		pid, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		seen[string(pid)]++
		missing := 0
		for _, w := range want {
			if seen[w] == 0 {
				missing++
			}
		}
		if missing == 0 {
			break
		}
	}
	return seen
}

// Two processes listen on one port, and the kernel gives connections to both.
func TestProcesses_ShareAPort(t *testing.T) {
	if isChild(t) {
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux spreads connections over the sockets of a port in a way that a test can rely on")
	}
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{ReusePort: true})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	own := strconv.Itoa(os.Getpid())
	s := serverOn(t, l)
	defer s.Close()
	other := startChild(t, l.Addr().String())
	if seen := whoAnswers(t, l.Addr(), own, other); seen[own] == 0 || seen[other] == 0 || len(seen) != 2 {
		t.Errorf("%d processes answer: %v, want %s and %s", len(seen), seen, own, other)
	}
}

// A process serves a socket that its parent has bound, as root for a low port, say.
func TestProcesses_InheritAListener(t *testing.T) {
	if isChild(t) {
		return
	}
	if runtime.GOOS == "windows" {
		t.Skip("package net makes no files of sockets on Windows")
	}
	orig, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer orig.Close()
	f, err := orig.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	heir := startChild(t, "inherited", f)
	if seen := whoAnswers(t, orig.Addr(), heir); seen[heir] == 0 || len(seen) != 1 {
		t.Errorf("%v answer, want %s", seen, heir)
	}
}
