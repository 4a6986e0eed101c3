package tunnel_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
	"eddy/internal/tunnel"
)

func TestConnect_Request(t *testing.T) {
	const agent = "User-Agent: eddy\r\n"
	for _, c := range []struct {
		proxy, target string
		extra         *httputil.Header
		want          string
	}{
		{"http://p", "example.com:443", nil, "example.com:443|" + agent},
		{"https://p", "Example.COM.:080", nil, "Example.COM.:80|" + agent},
		{"http://p", "[2001:DB8::0:1]:443", nil, "[2001:db8::1]:443|" + agent},
		{"http://p", "192.0.2.1:80", nil, "192.0.2.1:80|" + agent},
		{"http://user:pass@p", "a:1", nil, "a:1|" + agent + "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"},
		{"http://us%40er:p%3Ass%20@p", "a:1", nil, "a:1|" + agent + "Proxy-Authorization: Basic dXNAZXI6cDpzcyA=\r\n"},
		{"http://user@p", "a:1", nil, "a:1|" + agent + "Proxy-Authorization: Basic dXNlcjo=\r\n"},
		{"http://u:p@p", "a:1", header(t, "proxy-authorization", "Digest x", "X", "y"), "a:1|proxy-authorization: Digest x\r\nX: y\r\n" + agent},
		{"http://p", "a:1", header(t, "user-agent", "me"), "a:1|user-agent: me\r\n"},
		{"http://p", "a:1", header(t, "User-Agent", ""), "a:1|"},
		{"http://p", "a:1", header(t, "Host", "b", "Content-Length", "3", "Transfer-Encoding", "chunked", "User-Agent", ""), "a:1|"},
	} {
		talk, err := tunnel.NewTalk(proxyURL(t, c.proxy), c.target, c.extra)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		host, fields, _ := strings.Cut(c.want, "|")
		if want := "CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n"; string(talk.Sent) != want {
			t.Errorf("%s by %s:\ngot  %q\nwant %q", c.target, c.proxy, talk.Sent, want)
		}
		var r http1.RequestReader // nothing that the strict reader refuses
		lim := http1.Limits{}.WithDefaults()
		var req httputil.Request
		if n, err := r.FindHead(talk.Sent, &lim); n != len(talk.Sent) || err != nil {
			t.Errorf("%q: %d, %v", talk.Sent, n, err)
		} else if err := r.ParseHead(string(talk.Sent), &lim, &req); err != nil {
			t.Errorf("%q: %v", talk.Sent, err)
		}
	}
}

func TestConnect_RefusesCredentialsAndFieldsThatCannotBeSent(t *testing.T) {
	broken := new(httputil.Header)
	broken.Append("X", "a\r\nsecret: b")
	for _, c := range []struct {
		proxy string
		extra *httputil.Header
	}{{"http://a%3Ab:secret@p", nil}, {"http://a:secret%0D%0A@p", nil}, {"http://p", broken}} {
		talk, err := tunnel.NewTalk(proxyURL(t, c.proxy), "a:1", c.extra)
		if talk != nil || err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", c.proxy, err)
		}
	}
}

func TestConnect_Answers(t *testing.T) {
	many := strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100)
	for _, c := range []struct{ answer, want string }{
		{"HTTP/1.1 200 Connection established\r\n\r\n", `open, left ""`},
		{"HTTP/1.0 200\r\n\r\n", `open, left ""`},
		{"HTTP/1.1 299 x\r\nA: b\r\n\r\n\x16\x03\x01", `open, left "\x16\x03\x01"`},
		// The length of a 2xx means nothing (RFC 9110 §9.3.6).
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", `open, left "abc"`},
		{"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", `open, left "0\r\n\r\n"`},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\nz", `open, left "z"`},
		{many + "HTTP/1.1 200 OK\r\n\r\n", `open, left ""`},
		{many + "HTTP/1.1 102 x\r\n\r\n", `error http1: too many interim responses (RFC 9110 §15.2)`},
		{"", "waits"},
		{"HTTP/1.1 200 OK\r\n", "waits"},
		{"HTTP/1.1 100 Continue\r\n\r\n", "waits"},
		{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "status 101: the proxy has switched to a protocol that nobody asked for"},
		{"HTTP/1.1 301 x\r\nLocation: y\r\n\r\n", "status 301: the proxy has refused"},
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n", "status 403: the proxy does not allow it"},
		{"HTTP/1.1 405 x\r\n\r\n", "status 405: the proxy does not allow it"},
		{"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n", "status 503: the proxy cannot reach the target"},
		{"HTTP/1.1 504 x\r\n\r\n", "status 504: the proxy cannot reach the target"},
		{"HTTP/1.1 999 x\r\n\r\n", "status 999: the proxy has refused"},
		{"HTTP/1.1 407 x\r\nContent-Length: 2\r\n\r\nab", "status 407: the proxy wants credentials, or others"},
		{"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n\r\n", "status 407: the proxy wants credentials, or others"},
		{"HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "status 407: the proxy wants credentials, or others"},
		{"HTTP/1.1 407 x\r\nContent-Length: 2\r\n\r\na", "waits"},
		{"\x05\x00", "error http1: not the start of an HTTP message (RFC 9112 §3)"},
		{"HTTP/2.0 200 OK\r\n\r\n", "error http1: unsupported HTTP version (RFC 9110 §15.6.6)"},
		{"HTTP/1.1 2x0 OK\r\n\r\n", "error http1: malformed status line (RFC 9112 §4)"},
		{"HTTP/1.1 200 OK\nA: b\r\n\r\n", "error http1: a line ends in LF without CR (RFC 9112 §2.2)"},
		{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "error http1: whitespace before the colon of a header field (RFC 9112 §5.1)"},
	} {
		got := sameAtEverySplit(t, "http://u:secret@p", "example.com:443", c.answer)
		if !strings.HasSuffix(got, c.want) || strings.Contains(got, "secret") {
			t.Errorf("%.80q: %s, want %s", c.answer, got, c.want)
		}
	}
}

func TestConnect_HeadsAreBounded(t *testing.T) {
	c, err := tunnel.NewTalk(proxyURL(t, "http://p"), "a:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Feed([]byte("HTTP/1.1 200 OK\r\n"))
	fed := 0
	for ; c.Err == nil && fed < 1<<20; fed += 1000 {
		c.Feed([]byte("A: " + strings.Repeat("b", 995) + "\r\n"))
	}
	if c.Err == nil || fed > http1.DefaultHeaderBytes+1000 {
		t.Errorf("%v after %d bytes", c.Err, fed)
	}
}

// Only behind a 407 whose end is known, and has come alone, may there be a second try.
func TestConnect_SecondTry(t *testing.T) {
	const refused = "HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"
	for _, c := range []struct {
		name, answer string
		extra        *httputil.Header
		keep         bool
	}{
		{"no body", refused + "Content-Length: 0\r\n\r\n", nil, true},
		{"a body", refused + "Content-Length: 5\r\n\r\nhello", nil, true},
		{"a chunked body", refused + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", nil, true},
		{"the longest body", refused + "Content-Length: 65536\r\n\r\n" + strings.Repeat("a", 65536), nil, true},
		{"a longer body", refused + "Content-Length: 65537\r\n\r\n" + strings.Repeat("a", 65537), nil, false},
		{"a longer body that is not announced", refused + "Transfer-Encoding: chunked\r\n\r\nfffff\r\n" + strings.Repeat("a", 65530), nil, false},
		{"a broken body", refused + "Transfer-Encoding: chunked\r\n\r\nx\r\n", nil, false},
		{"until the end", refused + "\r\n", nil, false},
		{"HTTP/1.0", "HTTP/1.0 407 x\r\nContent-Length: 0\r\n\r\n", nil, false},
		{"HTTP/1.0 that keeps", "HTTP/1.0 407 x\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", nil, true},
		{"the proxy closes", refused + "Connection: close\r\nContent-Length: 0\r\n\r\n", nil, false},
		{"we close", refused + "Content-Length: 0\r\n\r\n", header(t, "Connection", "close"), false},
		{"something behind it", refused + "Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", nil, false},
		{"another status", "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", nil, false},
	} {
		talk, err := tunnel.NewTalk(proxyURL(t, "http://p"), "a:1", c.extra)
		if err != nil {
			t.Fatal(err)
		}
		talk.Feed([]byte(c.answer))
		if talk.Err == nil { // there is nothing to wait for
			t.Errorf("%s: it waits for more", c.name)
			talk.End()
		}
		e, ok := errors.AsType[*tunnel.Error](talk.Err)
		if !ok || talk.Open || e.KeepAlive != c.keep {
			t.Errorf("%s: %v, %+v", c.name, talk.Err, e)
		} else if strings.Contains(c.answer, "Digest") && e.Header.Get("Proxy-Authenticate") != `Digest realm="r", nonce="n"` {
			t.Errorf("%s: the header is lost: %+v", c.name, e.Header)
		}
	}
}

func TestConnect_TheProxyEnds(t *testing.T) {
	for _, c := range []struct {
		answer string
		status int
	}{{"", 0}, {"HTTP/1.1 200 OK\r\n", 0}, {"HTTP/1.1 100 x\r\n\r\n", 0}, {"HTTP/1.1 407 x\r\nContent-Length: 3\r\n\r\na", 407}} {
		talk, err := tunnel.NewTalk(proxyURL(t, "http://p"), "a:1", nil)
		if err != nil {
			t.Fatal(err)
		}
		talk.Feed([]byte(c.answer))
		talk.End()
		e, ok := errors.AsType[*tunnel.Error](talk.Err)
		if !ok || e.Status != c.status || e.KeepAlive || errors.Is(e, io.ErrUnexpectedEOF) != (c.status == 0) {
			t.Errorf("%q: %v", c.answer, talk.Err)
		}
	}
}
