package httpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpclient"
	"eddy/internal/poll"
	"eddy/tcp"
)

// fetch is a whole exchange: a request and the answer to it.
func (n *fakeNet) fetch(r *httpclient.Request, answer string) *httpclient.Response {
	n.t.Helper()
	done := n.do(context.Background(), r)
	n.answer(answer)
	res := <-done
	if res.err != nil {
		n.t.Fatal(res.err)
	}
	return res.resp
}

// A connection is used again exactly by requests that agree in all that it depends on.
func TestPool_SharesExactlyWhatIsAlike(t *testing.T) {
	local := netip.MustParseAddr("192.0.2.77")
	for name, c := range map[string]struct {
		a, b   httpclient.Request
		shared bool
	}{
		"the same":                   {httpclient.Request{URL: server}, httpclient.Request{URL: server}, true},
		"another path":               {httpclient.Request{URL: server + "/a?b#c"}, httpclient.Request{URL: server + "/d"}, true},
		"the port of the scheme":     {httpclient.Request{URL: server}, httpclient.Request{URL: server + ":80"}, true},
		"an empty port":              {httpclient.Request{URL: server}, httpclient.Request{URL: server + ":"}, true},
		"another method":             {httpclient.Request{URL: server}, httpclient.Request{URL: server, Method: "POST", Body: []byte("x")}, true},
		"another Host field":         {httpclient.Request{URL: server}, httpclient.Request{URL: server, Header: fields("Host", "b")}, true},
		"other credentials":          {httpclient.Request{URL: "http://a:b@192.0.2.1"}, httpclient.Request{URL: server}, true},
		"other limits":               {httpclient.Request{URL: server}, httpclient.Request{URL: server, RequestTimeout: time.Minute, MaxBody: 9}, true},
		"another port":               {httpclient.Request{URL: server}, httpclient.Request{URL: server + ":81"}, false},
		"another host":               {httpclient.Request{URL: server}, httpclient.Request{URL: "http://192.0.2.2"}, false},
		"the same from an address":   {httpclient.Request{URL: server, LocalAddr: local}, httpclient.Request{URL: server, LocalAddr: local}, true},
		"from another address":       {httpclient.Request{URL: server}, httpclient.Request{URL: server, LocalAddr: local}, false},
		"the same family":            {httpclient.Request{URL: server, Family: tcp.IPv4}, httpclient.Request{URL: server, Family: tcp.IPv4}, true},
		"another family":             {httpclient.Request{URL: server}, httpclient.Request{URL: server, Family: tcp.IPv4}, false},
		"the same Unix socket":       {httpclient.Request{URL: server, UnixSocket: "/a"}, httpclient.Request{URL: server, UnixSocket: "/a"}, true},
		"another Unix socket":        {httpclient.Request{URL: server, UnixSocket: "/a"}, httpclient.Request{URL: server, UnixSocket: "/b"}, false},
		"a Unix socket, and none":    {httpclient.Request{URL: server, UnixSocket: "/a"}, httpclient.Request{URL: server}, false},
		"a TLS configuration unused": {httpclient.Request{URL: server, TLS: new(tls.Config)}, httpclient.Request{URL: server}, false},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				n.fetch(&c.a, ok)
				n.fetch(&c.b, ok)
				if shared := len(n.dials) == 1; shared != c.shared {
					t.Errorf("%d connections", len(n.dials))
				}
			})
		})
	}
}

func fields(nameValues ...string) (h header) {
	for i := 0; i < len(nameValues); i += 2 {
		h.Append(nameValues[i], nameValues[i+1])
	}
	return h
}

// What a response says decides whether its connection is used again.
func TestPool_KeepsNoDoubtfulConnection(t *testing.T) {
	for name, c := range map[string]struct {
		request httpclient.Request
		answer  string
		kept    bool
	}{
		"length":                     {answer: ok, kept: true},
		"chunks":                     {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", kept: true},
		"no content":                 {answer: "HTTP/1.1 204 No Content\r\n\r\n", kept: true},
		"no content with a length":   {answer: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", kept: true},
		"not modified with a length": {answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", kept: true},
		"reset content":              {answer: "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", kept: true},
		"head":                       {httpclient.Request{Method: "HEAD"}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true},
		"interim responses":          {answer: "HTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + ok, kept: true},
		"HTTP/1.0, kept":             {answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", kept: true},
		"HTTP/1.0":                   {answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"close":                      {answer: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
		"own close":                  {httpclient.Request{Header: fields("Connection", "close")}, ok, false},
		"more than the length":       {answer: ok + "x"},
		"a second response":          {answer: ok + ok},
		"an empty line behind":       {answer: ok + "\r\n"},
		"a body to a HEAD":           {httpclient.Request{Method: "HEAD"}, ok, false},
		"a body without content":     {answer: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				c.request.URL = server
				n.fetch(&c.request, c.answer)
				synctest.Wait()
				if open := !closed(n.last()); open != c.kept {
					t.Errorf("open: %v", open)
				}
				n.fetch(&httpclient.Request{URL: server}, ok)
				if kept := len(n.dials) == 1; kept != c.kept {
					t.Errorf("%d connections", len(n.dials))
				}
			})
		})
	}
}

// Nothing that a server says unasked is taken for an answer.
func TestPool_UnaskedBytes(t *testing.T) {
	const late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
	for name, say := range map[string]func(*poll.Peer){
		"a 408":            func(p *poll.Peer) { p.Send(late) },
		"a 408, and close": func(p *poll.Peer) { p.Send(late); p.CloseWrite() },
		"close":            func(p *poll.Peer) { p.CloseWrite() },
		"reset":            func(p *poll.Peer) { p.Reset(syscall.ECONNRESET) },
		"a byte":           func(p *poll.Peer) { p.Send("\n") },
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				n.fetch(&httpclient.Request{URL: server}, ok)
				say(n.last())
				synctest.Wait()
				if conns, keys := n.client.Resting(); !closed(n.last()) || conns != 0 || keys != 0 {
					t.Errorf("closed %v; %d connections of %d keys rest", closed(n.last()), conns, keys)
				}
				if resp := n.fetch(&httpclient.Request{Method: "POST", URL: server}, ok); resp.Status != 200 || len(n.dials) != 2 {
					t.Errorf("%d, %d connections", resp.Status, len(n.dials))
				}
			})
			// The loop may not know yet: it comes in the turn that the request begins in, right before it.
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				n.fetch(&httpclient.Request{URL: server}, ok)
				n.last().Take()
				time.Sleep(time.Second)
				hold := make(chan struct{})
				n.loop.Post(func() { <-hold })
				synctest.Wait()
				n.loop.Post(func() { say(n.dials[0]) })
				done := n.do(context.Background(), &httpclient.Request{Method: "POST", URL: server, Body: []byte("once")})
				close(hold)
				synctest.Wait()
				if sent := n.dials[0].Take(); sent != "" {
					t.Errorf("sent to a server that has gone: %q", sent)
				}
				n.answer(ok)
				n.good(done, "ok")
				if sent := n.last().Take(); len(n.dials) != 2 || strings.Count(sent, "once") != 1 {
					t.Errorf("%d connections; the new one got %q", len(n.dials), sent)
				}
			})
			// A fresh connection is no better.
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				n.fake.OnConnect(func(_ poll.Target, far *poll.Peer) error {
					n.dials = append(n.dials, far)
					far.Establish()
					say(far)
					return nil
				})
				r := <-n.get("/")
				if r.err == nil || len(n.dials) != 1 {
					t.Errorf("%v, %d connections", r.err, len(n.dials))
				}
			})
		})
	}
}

// used is a client with one idle connection.
func used(t *testing.T, o httpclient.Options, f func(n *fakeNet)) {
	onFakeNet(t, o, func(n *fakeNet) {
		n.fetch(&httpclient.Request{URL: server}, ok)
		n.last().Take()
		f(n)
	})
}

// A request that was sent on a connection at rest, and got no byte of an answer before it was closed, is
// repeated once if that does no harm.
func TestRetry_OnlyWhatMayBe(t *testing.T) {
	body := func() io.Reader { return struct{ io.Reader }{strings.NewReader("body")} }
	for name, c := range map[string]struct {
		request httpclient.Request
		before  string // what the server says before it goes
		again   bool
	}{
		"GET":                       {httpclient.Request{}, "", true},
		"HEAD":                      {httpclient.Request{Method: "HEAD"}, "", true},
		"OPTIONS":                   {httpclient.Request{Method: "OPTIONS"}, "", true},
		"DELETE":                    {httpclient.Request{Method: "DELETE"}, "", true},
		"PUT":                       {httpclient.Request{Method: "PUT", Body: []byte("body")}, "", true},
		"POST":                      {httpclient.Request{Method: "POST", Body: []byte("body")}, "", false},
		"POST without a body":       {httpclient.Request{Method: "POST"}, "", false},
		"PATCH":                     {httpclient.Request{Method: "PATCH", Body: []byte("body")}, "", false},
		"another method":            {httpclient.Request{Method: "PURGE", AllowNonstandardMethods: true}, "", false},
		"POST with a key":           {httpclient.Request{Method: "POST", Body: []byte("body"), Header: fields("Idempotency-Key", "1")}, "", true},
		"POST with a key of old":    {httpclient.Request{Method: "POST", Body: []byte("body"), Header: fields("X-Idempotency-Key", "")}, "", true},
		"PUT of a reader":           {httpclient.Request{Method: "PUT", BodyReader: body()}, "", false},
		"PUT of a reader, waiting":  {httpclient.Request{Method: "PUT", BodyReader: body(), ExpectContinue: true}, "", true},
		"POST of a reader, waiting": {httpclient.Request{Method: "POST", BodyReader: body(), ExpectContinue: true}, "", false},
		"a byte has come":           {httpclient.Request{}, "H", false},
		"an interim head has come":  {httpclient.Request{}, "HTTP/1.1 102 P\r\n\r\n", false},
		"a head has come":           {httpclient.Request{}, head, false},
	} {
		t.Run(name, func(t *testing.T) {
			for how, leave := range map[string]func(*poll.Peer){
				"closed": (*poll.Peer).CloseWrite,
				"reset":  func(p *poll.Peer) { p.Reset(syscall.ECONNRESET) },
			} {
				used(t, httpclient.Options{}, func(n *fakeNet) {
					c.request.URL = server
					done := n.do(context.Background(), &c.request)
					if c.before != "" {
						n.answer(c.before)
					}
					leave(n.last())
					synctest.Wait()
					if again := len(n.dials) == 2; again != c.again {
						t.Fatalf("%s: %d connections", how, len(n.dials))
					}
					if !c.again {
						if r := <-done; !errors.Is(r.err, httpclient.ErrCut) {
							t.Errorf("%s: %v", how, r.err)
						}
						return
					}
					leave(n.last()) // once is enough
					synctest.Wait()
					if r := <-done; !errors.Is(r.err, httpclient.ErrCut) || len(n.dials) != 2 {
						t.Errorf("%s: %v, %d connections", how, r.err, len(n.dials))
					}
				})
			}
		})
	}
	// On a fresh connection it is not the connection's fault.
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		done := n.get("/")
		n.last().CloseWrite()
		n.failed(done, "head", httpclient.ErrCut, 0)
		if len(n.dials) != 1 {
			t.Errorf("%d connections", len(n.dials))
		}
	})
}

// What is repeated is the same request.
func TestRetry_SendsTheSame(t *testing.T) {
	used(t, httpclient.Options{}, func(n *fakeNet) {
		r := &httpclient.Request{Method: "PUT", URL: server + "/x", Body: []byte("body"), Header: fields("A", "1")}
		done := n.do(context.Background(), r)
		first := n.last().Take()
		n.last().CloseWrite()
		synctest.Wait()
		if second := n.last().Take(); second != first || !strings.HasSuffix(first, "\r\n\r\nbody") {
			t.Errorf("%q, then %q", first, second)
		}
		n.answer(ok)
		n.good(done, "ok")
	})
}

func TestPool_ClosesWhatRestsForLong(t *testing.T) {
	used(t, httpclient.Options{IdleTimeout: 10 * time.Second}, func(n *fakeNet) {
		time.Sleep(9 * time.Second)
		n.fetch(&httpclient.Request{URL: server}, ok)
		time.Sleep(9 * time.Second)
		if closed(n.last()) {
			t.Error("closed too early")
		}
		time.Sleep(2 * time.Second)
		if conns, keys := n.client.Resting(); !closed(n.last()) || conns != 0 || keys != 0 {
			t.Errorf("%d connections of %d keys rest", conns, keys)
		}
	})
	used(t, httpclient.Options{IdleTimeout: -1}, func(n *fakeNet) {
		if !closed(n.last()) {
			t.Error("kept")
		}
	})
}

// The one that was used longest ago makes room, whosever it is.
func TestPool_MaxIdle(t *testing.T) {
	for most, left := range map[int]int{3: 3, -1: 4} {
		onFakeNet(t, httpclient.Options{MaxIdle: most}, func(n *fakeNet) {
			for _, host := range []string{"a", "b", "a", "c", "d"} {
				done := n.do(context.Background(), &httpclient.Request{URL: server, UnixSocket: host})
				for _, far := range n.dials {
					if strings.HasPrefix(far.Take(), "GET") {
						far.Send(ok)
					}
				}
				n.good(done, "ok")
				time.Sleep(time.Second)
			}
			if conns, keys := n.client.Resting(); conns != left || keys != left || len(n.dials) != 4 {
				t.Errorf("%d connections of %d keys rest, want %d", conns, keys, left)
			}
			for i, far := range n.dials { // a, b, c, d
				if gone := i == 1 && most > 0; closed(far) != gone {
					t.Errorf("connection %d is closed: %v", i, closed(far))
				}
			}
			n.client.CloseIdle()
			synctest.Wait()
			if conns, keys := n.client.Resting(); conns != 0 || keys != 0 {
				t.Errorf("%d connections of %d keys are left by CloseIdle", conns, keys)
			}
		})
	}
}

// Those that are in use are not idle.
func TestPool_CloseIdleLeavesOthers(t *testing.T) {
	used(t, httpclient.Options{}, func(n *fakeNet) {
		done := n.get("/")
		n.client.CloseIdle()
		synctest.Wait()
		n.answer(ok)
		n.good(done, "ok")
		if len(n.dials) != 1 {
			t.Errorf("%d connections", len(n.dials))
		}
	})
}

// Host names have no case: who writes them otherwise shares the connection.
func TestKey_HostsHaveNoCase(t *testing.T) {
	names := map[string]string{"example.com": "192.0.2.1:80"}
	onFakeNet(t, httpclient.Options{Hosts: names}, func(n *fakeNet) {
		transport := &httpclient.Transport{Client: n.client}
		for _, url := range []string{"http://EXAMPLE.com", "http://example.COM:80", "http://example.com"} {
			done := n.do(context.Background(), &httpclient.Request{URL: url})
			n.answer(ok)
			n.good(done, "ok")
			req, err := http.NewRequest("GET", url, nil)
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Millisecond, func() { n.last().Send(ok) })
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
		}
		if len(n.dials) != 1 {
			t.Errorf("%d connections", len(n.dials))
		}
	})
}
