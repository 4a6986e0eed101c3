package httpclient_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"eddy/internal/testcert"
)

// testProxy is an HTTP proxy that forwards, opens tunnels, and notes what it was asked.
type testProxy struct {
	*httptest.Server
	mu sync.Mutex
	proxyRules
	asked []string // methods and targets
	field []string // Proxy-Authorization
	life  map[net.Conn]struct{}
}

// proxyRules is how a proxy behaves.
type proxyRules struct {
	guard *digestGuard // who may use it; nil: see basic
	basic string       // what Proxy-Authorization must be; "": nothing
	fail  int          // the status or reply of every answer, if not 0
}

// behave sets the rules.
func (p *testProxy) behave(r proxyRules) *testProxy {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.proxyRules = r
	return p
}

// newProxy returns a proxy that ends with the test.
func newProxy(t testing.TB, secure bool) *testProxy {
	p := &testProxy{life: make(map[net.Conn]struct{})}
	p.Server = httptest.NewUnstartedServer(p)
	if secure {
		p.TLS = testcert.Shared().Server(t)
		p.StartTLS()
	} else {
		p.Start()
	}
	t.Cleanup(func() {
		p.cut()
		p.Close()
	})
	return p
}

// at returns the proxy's URL with a user.
func (p *testProxy) at(user *url.Userinfo) *url.URL {
	u, _ := url.Parse(p.URL)
	u.User = user
	return u
}

// cut closes all tunnels.
func (p *testProxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.life {
		c.Close()
	}
}

// log returns what was asked since the last call, and as whom.
func (p *testProxy) log() (asked, fields []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, fields = p.asked, p.field
	p.asked, p.field = nil, nil
	return asked, fields
}

func (p *testProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.RequestURI)
	p.field = append(p.field, r.Header.Get("Proxy-Authorization"))
	rules := p.proxyRules
	p.mu.Unlock()
	switch {
	case rules.fail != 0:
		w.WriteHeader(rules.fail)
	case rules.guard != nil && !rules.guard.pass(w, r.Method, r.RequestURI, "", r.Header, ""):
	case rules.basic != "" && r.Header.Get("Proxy-Authorization") != rules.basic:
		w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
		w.WriteHeader(407)
	case r.Method == "CONNECT":
		p.tunnel(w, r)
	default:
		p.forward(w, r)
	}
}

func (p *testProxy) forward(w http.ResponseWriter, r *http.Request) {
	r.RequestURI = ""
	r.Header.Del("Proxy-Authorization")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		w.WriteHeader(502)
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

func (p *testProxy) tunnel(w http.ResponseWriter, r *http.Request) {
	to, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(502)
		return
	}
	from, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	p.carry(from, to, buffered.Reader)
}

// carry carries until one side ends.
func (p *testProxy) carry(from, to net.Conn, first io.Reader) {
	p.mu.Lock()
	p.life[from], p.life[to] = struct{}{}, struct{}{}
	p.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { io.Copy(to, first); to.Close() })
	wg.Go(func() { io.Copy(from, to); from.Close() })
	wg.Wait()
	p.mu.Lock()
	delete(p.life, from)
	delete(p.life, to)
	p.mu.Unlock()
}

// newSocks returns the address of a SOCKS5 proxy (RFC 1928, RFC 1929) that notes in p what it was asked. It wants a
// user and password unless they are "".
func newSocks(t testing.TB, p *testProxy, user, password string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		p.cut()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				p.socks(c, user, password)
			})
		}
	})
	return l.Addr().String()
}

func (p *testProxy) socks(c net.Conn, user, password string) error {
	r := bufio.NewReader(c)
	field := func() string {
		n, _ := r.ReadByte()
		b := make([]byte, n)
		io.ReadFull(r, b)
		return string(b)
	}
	r.ReadByte() // the version
	method := byte(0)
	methods := field()
	if user != "" {
		if method = 2; len(methods) < 2 {
			_, err := c.Write([]byte{5, 0xff})
			return err
		}
	}
	c.Write([]byte{5, method})
	if method == 2 {
		r.ReadByte()
		if field() != user || field() != password {
			_, err := c.Write([]byte{1, 1})
			return err
		}
		c.Write([]byte{1, 0})
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	var host string
	switch head[3] {
	case 1:
		b := make([]byte, 4)
		io.ReadFull(r, b)
		host = net.IP(b).String()
	case 3:
		host = field()
	default:
		return errors.New("no such address")
	}
	var port uint16
	binary.Read(r, binary.BigEndian, &port)
	target := net.JoinHostPort(host, strconv.Itoa(int(port)))
	p.mu.Lock()
	p.asked = append(p.asked, "SOCKS "+target)
	fail := p.fail
	p.mu.Unlock()
	if fail != 0 {
		_, err := c.Write([]byte{5, byte(fail), 0, 1, 0, 0, 0, 0, 0, 0})
		return err
	}
	to, err := net.Dial("tcp", target)
	if err != nil {
		return err
	}
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	p.carry(c, to, r)
	return nil
}
