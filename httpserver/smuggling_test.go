package httpserver_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/smuggling"
	"eddy/loop"
	"eddy/tcp"
)

// TestSmuggling_OneAnswerAtMost sends every trick to a server, over a real socket: nobody is
// served what it hides, and where one request was meant there is one answer.
func TestSmuggling_OneAnswerAtMost(t *testing.T) {
	seen := &paths{}
	g, err := loop.NewGroup(2, loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := httpserver.New(seen, httpserver.Options{Logger: quiet})
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	cases := smuggling.Cases()
	work := make(chan smuggling.Case)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for c := range work {
				checkTrick(t, l.Addr().String(), c)
			}
		})
	}
	for _, c := range cases {
		work <- c
	}
	close(work)
	wg.Wait()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n := seen.count(smuggling.Hidden); n != 0 {
		t.Errorf("%d hidden requests were served", n)
	}
	if n := seen.count(smuggling.Shown); n == 0 || n > len(cases) {
		t.Errorf("%d requests were served, of %d", n, len(cases))
	}
}

// checkTrick sends one case, ends, and reads all that comes back.
func checkTrick(t *testing.T, address string, c smuggling.Case) {
	statuses, err := converse(address, c.Send)
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	final := 0
	for _, status := range statuses {
		if status >= 200 {
			final++
		}
		if status >= 500 && status != 501 && status != 505 {
			t.Errorf("%s: status %d", c.Name, status)
		}
		if status < 300 && !c.One && status != 100 {
			t.Errorf("%s: status %d, want a refusal", c.Name, status)
		}
	}
	if final != 1 {
		t.Errorf("%s: answered by %v, want one answer", c.Name, statuses)
	}
}

// converse returns the statuses of all responses, interim ones too.
func converse(address, send string) (statuses []int, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second)) // for a server that hangs: an error
	if _, err := io.WriteString(c, send); err != nil {
		return nil, err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return nil, err
	}
	r := bufio.NewReader(c)
	for {
		if _, err := r.Peek(1); err == io.EOF {
			return statuses, nil
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return statuses, err
		}
		statuses = append(statuses, resp.StatusCode)
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return statuses, err
		}
	}
}

// paths is a handler that reads the request and counts its path.
type paths struct {
	mu   sync.Mutex
	seen []string
}

func (p *paths) ServeRequest(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	_, err := io.ReadAll(r.Body)
	p.mu.Lock()
	p.seen = append(p.seen, r.Path)
	p.mu.Unlock()
	switch {
	case err != nil:
		respond(w, 400, "")
	case r.Method == "CONNECT":
		respond(w, 405, "")
	default:
		respond(w, 200, "")
	}
}

func (p *paths) count(path string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.seen {
		if s == path {
			n++
		}
	}
	return n
}
