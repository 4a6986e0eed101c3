package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"eddy"
	"eddy/web"
)

const hello = "Hello, World!"

// contestants serve hello as plain text on a listener's address until the process ends.
// They print the address.
var contestants = map[string]func() error{
	"eddy": func() error {
		app := web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}}, web.URL("/plaintext", plaintext{}))
		s, err := eddy.New(app, eddy.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			return err
		}
		addr, err := s.Listen(context.Background(), "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(addr)
		return s.Run(context.Background())
	},
	"nethttp": func() error {
		return listen(func(l net.Listener) error {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /plaintext", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				io.WriteString(w, hello)
			})
			return http.Serve(l, mux)
		})
	},
	"fasthttp": func() error {
		return listen(func(l net.Listener) error {
			return fasthttp.Serve(l, func(ctx *fasthttp.RequestCtx) {
				ctx.SetContentType("text/plain; charset=utf-8")
				ctx.SetBodyString(hello)
			})
		})
	},
}

type plaintext struct{ web.RequestHandler }

func (h *plaintext) Get(context.Context) error { return h.Text(hello) }

func listen(serve func(net.Listener) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return serve(l)
}

// childEnv names the contestant that a child process is.
const childEnv = "EDDY_BENCH_CONTESTANT"

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	go func() { // the parent is gone when its end of the pipe is
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, contestants[name]())
	os.Exit(1)
}

// server is a contestant's process.
type server struct {
	addr string
	cmd  *exec.Cmd
}

func start(tb testing.TB, name string) *server {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{cmd: exec.Command(exe)}
	s.cmd.Env = append(os.Environ(), childEnv+"="+name)
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		stdin.Close()
		s.cmd.Process.Kill()
		s.cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("%s said no address: %v", name, err)
	}
	s.addr = strings.TrimSpace(line)
	return s
}

// cpu returns the CPU time that the process has used.
func (s *server) cpu(tb testing.TB) (total time.Duration) {
	tb.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		tb.Skip("the CPU time of a process cannot be read here")
	}
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
