package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/internal/leaktest"
	"eddy/tcp"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // connections that end in the middle of a line
	leaktest.Main(m)
}

const patience = 20 * time.Second // with what should come

// open starts a server. stop ends it and returns what it has returned.
func open(t *testing.T) (addr string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- listenAndServe(ctx, "127.0.0.1:0", func(addr string) { listening <- addr })
	}()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	select {
	case addr = <-listening:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return addr, stop
}

func TestEcho_AnswersItsClient(t *testing.T) {
	addr, _ := open(t)
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			var out bytes.Buffer
			in := "one\n\nthree\r\n" + strings.Repeat("x", 60<<10) + "\nwithout an end"
			want := strings.Replace(in, "\r", "", 1) + "\n"
			if err := talk(t.Context(), addr, strings.NewReader(in), &out); err != nil || out.String() != want {
				t.Errorf("%d bytes of %d, %v", out.Len(), len(want), err)
			}
		})
	}
	clients.Wait()
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

func TestEcho_AnswersWhoHasStoppedSending(t *testing.T) {
	addr, _ := open(t)
	c := dial(t, addr)
	_, err := io.WriteString(c, "one\ntwo\nthr")
	if err := errors.Join(err, c.CloseWrite()); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); string(got) != "one\ntwo\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEcho_ALineThatIsTooLongEndsItsConnection(t *testing.T) {
	addr, _ := open(t)
	c, other := dial(t, addr), dial(t, addr)
	io.WriteString(c, strings.Repeat("x", maxLine+1)) // it may fail: the server need not read all
	if got, err := io.ReadAll(c); len(got) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	io.WriteString(other, "still here\n")
	if got, err := bufio.NewReader(other).ReadString('\n'); got != "still here\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEcho_LetsItsClientsFinish(t *testing.T) {
	addr, stop := open(t)
	c := dial(t, addr)
	answers := bufio.NewReader(c)
	ask := func(line string) {
		t.Helper()
		io.WriteString(c, line)
		if got, err := answers.ReadString('\n'); got != line {
			t.Fatalf("%q, %v", got, err)
		}
	}
	ask("before\n")
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for { // until nobody listens any more
		late, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		late.Close()
	}
	ask("after\n")
	c.CloseWrite()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestRun_SaysWhatIsWrong(t *testing.T) {
	ctx := t.Context()
	for _, args := range [][]string{{}, {"listen"}} {
		if err := run(ctx, args); err == nil || err.Error() != usage {
			t.Errorf("%q: %v", args, err)
		}
	}
	var failed *tcp.DialError
	if err := run(ctx, []string{"dial", "-addr", "127.0.0.1:0"}); !errors.As(err, &failed) {
		t.Error(err)
	}
	if err := run(ctx, []string{"serve", "-addr", "127.0.0.1:port"}); err == nil {
		t.Error("a server without a port")
	}
}
