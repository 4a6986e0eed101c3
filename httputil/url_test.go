package httputil_test

import (
	"fmt"
	"net/url"
	"testing"

	"eddy/httputil"
)

func TestURLConcat(t *testing.T) {
	yz := url.Values{"y": {"y"}, "z": {"z"}}
	for _, tc := range []struct {
		url  string
		args url.Values
		want string
	}{
		{"https://localhost/path", yz, "https://localhost/path?y=y&z=z"},
		{"https://localhost/path", url.Values{"y": {"/y"}, "z": {"z"}}, "https://localhost/path?y=%2Fy&z=z"},
		{"https://localhost/path?", yz, "https://localhost/path?y=y&z=z"},
		{"https://localhost/path?x", yz, "https://localhost/path?x&y=y&z=z"},
		{"https://localhost/path?x&", yz, "https://localhost/path?x&y=y&z=z"},
		{"https://localhost/path?a=1&b=2", yz, "https://localhost/path?a=1&b=2&y=y&z=z"},
		{"https://localhost/path?r=1&t=2", url.Values{}, "https://localhost/path?r=1&t=2"},
		{"https://localhost/path?r=1&t=2", nil, "https://localhost/path?r=1&t=2"},
		{"https://localhost/path#tab", url.Values{"y": {"y"}}, "https://localhost/path?y=y#tab"},
		{"https://localhost/path?a=1#tab?x", url.Values{"y": {"y"}}, "https://localhost/path?a=1&y=y#tab?x"},
		{"https://localhost/path", url.Values{"y": {"y1", "y2"}}, "https://localhost/path?y=y1&y=y2"},
		{"https://localhost/path?r=1&r=2", url.Values{"y": {"y"}}, "https://localhost/path?r=1&r=2&y=y"},
		{"/p", url.Values{"a b": {"c&d=é"}}, "/p?a+b=c%26d%3D%C3%A9"},
		{"", yz, "?y=y&z=z"},
	} {
		if got := httputil.URLConcat(tc.url, tc.args); got != tc.want {
			t.Errorf("%s with %v: %s, want %s", tc.url, tc.args, got, tc.want)
		}
	}
}

func TestSplitHostPort(t *testing.T) {
	for hostport, want := range map[string]string{
		"example.com":                      "example.com 0 false",
		"example.com:80":                   "example.com 80 true",
		"example.com:0":                    "example.com 0 true",
		"example.com:":                     "example.com: 0 false",
		"example.com:x":                    "example.com:x 0 false",
		"example.com:-1":                   "example.com:-1 0 false",
		"example.com:65535":                "example.com 65535 true",
		"example.com:65536":                "example.com:65536 0 false",
		"example.com:99999999999999999999": "example.com:99999999999999999999 0 false",
		"[::1]":                            "[::1] 0 false",
		"[::1]:80":                         "[::1] 80 true",
		"::1":                              "::1 0 false",
		"[::1:80":                          "[::1:80 0 false",
		":80":                              ":80 0 false",
		"":                                 " 0 false",
	} {
		host, port, ok := httputil.SplitHostPort(hostport)
		if got := fmt.Sprint(host, " ", port, " ", ok); got != want {
			t.Errorf("%s: %s, want %s", hostport, got, want)
		}
	}
}

func TestCredentials(t *testing.T) {
	composed, decomposed := "\u00e9", "e\u0301"
	for _, user := range []string{composed, decomposed} {
		if got, err := httputil.Credentials(user, decomposed+":x"); err != nil || got != composed+":"+composed+":x" {
			t.Errorf("%q: %q, %v", user, got, err)
		}
	}
	for _, pair := range [][2]string{{"a:b", "c"}, {"a\n", "c"}, {"a", "c\x00"}, {"a", "\x7f"}} {
		if got, err := httputil.Credentials(pair[0], pair[1]); err == nil {
			t.Errorf("%q was made", got)
		}
	}
}
