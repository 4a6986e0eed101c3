package httpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"eddy/httpclient"
	"eddy/internal/testcert"
	"eddy/internal/testdir"
	"eddy/tcp"
)

// where answers with the two ends of the connection, and the Host.
func where(w http.ResponseWriter, r *http.Request) {
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	io.WriteString(w, client+" "+r.Host)
}

// onUnix serves on a Unix socket, and returns its path.
func onUnix(t *testing.T, f http.HandlerFunc, config *tls.Config) string {
	l, err := net.Listen("unix", filepath.Join(testdir.New(t), "s")) // not under Wine
	if err != nil {
		t.Skip(err)
	}
	s := httptest.NewUnstartedServer(f)
	s.Listener.Close()
	if s.Listener = l; config != nil {
		s.TLS = config
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return l.Addr().String()
}

func TestDial_WhereTo(t *testing.T) {
	s := newServer(t, where)
	addr := strings.TrimPrefix(s.URL, "http://")
	unix := onUnix(t, where, nil)
	_, port, _ := net.SplitHostPort(addr)
	hosts := map[string]string{
		"exact.example:81": addr, "any.example": addr, "unix.example": "unix:" + unix,
		"both.example": "192.0.2.1:1", "both.example:80": addr,
	}
	for name, c := range map[string]struct {
		options httpclient.Options
		request httpclient.Request
		body    string
	}{
		"host and port mapped":       {httpclient.Options{Hosts: hosts}, httpclient.Request{URL: "http://exact.example:81"}, "127.0.0.1 exact.example:81"},
		"host mapped":                {httpclient.Options{Hosts: hosts}, httpclient.Request{URL: "http://any.example:99"}, "127.0.0.1 any.example:99"},
		"host mapped, port of http":  {httpclient.Options{Hosts: hosts}, httpclient.Request{URL: "http://any.example"}, "127.0.0.1 any.example"},
		"the port goes first":        {httpclient.Options{Hosts: hosts}, httpclient.Request{URL: "http://both.example"}, "127.0.0.1 both.example"},
		"mapped to a Unix socket":    {httpclient.Options{Hosts: hosts}, httpclient.Request{URL: "http://unix.example"}, " unix.example"},
		"a Unix socket":              {httpclient.Options{}, httpclient.Request{URL: "http://name.example/x", UnixSocket: unix}, " name.example"},
		"from an address":            {httpclient.Options{}, httpclient.Request{URL: s.URL, LocalAddr: netip.MustParseAddr("127.0.0.1")}, "127.0.0.1 " + addr},
		"from an address, by option": {httpclient.Options{LocalAddr: netip.MustParseAddr("127.0.0.1")}, httpclient.Request{URL: s.URL}, "127.0.0.1 " + addr},
		"of a family":                {httpclient.Options{Family: tcp.IPv4}, httpclient.Request{URL: "http://localhost:" + port}, "127.0.0.1 localhost:" + port},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, ctx context.Context) {
				client := httpclient.New(c.options)
				defer client.Close()
				if r := fetched(t, ctx, client, &c.request); string(r.Body) != c.body {
					t.Errorf("%q, want %q", r.Body, c.body)
				}
			})
		})
	}
	if runtime.GOOS == "linux" { // all of 127/8 is this machine there
		for _, c := range []struct {
			o httpclient.Options
			r httpclient.Request
		}{
			{httpclient.Options{LocalAddr: netip.MustParseAddr("127.0.0.7")}, httpclient.Request{URL: s.URL}},
			{httpclient.Options{LocalAddr: netip.MustParseAddr("127.0.0.8")}, httpclient.Request{URL: s.URL, LocalAddr: netip.MustParseAddr("127.0.0.7")}},
		} {
			if r := fetched(t, context.Background(), newClient(t, c.o), &c.r); !strings.HasPrefix(string(r.Body), "127.0.0.7 ") {
				t.Errorf("from %q", r.Body)
			}
		}
	}
}

func TestDial_WhereNotTo(t *testing.T) {
	s := newServer(t, where)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	no := errors.New("no")
	for name, c := range map[string]struct {
		options httpclient.Options
		request httpclient.Request
		phase   httpclient.Phase
		is      error
	}{
		"not allowed": {httpclient.Options{Allow: func(netip.AddrPort) error { return no }}, httpclient.Request{URL: s.URL}, "connect", no},
		"a Unix socket cannot be shown": {httpclient.Options{Allow: func(netip.AddrPort) error { return nil }},
			httpclient.Request{URL: s.URL, UnixSocket: "/s"}, "connect", nil},
		"no address of the family":    {httpclient.Options{Family: tcp.IPv6}, httpclient.Request{URL: "http://127.0.0.1:" + port}, "resolve", nil},
		"from nowhere":                {httpclient.Options{LocalAddr: netip.MustParseAddr("192.0.2.1")}, httpclient.Request{URL: s.URL}, "connect", nil},
		"from the other family":       {httpclient.Options{LocalAddr: netip.MustParseAddr("::1")}, httpclient.Request{URL: s.URL}, "connect", nil},
		"through no interface":        {httpclient.Options{Interface: "nowhere0"}, httpclient.Request{URL: s.URL}, "connect", nil},
		"through none, by a request":  {httpclient.Options{}, httpclient.Request{URL: s.URL, Interface: "nowhere0"}, "connect", nil},
		"no such Unix socket":         {httpclient.Options{}, httpclient.Request{URL: s.URL, UnixSocket: "/no/such"}, "connect", nil},
		"mapped to nothing":           {httpclient.Options{Hosts: map[string]string{"a": "b"}}, httpclient.Request{URL: "http://a"}, "resolve", nil},
		"not a certificate's":         {httpclient.Options{}, httpclient.Request{URL: "https://127.0.0.1:" + port}, "TLS", nil},
		"name of the host, malformed": {httpclient.Options{}, httpclient.Request{URL: "http://a..b/"}, "resolve", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, ctx context.Context) {
				client := httpclient.New(c.options)
				defer client.Close()
				_, err := client.Do(ctx, &c.request)
				is := c.is
				if is == nil {
					is = err
				}
				failsIn(t, err, c.phase, is)
				if active, _, _ := client.Busy(); active != 0 {
					t.Error("the place is taken")
				}
			})
		})
	}
}

func TestDial_ThroughAnInterface(t *testing.T) {
	s := newServer(t, where)
	name := map[string]string{"linux": "lo", "darwin": "lo0"}[runtime.GOOS]
	client := newClient(t, httpclient.Options{})
	if name == "" {
		_, err := client.Do(context.Background(), &httpclient.Request{URL: s.URL, Interface: "lo"})
		failsIn(t, err, "connect", err)
		return
	}
	for range 2 {
		if r := fetched(t, context.Background(), client, &httpclient.Request{URL: s.URL, Interface: name}); !strings.HasPrefix(string(r.Body), "127.0.0.1 ") {
			t.Errorf("%q", r.Body)
		}
		fetched(t, context.Background(), client, &httpclient.Request{URL: s.URL})
	}
	if conns, keys := client.Resting(); conns != 2 || keys != 2 {
		t.Errorf("%d connections of %d keys", conns, keys)
	}
}

// Behind one Unix socket there can be servers of many names. Their certificates are for each.
func TestPool_NamesBehindAUnixSocket(t *testing.T) {
	asked := make(chan string, 10)
	config := testcert.Shared().Server(t)
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		asked <- hello.ServerName
		return nil, nil
	}
	path := onUnix(t, where, config)
	insecure := &tls.Config{InsecureSkipVerify: true}
	client := newClient(t, httpclient.Options{NoHTTP2: true})
	for _, c := range []struct{ url, asks string }{
		{"https://a.example", "a.example"}, {"https://b.example", "b.example"}, {"https://a.example:444", ""},
	} {
		fetched(t, context.Background(), client, &httpclient.Request{URL: c.url, UnixSocket: path, TLS: insecure})
		got := ""
		select {
		case got = <-asked:
		default:
		}
		if got != c.asks {
			t.Errorf("%s: the server was asked for %q, want %q", c.url, got, c.asks)
		}
	}
	for range 2 { // another configuration, another connection
		fetched(t, context.Background(), client, &httpclient.Request{URL: "https://a.example", UnixSocket: path, TLS: insecure.Clone()})
		if got := <-asked; got != "a.example" {
			t.Error(got)
		}
	}
}

// What was said in clear is no beginning of a secure connection, nor the other way round.
func TestPool_SchemesAreApart(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(where))
	defer s.Close()
	client := newClient(t, httpclient.Options{TLS: &tls.Config{InsecureSkipVerify: true}, NoHTTP2: true})
	for _, c := range []struct {
		url    string
		status int
	}{{s.URL, 200}, {strings.Replace(s.URL, "https", "http", 1), 400}, {s.URL, 200}} {
		r, err := client.Get(context.Background(), c.url)
		if err != nil || r.Status != c.status {
			t.Errorf("%s: %v, %+v", c.url, err, r)
		}
	}
	if conns, keys := client.Resting(); conns != 1 || keys != 1 {
		t.Errorf("%d connections of %d keys rest", conns, keys) // the server closes the one in clear
	}
}
