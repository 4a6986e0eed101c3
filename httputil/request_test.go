package httputil_test

import (
	"io"
	"net/netip"
	"testing"

	"eddy/httputil"
	"eddy/internal/habit"
)

type conn struct{ remote string }

func (c conn) Follow(*habit.Habit) {}
func (c conn) RemoteAddr() netip.AddrPort {
	a, _ := netip.ParseAddrPort(c.remote)
	return a
}
func (c conn) LocalAddr() netip.AddrPort { return netip.AddrPort{} }

func TestRequest_RemoteIP(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80":          "192.0.2.1",
		"[2001:db8::1]:80":      "2001:db8::1",
		"[::ffff:192.0.2.1]:80": "192.0.2.1",
		"":                      "0.0.0.0", // a Unix socket
	} {
		r := httputil.Request{Conn: conn{remote}}
		if got := r.RemoteIP(); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
	if got := new(httputil.Request).RemoteIP(); got != "0.0.0.0" {
		t.Errorf("without a connection: %q", got)
	}
}

func TestRequest_HostName(t *testing.T) {
	for host, want := range map[string]string{
		"Example.COM": "example.com", "example.com:8080": "example.com", "[::1]": "[::1]", "[::1]:80": "[::1]", "": "",
	} {
		r := httputil.Request{Host: host}
		if got := r.HostName(); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

func TestRequest_FullURL(t *testing.T) {
	r := httputil.Request{Protocol: "http", Host: "h:80", Path: "/a%20b", Query: "q=1"}
	if got := r.FullURL(); got != "http://h:80/a%20b?q=1" {
		t.Errorf("%q", got)
	}
	r.Query = ""
	if got := r.FullURL(); got != "http://h:80/a%20b" {
		t.Errorf("%q", got)
	}
}

func TestRequest_QueryArguments(t *testing.T) {
	r := httputil.Request{Query: "a=1&b=&a=2&c&bad=%zz&d=x+y%26"}
	args := r.QueryArguments()
	for name, want := range map[string][]string{
		"a": {"1", "2"}, "b": {""}, "c": {""}, "d": {"x y&"}, "bad": nil,
	} {
		got := args[name]
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %q", name, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

func TestNoBody(t *testing.T) {
	if n, err := httputil.NoBody.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	if err := httputil.NoBody.Close(); err != nil {
		t.Error(err)
	}
}
