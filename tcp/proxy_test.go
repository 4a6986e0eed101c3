package tcp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
	"eddy/tcp/proxyproto"
)

var (
	clientAddr = netip.MustParseAddrPort("192.0.2.1:56324")
	targetAddr = netip.MustParseAddrPort("198.51.100.2:443")
)

// tell says who the peer is, and then echoes.
func tell(ctx context.Context, s *stream.Stream) error {
	tlvs := 0
	if h := tcp.ProxyHeader(ctx); h != nil {
		for range h.TLVs() {
			tlvs++
		}
	}
	s.Write(ctx, fmt.Appendf(nil, "%v to %v, %v, %d\n", tcp.PeerAddr(ctx), tcp.LocalAddr(ctx), tcp.ProxyHeader(ctx) != nil, tlvs))
	return echo(ctx, s)
}

const told = "192.0.2.1:56324 to 198.51.100.2:443, true, "

func TestProxyProtocol_HandlersSeeTheClient(t *testing.T) {
	v1 := string(proxyproto.AppendV1(nil, clientAddr, targetAddr))
	v2 := string(proxyproto.AppendV2(nil, clientAddr, targetAddr, proxyproto.AppendTLV(nil, 1, []byte("h2"))))
	local := string(proxyproto.AppendV2(nil, netip.AddrPort{}, netip.AddrPort{}, nil))
	for _, c := range []struct{ header, want string }{
		{v1, told + "0\n"}, {v2, told + "1\n"},
		{local, "invalid AddrPort to invalid AddrPort, true, 0\n"},
		{"PROXY UNKNOWN\r\n", "invalid AddrPort to invalid AddrPort, true, 0\n"},
	} {
		serveFake(t, tcp.ServerOptions{}, &tcp.ProxyProtocol{}, tell, func(s *fakeServer) {
			for split := range len(c.header) + 4 {
				text := c.header + "hey\n"
				p := s.connect()
				p.SetMost(1+split%7, 0) // short reads, too
				got := s.send(p, text[:split]) + s.send(p, text[split:])
				if got != c.want+"hey\n" {
					t.Fatalf("split at %d: got %q, want %q", split, got, c.want)
				}
				p.CloseWrite()
			}
			if logs := s.logs.String(); logs != "" {
				t.Error(logs)
			}
		})
	}
}

func TestProxyProtocol_RefusesWhatIsNoHeader(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(s *fakeServer, p *poll.Peer)
		want string // in the log
	}{
		"malformed":   {func(s *fakeServer, p *poll.Peer) { p.Send("GET / HTTP/1.1\r\n\r\n") }, "malformed PROXY header"},
		"too long":    {func(s *fakeServer, p *poll.Peer) { p.Send("PROXY UNKNOWN " + strings.Repeat("x", 1000)) }, "too long"},
		"late":        {func(s *fakeServer, p *poll.Peer) { p.Send("PROXY T"); time.Sleep(6 * time.Second) }, "no PROXY header in time"},
		"silent":      {func(s *fakeServer, p *poll.Peer) { time.Sleep(6 * time.Second) }, "no PROXY header in time"},
		"a port scan": {func(s *fakeServer, p *poll.Peer) { p.CloseWrite() }, ""},
		"cut short":   {func(s *fakeServer, p *poll.Peer) { p.Send("PROXY TCP4"); p.CloseWrite() }, ""},
		"reset":       {func(s *fakeServer, p *poll.Peer) { p.Reset(syscall.ECONNRESET) }, ""},
		"a shutdown":  {func(s *fakeServer, p *poll.Peer) { s.Stop() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			serveFake(t, tcp.ServerOptions{}, &tcp.ProxyProtocol{}, tell, func(s *fakeServer) {
				p := s.connect()
				c.do(s, p)
				synctest.Wait()
				if st := s.Stats(); !closed(p) || p.Take() != "" || st != (tcp.Stats{Accepted: 1, Refused: 1}) {
					t.Errorf("closed %v, %+v", closed(p), st)
				}
				logs := s.logs.String()
				if !strings.Contains(logs, c.want) || (c.want == "") != (logs == "") || strings.Contains(logs, "GET") {
					t.Errorf("log: %s", logs)
				}
				if err := s.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The time runs from the beginning, however the bytes come.
func TestProxyProtocol_TimeoutIsAbsolute(t *testing.T) {
	serveFake(t, tcp.ServerOptions{}, &tcp.ProxyProtocol{Timeout: 10 * time.Second}, tell, func(s *fakeServer) {
		p := s.connect()
		for i, b := range "PROXY UNKNOWN xxxxxxxxxx" {
			p.Send(string(b))
			time.Sleep(time.Second)
			if want := i >= 10; closed(p) != want {
				t.Fatalf("after %d seconds: closed %v", i+1, closed(p))
			}
		}
	})
}

// Connections that wait for their headers are held to the bound.
func TestProxyProtocol_CountsAgainstMaxConnections(t *testing.T) {
	serveFake(t, tcp.ServerOptions{MaxConnections: 1}, &tcp.ProxyProtocol{}, tell, func(s *fakeServer) {
		first, second := s.connect(), s.connect()
		if got := s.send(second, "PROXY UNKNOWN\r\n"); got != "" {
			t.Errorf("got %q", got)
		}
		first.CloseWrite()
		synctest.Wait()
		if got := second.Take(); got == "" {
			t.Error("the second is not served")
		}
	})
}

// serveReal serves tell on loopback with PROXY headers.
func serveReal(t *testing.T, addr string, p tcp.ProxyProtocol) (*testlog.Log, net.Addr) {
	t.Helper()
	logs, logger := testlog.New()
	g, err := loop.NewGroup(2, loop.Options{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	l := listen(t, addr)
	if err := l.UseProxyProtocol(p); err != nil {
		l.Close()
		t.Fatal(err)
	}
	s := tcp.NewServer(tell, tcp.ServerOptions{Logger: logger})
	if err := s.Serve(g, l); err != nil {
		t.Fatal(err)
	}
	return logs, l.Addr()
}

// ask sends text on a new connection, and returns the first line of the answer.
func ask(t *testing.T, a net.Addr, text string) (line string, c net.Conn) {
	t.Helper()
	c, err := net.Dial(a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(c, text)
	line, err = bufio.NewReader(c).ReadString('\n')
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Fatal("no answer")
	}
	return line, c
}

func TestProxyProtocol_TrustsWhomItIsTold(t *testing.T) {
	header := string(proxyproto.AppendV1(nil, clientAddr, targetAddr))
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	elsewhere := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		name    string
		proxy   tcp.ProxyProtocol
		text    string
		want    string
		refused bool
	}{
		{"trusted", tcp.ProxyProtocol{Trusted: loopback, Required: true}, header, told + "0\n", false},
		{"trusted without header", tcp.ProxyProtocol{Trusted: loopback}, "hello\n", "", true},
		{"not trusted", tcp.ProxyProtocol{Trusted: elsewhere}, header, "127.0.0.1:", false},
		{"not trusted, required", tcp.ProxyProtocol{Trusted: elsewhere, Required: true}, header, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			logs, addr := serveReal(t, "127.0.0.1:0", c.proxy)
			got, _ := ask(t, addr, c.text)
			if !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if strings.Contains(got, "192.0.2.1") && c.name != "trusted" {
				t.Error("a stranger's header was believed")
			}
			if refused := strings.Contains(logs.String(), "level=INFO"); refused != c.refused {
				t.Errorf("log: %s", logs)
			}
		})
	}
}

// A connection of IPv4 on a socket for both families is trusted by its IPv4 address.
func TestProxyProtocol_DualStack(t *testing.T) {
	_, addr := serveReal(t, ":0", tcp.ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: portOf(addr)}
	if got, _ := ask(t, local, string(proxyproto.AppendV1(nil, clientAddr, targetAddr))); got != told+"0\n" {
		t.Errorf("got %q", got)
	}
}

func TestProxyProtocol_UnixSocket(t *testing.T) {
	noUnixSockets(t)
	_, addr := serveReal(t, "unix:"+t.TempDir()+"/s", tcp.ProxyProtocol{Required: true})
	if got, _ := ask(t, addr, string(proxyproto.AppendV1(nil, clientAddr, targetAddr))); got != told+"0\n" {
		t.Errorf("got %q", got)
	}
}

func TestProxyProtocol_WithoutTrustIsAnError(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	defer l.Close()
	if err := l.UseProxyProtocol(tcp.ProxyProtocol{Required: true}); err == nil {
		t.Error("everybody would be believed")
	}
	for _, network := range []netip.Prefix{{}, netip.MustParsePrefix("::ffff:10.0.0.0/104")} {
		if err := l.UseProxyProtocol(tcp.ProxyProtocol{Trusted: []netip.Prefix{network}}); err == nil {
			t.Errorf("%v would never hold", network)
		}
	}
}
