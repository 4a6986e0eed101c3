package hardserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Server serves one case, or all that are [Case.Plain].
type Server struct {
	// URL is that of the case; with [Listen], what "/case/N" is put behind.
	URL string

	// N is how many cases there are.
	N int

	cases    []Case
	listener *net.TCPListener
	other    *net.TCPListener // another origin, where redirects may lead
	config   *tls.Config
	done     chan struct{}
	idle     chan struct{} // the client is done with a request of several
	ready    chan struct{} // the script is ready for the next one
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[*net.TCPConn]bool // nil once closed
	counts int
}

// Start serves the case on a port of its own until the test ends. It looks at a connection before any
// byte has come, which [Listen] cannot do.
func (c *Case) Start(t testing.TB) *Server {
	t.Helper()
	var config *tls.Config
	if c.config != nil {
		config = c.config(t)
	}
	s, err := listen("127.0.0.1:0", []Case{*c}, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	scheme := "http://"
	if c.HTTPS {
		scheme = "https://"
	}
	s.URL = scheme + s.host() + "/case/0"
	return s
}

// Listen serves the plain cases on addr until the server is closed: number N of [Cases] at /case/N.
func Listen(addr string) (*Server, error) {
	cases := Cases()
	for i := range cases {
		if !cases[i].Plain() {
			cases = cases[:i]
			break
		}
	}
	s, err := listen(addr, cases, nil)
	if err == nil {
		s.URL = "http://" + s.host()
	}
	return s, err
}

func listen(addr string, cases []Case, config *tls.Config) (*Server, error) {
	s := &Server{
		N: len(cases), cases: cases, config: config, conns: map[*net.TCPConn]bool{},
		done: make(chan struct{}), idle: make(chan struct{}, 1), ready: make(chan struct{}, 1),
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Close()
		return nil, err
	}
	s.listener, s.other = l.(*net.TCPListener), other.(*net.TCPListener)
	s.wg.Go(func() { s.accept(s.listener, s.attend) })
	s.wg.Go(func() { s.accept(s.other, s.elsewhere) })
	return s, nil
}

func (s *Server) host() string { return s.listener.Addr().String() }

// Next tells the script of a case with several requests that the client is done with one of them, and
// waits until the script is ready for the next.
func (s *Server) Next(ctx context.Context) {
	select {
	case s.idle <- struct{}{}:
	case <-ctx.Done():
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
	}
}

// Close ends all connections and waits for them.
func (s *Server) Close() {
	s.listener.Close()
	s.other.Close()
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	if conns == nil {
		return
	}
	close(s.done)
	for c := range conns {
		c.Close()
	}
	s.wg.Wait()
}

func (s *Server) accept(l *net.TCPListener, serve func(*conn)) {
	for {
		raw, err := l.AcceptTCP()
		if err != nil {
			return
		}
		if !s.enter(raw) {
			raw.Close()
			return
		}
		s.wg.Go(func() {
			defer s.leave(raw)
			raw.SetDeadline(time.Now().Add(Lifetime))
			c := &conn{Conn: raw, raw: raw, r: bufio.NewReader(raw), server: s, base: "/case/0"}
			serve(c)
		})
	}
}

func (s *Server) enter(raw *net.TCPConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		return false
	}
	s.conns[raw] = true
	return true
}

func (s *Server) leave(raw *net.TCPConn) {
	raw.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, raw)
}

// attend runs a script for each request of a connection.
func (s *Server) attend(c *conn) {
	s.mu.Lock()
	s.counts++
	c.nth = s.counts
	s.mu.Unlock()
	defer c.finish()
	if s.config != nil {
		t := tls.Server(c.raw, s.config)
		c.Conn, c.r = t, bufio.NewReader(t)
		if t.Handshake() != nil {
			return
		}
	}
	for first := true; !c.over; first = false {
		if (!first || s.N > 1) && !c.read() {
			return
		}
		script := s.choose(c)
		if script == nil {
			c.next()
			c.send(whole(404, "", "no such case"))
			continue
		}
		script(c)
	}
}

// choose returns the script of the case that the request asks for, and nil if there is none.
func (s *Server) choose(c *conn) func(*conn) {
	if s.N == 1 {
		return s.cases[0].script
	}
	rest, _ := strings.CutPrefix(c.ahead.URL.Path, "/case/")
	digits := strings.TrimLeft(rest, "0123456789")
	i, err := strconv.Atoi(rest[:len(rest)-len(digits)])
	if err != nil || i < 0 || i >= s.N {
		return nil
	}
	c.base = fmt.Sprintf("/case/%d", i)
	return s.cases[i].script
}

// elsewhere is the other origin: it tells which credentials reached it, and at /back it redirects
// to the first one.
func (s *Server) elsewhere(c *conn) {
	defer c.finish()
	for c.read() {
		r := c.next()
		if r.URL.Path == "/back" {
			c.send(whole(302, "Location: http://"+s.host()+"/case/0/seen\r\n", ""))
			continue
		}
		c.send(whole(200, "", seen(r)))
	}
}

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}
