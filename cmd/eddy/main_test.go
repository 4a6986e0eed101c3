package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/internal/leaktest"
	"eddy/internal/testdir"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// result is what a command has left.
type result struct {
	code           int
	stdout, stderr string
}

// outputs is a world without a terminal.
func outputs(stdout, stderr io.Writer) world {
	return world{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		env:      func(string) string { return "" },
		terminal: func(io.Writer) bool { return false },
		columns:  func(io.Writer) int { return usualColumns },
		now:      time.Now,
	}
}

func command(t *testing.T, args ...string) result {
	t.Helper()
	return commandIn(t.Context(), "", args...)
}

func commandIn(ctx context.Context, stdin string, args ...string) result {
	var out, errs lockedBuffer
	w := outputs(&out, &errs)
	w.stdin = strings.NewReader(stdin)
	code := run(ctx, args, w)
	return result{code, out.String(), errs.String()}
}

// lockedBuffer is written to by several fetches.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestRun_WithoutACommand(t *testing.T) {
	for _, args := range [][]string{nil, {"fetsch", "http://127.0.0.1"}} {
		if r := command(t, args...); r.code != exitUsage || r.stdout != "" || !strings.Contains(r.stderr, "eddy fetch [flags] URL...") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if r := command(t, "help"); r.code != exitOK || r.stdout != usage || r.stderr != "" {
		t.Errorf("%+v", r)
	}
	if r := command(t, "version"); r.code != exitOK || !strings.HasPrefix(r.stdout, "eddy ") || !strings.HasSuffix(r.stdout, "\n") {
		t.Errorf("%+v", r)
	}
}

func TestFetch_ExplainsItsFlags(t *testing.T) {
	for _, flag := range []string{"-h", "--help"} {
		r := command(t, "fetch", flag)
		if r.code != exitOK || r.stderr != "" || !strings.Contains(r.stdout, "-max-time long") {
			t.Errorf("%+v", r)
		}
	}
}

func TestFetch_RefusesAWrongCommandLine(t *testing.T) {
	for _, args := range []string{
		"", "-none http://a", "http://a -o", "-o a -o b http://a", "-H nothing http://a", "-H a\x00:b http://a", "-H a:b\nc http://a",
		"-d @- http://a http://b", "-d a -d b http://a", "-max-time 1 http://a", "-max-time -1s http://a",
		"-proxy ftp://a http://a", "-proxy http://%zz http://a", "-proxy http:// http://a", "-X A/B http://a", "-o a -o a http://a http://b",
	} {
		r := command(t, append([]string{"fetch"}, strings.Split(args, " ")[btoi(args == ""):]...)...)
		if r.code != exitUsage || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 || !strings.HasPrefix(r.stderr, "eddy: ") {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestIsTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(testdir.New(t) + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, w := range map[string]io.Writer{"null": null, "file": file, "buffer": new(bytes.Buffer)} {
		if isTerminal(w) {
			t.Errorf("%s is a terminal", name)
		}
		if n := columns(w); n != usualColumns {
			t.Errorf("%s is %d columns wide", name, n)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		defer pty.Close()
		if !isTerminal(pty) || columns(pty) < 1 {
			t.Error("a terminal is none")
		}
	}
}
