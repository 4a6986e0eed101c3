package httpserver_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
	"eddy/loop"
)

// slowClient is a way to hold a connection by doing nearly nothing.
type slowClient struct {
	name  string
	first string // what it sends
	drip  string // and then again and again
	reads bool   // byte by byte
}

var slowClients = []slowClient{
	{"silent", "", "", false},
	{"slow head", "GET / HTTP/1.1\r\nX-", "x", false},
	{"empty lines", "", "\r\n", false},
	{"slow body", "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", "x", false},
	{"slow chunks", "POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", false},
	{"slow body that nobody reads", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", "x", false},
	{"slow reader", "GET /much HTTP/1.1\r\nHost: h\r\n\r\n", "", true},
	{"slow reader of many responses", strings.Repeat("GET /some HTTP/1.1\r\nHost: h\r\n\r\n", 100), "", true},
	{"range", "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-" + strings.Repeat(",5-1", 1000) + "\r\n\r\n", "", false},
	{"idle", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", false},
}

var crowded = handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	switch r.Path {
	case "/much":
		w.WriteHead(200, "", &httputil.Header{}, 4<<20)
		for piece := filler[:64<<10]; ; {
			if _, err := io.WriteString(w, piece); err != nil {
				return
			}
		}
	case "/some":
		respond(w, 200, filler[:100_000])
	default:
		deaf(ctx, w, r)
	}
})

// narrow makes the kernel hold little for a client, so that not reading is felt soon.
var narrow = net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
	return c.Control(setNarrow)
}}

// Every kind of slow client is cut, with TLS and without, while others are served, and leaves nothing behind: a
// second crowd takes no more than the first.
func TestSlowClients_AreCut(t *testing.T) {
	limit := 200 * time.Millisecond
	o := httpserver.Options{
		HeaderTimeout: limit, BodyTimeout: limit, IdleTimeout: limit, WriteTimeout: limit,
		MinBodyRate: 10_000, MinWriteRate: 10_000,
	}
	g, err := loop.NewGroup(1, loop.Options{Logger: quiet, HeapReserve: -1}) // the heap is measured
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	// Other servers on the same loop: a busy machine shall not have the short limits cut their clients.
	var places []*place
	for _, secure := range []bool{false, true} {
		p := &place{secure: secure, each: 20}
		if secure {
			o.TLS = testcert.Shared().Server(t)
			p.each = 5 // handshakes cost this process both halves
		}
		p.Server, p.addr = onGroup(t, g, crowded, o)
		_, beside := onGroup(t, g, crowded, httpserver.Options{TLS: o.TLS})
		p.good = newGood(beside, secure)
		if err := p.good.get(); err != nil {
			t.Fatal(err)
		}
		places = append(places, p)
	}
	crowd(t, places)
	goroutines, before := busyGoroutines(), heap()
	crowd(t, places)
	eventually(t, func() bool { return busyGoroutines() <= goroutines+20 },
		"more than %d goroutines are left after a second crowd", goroutines+20)
	if after := heap(); after > before+4<<20 {
		t.Errorf("%d bytes are left after a second crowd, %d after the first", after, before)
	}
}

// busyGoroutines counts goroutines, but for the coroutines that a loop keeps for its next handlers: as many as it
// once had at the same time.
func busyGoroutines() (n int) {
	b := make([]byte, 4<<20)
	for stack := range strings.SplitSeq(string(b[:runtime.Stack(b, true)]), "\n\n") {
		if !strings.Contains(stack, "loop.(*Coroutine).body") || strings.Contains(stack, "httpserver") {
			n++
		}
	}
	return n
}

// place is a server that slow clients come to, and a client that is none, beside.
type place struct {
	*httpserver.Server
	addr   string
	secure bool
	each   int // clients of each kind
	good   *good
}

// crowd connects slow clients and waits until all are cut.
func crowd(t *testing.T, places []*place) {
	stop := make(chan struct{})
	var clients []net.Conn
	var all sync.WaitGroup
	for _, p := range places {
		for _, kind := range slowClients {
			for range p.each {
				c, err := narrow.Dial("tcp", p.addr)
				if err != nil {
					t.Fatal(err)
				}
				clients = append(clients, c)
				all.Go(func() {
					if p.secure {
						c = tls.Client(c, testcert.Shared().Client())
					}
					io.WriteString(c, kind.first)
					kind.goOn(c, stop)
				})
			}
		}
	}
	patience := time.Now().Add(30 * time.Second)
	for _, p := range places {
		served := p.good.served.Load()
		for first := true; first || p.Connections() > 0 && time.Now().Before(patience); first = false {
			if err := p.good.get(); err != nil {
				t.Errorf("TLS %v: another client: %v", p.secure, err)
				break
			}
			time.Sleep(time.Millisecond)
		}
		if n := p.Connections(); n > 0 {
			t.Errorf("TLS %v: %d of the slow connections are still open", p.secure, n)
		}
		if p.good.served.Load() == served {
			t.Errorf("TLS %v: nobody else was served", p.secure)
		}
	}
	close(stop)
	all.Wait()
	for _, c := range clients {
		c.Close()
	}
}

// goOn sends and reads a byte from time to time, whatever comes of it.
func (k *slowClient) goOn(c net.Conn, stop chan struct{}) {
	for b := make([]byte, 1); ; {
		select {
		case <-stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
		io.WriteString(c, k.drip)
		if k.reads {
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			c.Read(b)
		}
	}
}

// good is a client that is served all the time.
type good struct {
	client *http.Client
	url    string
	served atomic.Int64
}

func newGood(addr string, secure bool) *good {
	g := &good{url: "http://" + addr, client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: testcert.Shared().Client(), DisableKeepAlives: true,
	}}}
	if secure {
		g.url = "https://" + addr
	}
	return g
}

func (g *good) get() error {
	resp, err := g.client.Get(g.url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	g.served.Add(1)
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
