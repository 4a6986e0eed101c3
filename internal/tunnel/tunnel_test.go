package tunnel_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/leaktest"
	"eddy/internal/tunnel"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func proxyURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// talk gives a conversation what the proxy sends, in pieces, and tells what came of it.
func talk(t testing.TB, proxy, target string, pieces ...string) string {
	t.Helper()
	c, err := tunnel.NewTalk(proxyURL(t, proxy), target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		c.Feed([]byte(p))
	}
	sent := hex.EncodeToString(c.Sent)
	switch {
	case c.Open:
		return fmt.Sprintf("%s open, left %q", sent, c.Left())
	case c.Err != nil:
		return fmt.Sprintf("%s error %v", sent, c.Err)
	}
	return fmt.Sprintf("%s waits", sent)
}

// splits calls f with s cut at every place, and in single bytes.
func splits(s string, f func(pieces ...string)) {
	for i := range len(s) + 1 {
		f(s[:i], s[i:])
	}
	f(strings.Split(s, "")...)
}

// Whatever a proxy says, in whichever pieces, has the same outcome.
func sameAtEverySplit(t *testing.T, proxy, target, answer string) (outcome string) {
	t.Helper()
	outcome = talk(t, proxy, target, answer)
	splits(answer, func(pieces ...string) {
		if got := talk(t, proxy, target, pieces...); got != outcome {
			t.Errorf("%q: whole: %s\nin %d pieces, the first of %d: %s", answer, outcome, len(pieces), len(pieces[0]), got)
		}
	})
	return outcome
}

func FuzzConnect(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\n\r\nrest", "HTTP/1.1 100 a\r\n\r\nHTTP/1.0 204 b\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 407 a\r\nProxy-Authenticate: Digest realm=\"x\"\r\nContent-Length: 3\r\n\r\nabcd",
		"HTTP/1.1 407 a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 101 a\r\n\r\n", "\x05\x00",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(5))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) { anyAnswer(t, "http://u:secret@proxy", data, size) })
}

func FuzzSocks5(f *testing.F) {
	for _, s := range []string{
		"\x05\x00\x05\x00\x00\x01abcdefrest", "\x05\x02\x01\x00\x05\x00\x00\x04abcdefghijklmnopqr", "\x05\x00\x05\x00\x00\x03\x02abcd",
		"\x05\x00\x05\x01\x00", "\x05\xff", "HTTP/1.1 400 Bad Request\r\n\r\n",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(5))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) { anyAnswer(t, "socks5://u:secret@proxy", data, size) })
}

// anyAnswer holds what is true whatever a proxy sends.
func anyAnswer(t *testing.T, proxy string, data []byte, size uint8) {
	run := func(pieces [][]byte) *tunnel.Talk {
		c, err := tunnel.NewTalk(proxyURL(t, proxy), "example.com:443", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			c.Feed(p)
		}
		return c
	}
	var pieces [][]byte
	for rest := data; len(rest) > 0; {
		n := min(int(size)+1, len(rest))
		pieces, rest = append(pieces, rest[:n]), rest[n:]
	}
	whole, cut := run([][]byte{data}), run(pieces)
	if whole.Open != cut.Open || (whole.Err == nil) != (cut.Err == nil) || string(whole.Sent) != string(cut.Sent) {
		t.Errorf("%q\nwhole: %+v\nin pieces of %d: %+v", data, whole, size+1, cut)
	}
	if !strings.HasSuffix(string(data), string(whole.Left())) {
		t.Errorf("%q: left %q", data, whole.Left())
	}
	whole.End()
	e, isOurs := errors.AsType[*tunnel.Error](whole.Err)
	switch {
	case whole.Open == (whole.Err != nil):
		t.Errorf("%q: open is %v, with %v", data, whole.Open, whole.Err)
	case isOurs && e.KeepAlive && (e.Status != 407 || len(whole.Left()) > 0):
		t.Errorf("%q: to be kept: %v, left %q", data, e, whole.Left())
	case whole.Err != nil && strings.Contains(whole.Err.Error(), "secret"):
		t.Errorf("%q: %v", data, whole.Err)
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct{ proxy, want string }{
		{"http://proxy", "proxy:80"},
		{"https://proxy", "proxy:443"},
		{"socks5://proxy", "proxy:1080"},
		{"socks5h://u:p@proxy:99/x", "proxy:99"},
		{"http://[::1]", "[::1]:80"},
		{"http://[fe80::1%25eth0]:8080", "[fe80::1%eth0]:8080"},
		{"HTTP://proxy:", "proxy:80"},
		{"socks4://u:secret@proxy", "tunnel: socks4://proxy to \"\": SOCKS4 is not supported; SOCKS5 is"},
		{"socks4a://proxy", "tunnel: socks4a://proxy to \"\": SOCKS4 is not supported; SOCKS5 is"},
		{"ftp://proxy", "tunnel: ftp://proxy to \"\": a proxy's scheme is http, https, socks5 or socks5h"},
		{"//proxy", "tunnel: ://proxy to \"\": a proxy's scheme is http, https, socks5 or socks5h"},
		{"http:", "tunnel: http:// to \"\": the proxy's URL has no host"},
		{"http://u:secret@:80", "tunnel: http://:80 to \"\": the proxy's URL has no host"},
	} {
		got, err := tunnel.Address(proxyURL(t, c.proxy))
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.proxy, got, c.want)
		}
	}
}

func TestOpen_RefusesTargets(t *testing.T) {
	for _, target := range []string{
		"", "example.com", "example.com:", ":443", "example.com:0", "example.com:65536", "example.com:-1", "example.com:+1",
		"example.com:http", "::1:443", "[::1]", "[::1]x:443", "[example.com]:443", "[127.0.0.1]:443", "[]:443", "[fe80::1%eth0]:443",
		"a b:443", "a\r\nb:443", "a\x00b:443", "a/b:443", "u@a:443", "a?b:443", "a#b:443", "a%41:443", "\u00e9.example:443", "a\\b:443",
	} {
		for _, proxy := range []string{"http://u:secret@proxy", "socks5://u:secret@proxy"} {
			c, err := tunnel.NewTalk(proxyURL(t, proxy), target, nil)
			e, ok := errors.AsType[*tunnel.Error](err)
			if c != nil || !ok || e.Target != target || e.Reason == "" || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s, %q: %v", proxy, target, err)
			}
		}
	}
}

func TestAuthority(t *testing.T) {
	for target, want := range map[string]string{
		"a.example:0443": "a.example:443", "[2001:DB8:0::1]:1": "[2001:db8::1]:1", "192.0.2.1:80": "192.0.2.1:80",
		"a.example": `tunnel: to "a.example": the target is not "host:port"`,
	} {
		got, err := tunnel.Authority(target)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	for _, c := range []struct{ env, target, want string }{
		{"", "http://a.example/", "none"},
		{"HTTP_PROXY=http://p:1", "http://a.example/", "http://p:1"},
		{"HTTP_PROXY=http://p:1", "https://a.example/", "none"},
		{"https_proxy=socks5://u:secret@p", "https://a.example/", "socks5://u:secret@p"},
		{"HTTP_PROXY=p:1", "http://a.example/", "http://p:1"},
		{"HTTP_PROXY=p:1 http_proxy=q:1", "http://a.example/", "http://q:1"},
		{"HTTP_PROXY=p:1 NO_PROXY=.example", "http://a.example/", "none"},
		{"HTTP_PROXY=p:1 NO_PROXY=10.0.0.0/8", "http://10.1.2.3/", "none"},
		{"HTTP_PROXY=p:1 NO_PROXY=*", "http://a.example/", "none"},
		{"HTTP_PROXY=p:1", "http://localhost:80/", "none"},
		{"HTTP_PROXY=p:1", "http://127.0.0.9/", "none"},
		{"ALL_PROXY=p:1", "http://a.example/", "none"},
		{"HTTP_PROXY=p:1 REQUEST_METHOD=GET", "http://a.example/", "error"},
		{"HTTPS_PROXY=p:1 REQUEST_METHOD=GET", "https://a.example/", "http://p:1"},
		{"HTTP_PROXY=http://u:secret%zz@p", "http://a.example/", "error"},
		{"HTTP_PROXY=u:secret%zz@p", "http://a.example/", "error"},
		{"HTTP_PROXY=http://u:secret%zz@p NO_PROXY=.example", "http://a.example/", "none"},
		{"HTTPS_PROXY=socks5://", "https://a.example/", "error"},
		{"HTTP_PROXY=http://u:secret%zz@p HTTPS_PROXY=p:1", "https://a.example/", "http://p:1"},
	} {
		t.Run(c.env+" "+c.target, func(t *testing.T) {
			for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"} {
				t.Setenv(name, "")
				t.Setenv(strings.ToLower(name), "")
			}
			t.Setenv("REQUEST_METHOD", "")
			for _, set := range strings.Fields(c.env) {
				name, value, _ := strings.Cut(set, "=")
				t.Setenv(name, value)
			}
			got := "none"
			switch u, err := tunnel.FromEnvironment()(proxyURL(t, c.target)); {
			case err != nil && strings.Contains(err.Error(), "secret"):
				t.Error(err)
			case err != nil:
				got = "error"
			case u != nil:
				got = u.String()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// header makes a header of names and values.
func header(t testing.TB, pairs ...string) *httputil.Header {
	t.Helper()
	h := new(httputil.Header)
	for i := 0; i < len(pairs); i += 2 {
		if err := h.Add(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return h
}
