package nethttp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy"
)

// A wireCase is a conversation of bytes with a handler. It is held with net/http's server and
// with Eddy's, and must go alike.
type wireCase struct {
	name    string
	send    string // the default is a plain GET of /
	answers int    // how many are awaited, default 1
	handler func(n *notes) http.Handler
	act     func(c *client) // instead of send and answers

	// differs is why Eddy's answer is another, and eddy are pieces of what it is then. net/http's
	// has not all of them.
	differs string
	eddy    []string
}

// notes are what a handler saw.
type notes struct {
	mu      sync.Mutex
	lines   []string
	writers int // handlers, and goroutines of theirs, that may add some
	left    sync.Cond
}

func newNotes() *notes {
	n := new(notes)
	n.left.L = &n.mu
	return n
}

func (n *notes) enter(by int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.writers += by
	n.left.Broadcast()
}

// take waits until nobody adds any more.
func (n *notes) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.writers > 0 {
		n.left.Wait()
	}
	return strings.Join(n.lines, "; ")
}

func (n *notes) add(format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = errorName(err)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

// errorName tells errors apart as handlers do.
func errorName(err error) string {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return "MaxBytesError"
	}
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, http.ErrBodyReadAfterClose, http.ErrHijacked,
		http.ErrContentLength, http.ErrBodyNotAllowed, http.ErrNotSupported, http.ErrHandlerTimeout,
		context.Canceled, os.ErrDeadlineExceeded, http.ErrMissingFile, http.ErrNotMultipart} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "another error"
}

// wireServers are the judge and the judged.
var wireServers = []struct {
	name  string
	start func(t *testing.T, h http.Handler) (addr string)
}{
	{"net/http", func(t *testing.T, h http.Handler) string {
		srv := httptest.NewUnstartedServer(h)
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.Start()
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}},
	{"eddy", func(t *testing.T, h http.Handler) string {
		srv, err := eddy.New(h, eddy.Options{Loops: 1, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { srv.Close() })
		addr, err := srv.Listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return addr.String()
	}},
}

const plainGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

// TestWire holds that a handler and its client cannot tell Eddy from net/http.
func TestWire(t *testing.T) {
	cases := slices.Concat(responseCases, framingCases, requestCases, bodyCases, controlCases, standardCases, hijackCases)
	seen := map[string]bool{}
	for _, tc := range cases {
		if seen[tc.name] {
			t.Errorf("two cases are called %q", tc.name)
		}
		seen[tc.name] = true
		t.Run(tc.name, func(t *testing.T) {
			want, got := converse(t, tc, 0), converse(t, tc, 1)
			switch {
			case tc.differs == "" && got != want:
				t.Errorf("eddy:\n%s\nnet/http:\n%s", got, want)
			case tc.differs != "" && hasAll(want, tc.eddy):
				t.Errorf("no difference any more (%s): net/http:\n%s", tc.differs, want)
			case tc.differs != "" && !hasAll(got, tc.eddy):
				t.Errorf("eddy:\n%s\nwant %q in it: %s\nnet/http:\n%s", got, tc.eddy, tc.differs, want)
			}
		})
	}
	if len(cases) < 80 {
		t.Errorf("%d cases", len(cases))
	}
}

func hasAll(s string, pieces []string) bool {
	return !slices.ContainsFunc(pieces, func(p string) bool { return !strings.Contains(s, p) })
}

// converse holds one conversation and returns all that client and handler saw of it.
func converse(t *testing.T, tc wireCase, server int) string {
	t.Helper()
	n := newNotes()
	begun := make(chan struct{}, 1)
	inner := tc.handler(n)
	addr := wireServers[server].start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.enter(1)
		defer n.enter(-1)
		select {
		case begun <- struct{}{}:
		default:
		}
		if r.URL.Path == "/probe" {
			w.Header().Set("X-Probe", "here")
			return
		}
		inner.ServeHTTP(w, r)
	}))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	c := &client{TCPConn: conn.(*net.TCPConn), r: bufio.NewReader(conn), addr: addr, begun: begun, method: "GET"}
	if tc.act != nil {
		tc.act(c)
	} else {
		c.talk(tc.send, max(tc.answers, 1))
	}
	conn.Close()
	return "client: " + strings.Join(c.log, "\n") + "\nhandler: " + n.take()
}

// client is the other side, which writes down what comes.
type client struct {
	*net.TCPConn
	r      *bufio.Reader
	addr   string
	begun  <-chan struct{}
	method string // of the request that is answered next
	log    []string
	ended  bool
}

func (c *client) note(format string, args ...any) {
	c.log = append(c.log, fmt.Sprintf(format, args...))
}

// awaitHandler waits until a handler runs.
func (c *client) awaitHandler() {
	select {
	case <-c.begun:
	case <-time.After(10 * time.Second):
		c.note("no handler")
	}
}

// talk sends s, takes so many answers, and finds out whether the connection is still open.
func (c *client) talk(s string, answers int) {
	if s == "" {
		s = plainGet
	}
	c.method, _, _ = strings.Cut(s, " ")
	// A server may answer, and close, before it has read everything.
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		io.WriteString(c, s)
	}()
	for range answers {
		c.answer()
	}
	c.probe()
	c.Close()
	<-sent
}

// probe asks once more.
func (c *client) probe() {
	if !c.ended {
		io.WriteString(c, "GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n")
	}
	head, err := c.head()
	c.note("open afterwards: %v", err == nil && slices.Contains(head, "X-Probe: here"))
}

// head reads a head: its lines, sorted but for the first.
func (c *client) head() (lines []string, err error) {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return lines, err
		}
		line = strings.TrimSuffix(line, "\r\n")
		switch {
		case line == "":
			slices.Sort(lines[min(1, len(lines)):])
			return lines, nil
		case strings.HasPrefix(line, "Date: ") && len(line) == len("Date: "+http.TimeFormat):
			line = "Date: now"
		case len(lines) == 0: // the version and the phrase are each server's own
			line = line[min(9, len(line)):min(12, len(line))]
		}
		lines = append(lines, line)
	}
}

// answer reads a response with the interim ones before it.
func (c *client) answer() {
	for {
		head, err := c.head()
		if err != nil || len(head) == 0 {
			c.note("no answer")
			c.ended = true
			return
		}
		c.note("%s", strings.Join(head, " | "))
		if head[0] < "200" && head[0] != "101" {
			continue
		}
		c.body(head)
		return
	}
}

func (c *client) body(head []string) {
	if c.method == "HEAD" || head[0] == "101" || head[0] == "204" || head[0] == "304" {
		return
	}
	var from io.Reader = c.r
	framing := "to the end"
	for _, line := range head {
		if line == "Transfer-Encoding: chunked" {
			framing, from = "chunked", httputil.NewChunkedReader(c.r)
		} else if text, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			n, _ := strconv.ParseInt(text, 10, 64)
			framing, from = "length", &exactly{c.r, n}
		}
	}
	b, err := io.ReadAll(from)
	text := string(b)
	if len(text) > 200 {
		text = fmt.Sprintf("%s… %d bytes", text[:20], len(text))
	}
	c.note("body by %s: %q, whole: %v", framing, text, err == nil)
	c.ended = framing == "to the end" || err != nil
	if framing == "chunked" && err == nil {
		trailer, err := c.trailer()
		c.note("trailer %q, whole: %v", trailer, err == nil)
	}
}

func (c *client) trailer() (lines []string, err error) {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || line == "\r\n" {
			slices.Sort(lines)
			return lines, err
		}
		lines = append(lines, strings.TrimSuffix(line, "\r\n"))
	}
}

// exactly is io.LimitedReader that does not take an early end for the end.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// do makes a handler of a function that takes notes.
func do(f func(w http.ResponseWriter, r *http.Request, n *notes)) func(*notes) http.Handler {
	return func(n *notes) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f(w, r, n) })
	}
}

// plain makes one of a handler that takes none.
func plain(h http.Handler) func(*notes) http.Handler { return func(*notes) http.Handler { return h } }

// plainly is plain for a function.
func plainly(f http.HandlerFunc) func(*notes) http.Handler { return plain(f) }
