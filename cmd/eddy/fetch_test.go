package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/testdir"
)

// echo answers with what was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Kind", r.Header.Get("Content-Type"))
	fmt.Fprintf(w, "%s %s %q %s\n", r.Method, r.URL.RequestURI(), body, r.Header.Get("X-A"))
}

func TestFetch_SendsWhatItIsTold(t *testing.T) {
	url := serve(t, echo)
	file := filepath.Join(testdir.New(t), "data")
	empty := file + "0"
	if err := os.WriteFile(file, []byte("from\na file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{url + "/a?b=c"}, "GET /a?b=c \"\" \n"},
		{[]string{strings.TrimPrefix(url, "http://") + "/a"}, "GET /a \"\" \n"},
		{[]string{"-d", "a=b", url}, "POST / \"a=b\" \n"},
		{[]string{"-d", "", url}, "POST / \"\" \n"},
		{[]string{url, "-X", "PUT", "--d", "@" + file}, "PUT / \"from\\na file\\n\" \n"},
		{[]string{"-d", "@" + empty, url}, "POST / \"\" \n"},
		{[]string{"-d", "@-", url}, "POST / \"standard input\" \n"},
		{[]string{"--header", "X-A: one", url}, "GET / \"\" one\n"},
		{[]string{"-H=X-A:two", "-X=PROPFIND", url}, "PROPFIND / \"\" two\n"},
	} {
		r := commandIn(t.Context(), "standard input", append([]string{"fetch"}, c.args...)...)
		if r != (result{exitOK, c.want, ""}) {
			t.Errorf("%q: %+v", c.args, r)
		}
	}
	r := command(t, "fetch", "-i", "-d", "a=b", url)
	head, body, _ := strings.Cut(r.stdout, "\n\n")
	if !strings.HasPrefix(head, "HTTP/1.1 200 OK\n") || !strings.Contains(head, "\nX-Kind: application/x-www-form-urlencoded\n") ||
		body != "POST / \"a=b\" \n" {
		t.Errorf("%+v", r)
	}
}

// The first answer does not come before the second one was asked for, and is printed before it.
func TestFetch_AtOnceAndInOrder(t *testing.T) {
	asked := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/0":
			<-asked
		case "/1":
			defer close(asked)
		}
		io.WriteString(w, r.URL.Path+strings.Repeat("x", 100<<10)+"\n")
	})
	args, want := []string{"fetch"}, ""
	for i := range 3 * atOnce {
		args = append(args, fmt.Sprint(url, "/", i))
		want += fmt.Sprint("/", i) + strings.Repeat("x", 100<<10) + "\n"
	}
	if r := command(t, args...); r.code != exitOK || r.stdout != want || r.stderr != "" {
		t.Errorf("code %d, %d bytes of %d, %s", r.code, len(r.stdout), len(want), r.stderr)
	}
}

// The server sends its second piece only when the first one was printed.
func TestFetch_PrintsWhatHasCome(t *testing.T) {
	printed := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		http.NewResponseController(w).Flush()
		<-printed
		io.WriteString(w, "second")
	})
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(context.Background(), []string{"fetch", url}, outputs(in, io.Discard))
		in.Close()
	}()
	buf := make([]byte, 5)
	if _, err := io.ReadFull(out, buf); err != nil || string(buf) != "first" {
		t.Fatal(string(buf), err)
	}
	close(printed)
	rest, err := io.ReadAll(out)
	if string(rest) != "second" || err != nil || <-code != exitOK {
		t.Error(string(rest), err)
	}
}

func TestFetch_Failures(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	refused := "http://" + nobody.Addr().String()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "half")
			return
		}
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "nothing here")
	})
	secure := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	secure.Config.ErrorLog = discardLog
	secure.StartTLS()
	defer secure.Close()
	stalled := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
		stderr string // a pattern; every line is one error
	}{
		{[]string{url}, exitOK, "nothing here", ``},
		{[]string{"-f", url}, exitStatus, "", `eddy: http://\S+: 404 Not Found\n`},
		{[]string{refused + "/a?secret"}, exitFailed, "", `eddy: http://\S+/a: connect: .*refused.*\n`},
		{[]string{url + "/cut"}, exitFailed, "half", `eddy: http://\S+/cut: body: .*\n`},
		{[]string{"ftp://127.0.0.1/"}, exitFailed, "", `eddy: (ftp://127.0.0.1/: )?request: .*http.*\n`},
		{[]string{"http://127.0.0.1:port/"}, exitFailed, "", `eddy: request: .*\n`},
		{[]string{"-X", "A B", url}, exitFailed, "", `eddy: request: .*method.*\n`},
		{[]string{"-d", "@/does/not/exist", url}, exitFailed, "", `eddy: open /does/not/exist: .*\n`},
		{[]string{"-o", "/does/not/exist", url}, exitFailed, "", `eddy: http://\S+: open /does/not/exist: .*\n`},
		{[]string{secure.URL}, exitFailed, "", `eddy: https://\S+: TLS: .*certificate.*\n`},
		{[]string{"-max-time", "30ms", stalled}, exitFailed, "", `eddy: http://\S+: body: -max-time of 30ms has passed\n`},
		{[]string{"-f", url, refused, refused, url + "/cut"}, exitFailed, "half", `(eddy: .*\n){4}`},
	} {
		r := command(t, append([]string{"fetch"}, c.args...)...)
		if r.code != c.code || r.stdout != c.stdout || !regexp.MustCompile("^"+c.stderr+"$").MatchString(r.stderr) {
			t.Errorf("%q: %+v", c.args, r)
		}
	}
}

func TestFetch_NoFollow(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/next", http.StatusFound) })
	r := command(t, "fetch", "-no-follow", "-i", url)
	if r.code != exitOK || !strings.HasPrefix(r.stdout, "HTTP/1.1 302 Found\n") || !strings.Contains(r.stdout, "Location: /next\n") {
		t.Errorf("%+v", r)
	}
}

func TestFetch_Timings(t *testing.T) {
	r := command(t, "fetch", "-timings", serve(t, echo))
	want := `^http://\S+\n( {2}name looked up +\d+\.\d ms\n)? {2}connected +\d+\.\d ms\n {2}request sent +\d+\.\d ms\n {2}first byte +\d+\.\d ms\n {2}all +\d+\.\d ms\n$`
	if r.code != exitOK || r.stdout != "GET / \"\" \n" || !regexp.MustCompile(want).MatchString(r.stderr) {
		t.Errorf("%+v", r)
	}
}

// interrupted has the context end when the first bytes of a body are there.
func TestFetch_Interrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "something")
		http.NewResponseController(w).Flush()
		interrupt()
		<-r.Context().Done()
	})
	dir := testdir.New(t)
	r := commandIn(ctx, "", "fetch", "-o", filepath.Join(dir, "a"), "-o", filepath.Join(dir, "b"), url, url, url)
	if r != (result{exitInterrupted, r.stdout, "eddy: interrupted\n"}) {
		t.Errorf("%+v", r)
	}
	if left := list(t, dir); len(left) > 0 {
		t.Error("left:", left)
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestLimit_WaitingForATurnTakesNothingOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, ctx := newLimit(context.Background(), 2*time.Second)
		defer l.end()
		turn := make(chan struct{})
		time.Sleep(time.Second)
		time.AfterFunc(time.Hour, func() { close(turn) })
		if err := l.wait(ctx, turn); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		<-ctx.Done()
		if left := time.Since(begin); left != time.Second || context.Cause(ctx) != errMaxTime {
			t.Error(left, context.Cause(ctx))
		}
	})
}
