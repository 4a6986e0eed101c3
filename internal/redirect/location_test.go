package redirect_test

import (
	"net/url"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/redirect"
)

func TestChain_Locations(t *testing.T) {
	const base = "http://a.example/dir/page?q=1#part"
	for _, c := range []struct{ location, want string }{
		{"http://b.example/x", "http://b.example/x#part"},
		{"HTTP://B.Example:80/x", "http://b.example:80/x#part"},
		{"//b.example/x", "http://b.example/x#part"},
		{"/x", "http://a.example/x#part"},
		{"x", "http://a.example/dir/x#part"},
		{"./x", "http://a.example/dir/x#part"},
		{"../x", "http://a.example/x#part"},
		{"../../../x", "http://a.example/x#part"},
		{"?z", "http://a.example/dir/page?z#part"},
		{"?", "http://a.example/dir/page?#part"},
		{"#other", "http://a.example/dir/page?q=1#other"},
		{"#", "http://a.example/dir/page?q=1"},
		{"x#", "http://a.example/dir/x"},
		{"x#a#b#", "http://a.example/dir/x#a%23b%23"},
		{"x#new", "http://a.example/dir/x#new"},
		{" \t/x \t", "http://a.example/x#part"},
		{"http://b.example", "http://b.example#part"},
		{"http://b.example?x", "http://b.example?x#part"},
		// What browsers make of what is no URL.
		{"/a b", "http://a.example/a%20b#part"},
		{"/a?b c", "http://a.example/a?b%20c#part"},
		{"/a#b c", "http://a.example/a#b%20c"},
		{"/\xc3\xa9?\xc3\xa9#\xc3\xa9", "http://a.example/%C3%A9?%C3%A9#%C3%A9"},
		{"/\xe9", "http://a.example/%E9#part"},
		{"/a%2Fb%20c%7e", "http://a.example/a%2Fb%20c%7e#part"},
		{`/a%2Fb"c<d>e|f^g` + "`h{i}", "http://a.example/a%2Fb%22c%3Cd%3Ee%7Cf%5Eg%60h%7Bi%7D#part"},
		{"/a%zz%", "http://a.example/a%25zz%25#part"},
		{`\x\y?\z`, `http://a.example/x/y?%5Cz#part`},
		{`\\b.example\x`, "http://b.example/x#part"},
		{"//b\u00fccher.example/", "http://xn--bcher-kva.example/#part"},
		{"//B\u00dcCHER.example:81/", "http://xn--bcher-kva.example:81/#part"},
		{"//under_score.example/", "http://under_score.example/#part"},
		{"http://[::1]:81/", "http://[::1]:81/#part"},
		{"http://127.0.0.1/", "http://127.0.0.1/#part"},
		{"http://b.example:/x", "http://b.example/x#part"},
	} {
		p, err := chain(t, "GET", base, 0).Next(302, []string{c.location})
		if err != nil || p.URL.String() != c.want {
			t.Errorf("%q: %v, %v, want %s", c.location, p.URL, err, c.want)
		}
	}
}

func TestChain_BadLocations(t *testing.T) {
	for want, all := range map[error][]string{
		redirect.ErrScheme: {
			"file:///etc/passwd", "ftp://a/", "javascript:alert(1)", "JavaScript:x", "data:,x", "mailto:a@b", "about:blank", "ws://a/",
			"gopher://a/", "view-source:http://a/", "x:y", "localhost:80/x", "blob:http://a/",
		},
		redirect.ErrLocation: {
			"/a\x00b", "/a\rb", "/a\nb", "/a\tb", "/a\x01", "/a\x7f", "ht\ntp://a/", "http://a\r\nHost: b/", "\x00",
			"http:", "http:x", "http:/x", "http:///x", "http://", "http://:80/", "https:?x", `http:\x`,
			"http://[::1/", "http://::1/", "http://[::1%25eth0]/", "http://[a]/", "http://a b/", "http://a%20b/", "http://a%00b/", "http://a%zz/",
			"http://a:x/", "http://a:-1/", "http://a:65536/", "http://a:0/", "http://a:999999999999/", "http://a:80:80/",
			"http://a<b/", `http://a"b/`, "http://a,b/", "http://a;b/", "http://a'b/", "http://./", "http://\xff/", "http://a\u3002\u3002/\x00",
			"//", "//:80", "1:2", ":x", "http://u:p@/",
		},
	} {
		for _, l := range all {
			if p, err := chain(t, "GET", "http://a/", 0).Next(302, []string{l}); err != want {
				t.Errorf("%q: %v, %v, want %v", l, p.URL, err, want)
			}
		}
	}
	if _, err := chain(t, "GET", "http://a/", 0).Next(302, []string{"/b", "/c"}); err != redirect.ErrLocation {
		t.Errorf("two that differ: %v", err)
	}
	if _, err := chain(t, "GET", "http://a/", 0).Next(302, []string{"/b", "/b"}); err != nil {
		t.Errorf("the same twice: %v", err)
	}
}

// FuzzChain holds that no chain of redirects takes a credential to another origin, and that what it
// asks for is read alike by everybody.
func FuzzChain(f *testing.F) {
	for _, l := range []string{
		"/b", "http://b/\nhttp://secretuser:x@a/", "https://a/\n//a:80\nx", `\\a\b`, "http://a@b/", "//a%2fb/", "http://\u00e9/", "?a b", "http://[::1]/",
		"http:a", "http://a:080/", "///b/c", "/\\b", "//b\\@a/", "http://a#@b/", "//a?@b/", "http://a:80@b:81/", "http://a\\@b",
	} {
		f.Add("http://secretuser:secretword@a/x?y", "POST", uint16(307), l)
		f.Add("https://secretuser:secretword@a:444/", "GET", uint16(302), l)
	}
	f.Fuzz(func(t *testing.T, first, method string, status uint16, locations string) {
		u, err := url.Parse(first)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return
		}
		u.User = url.UserPassword("secretuser", "secretword")
		c := redirect.New(redirect.Request{Method: method, URL: u, Body: redirect.Replayable}, 20)
		away := false
		for l := range strings.SplitSeq(locations, "\n") {
			p, err := c.Next(int(status), []string{l})
			if err != nil {
				continue
			}
			// As another reader takes it from the wire.
			on, err := url.Parse(p.URL.String())
			if err != nil {
				t.Fatalf("%q leads to %q: %v", l, p.URL, err)
			}
			if on.Scheme != "http" && on.Scheme != "https" || on.Hostname() == "" {
				t.Errorf("%q leads to %q", l, on)
			}
			for _, b := range []byte(p.URL.Scheme + p.URL.Host + p.URL.RequestURI() + p.URL.EscapedFragment()) {
				if b <= ' ' || b >= 0x7f {
					t.Errorf("%q leads to %q, which holds byte %x", l, p.URL.Redacted(), b)
				}
			}
			away = away || site(on) != site(u)
			if away != p.DropCredentials && !strings.Contains(u.Host, "%") && isASCII(u.Host) {
				t.Errorf("%q from %s to %s: dropped is %v", l, site(u), site(on), p.DropCredentials)
			}
			var h httputil.Header
			h.Append("AUTHORIZATION", "Basic secretword")
			h.Append("Cookie", "secretword")
			p.Apply(&h)
			if p.DropCredentials && (on.User != nil || h.Len() > 0) {
				t.Errorf("%q takes credentials to %s", l, on)
			}
			if p.URL.User != nil && p.URL.User.Username() != "secretuser" {
				t.Errorf("%q: user information of its own", l)
			}
			if from, err := url.Parse(p.Referer); err != nil || from.User != nil || from.Fragment != "" {
				t.Errorf("%q: a Referer of %q", l, p.Referer)
			}
			if p.KeepBody && p.Method == "GET" && method == "POST" {
				t.Errorf("%q: GET with the body of a POST", l)
			}
		}
	})
}

// site is the origin of a URL, found in another way than the package does.
func site(u *url.URL) string {
	host := strings.ToLower(u.Host)
	for strings.Contains(host, ":0") && !strings.Contains(host, "]") { // zeros before a port
		host = strings.Replace(host, ":0", ":", 1)
	}
	host = strings.TrimSuffix(host, ":")
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func TestParse_IsOfASCIIAlone(t *testing.T) {
	for in, want := range map[string]string{
		"http://a":                          "http://a",
		"HTTPS://A.Example:443/B":           "https://a.example:443/B",
		"http://u:p@b\u00fccher.example/#f": "http://u:p@xn--bcher-kva.example/#f",
		"http://a/b c?d e":                  "http://a/b%20c?d%20e",
		"http://a/\\b":                      "http://a/%5Cb",
		"http://[::1]:80/":                  "http://[::1]:80/",
		"http://[fe80::1%25eth0]/":          "http://[fe80::1%25eth0]/",
		"http://a:/":                        "http://a/",
		"http://a/?%zz":                     "http://a/?%25zz",
	} {
		if u, err := redirect.Parse(in); err != nil || u.String() != want {
			t.Errorf("%q: %v, %v, want %s", in, u, err, want)
		}
	}
	for in, want := range map[string]error{
		"": redirect.ErrScheme, "a": redirect.ErrScheme, "ftp://a": redirect.ErrScheme, "//a": redirect.ErrScheme,
		"http:a": redirect.ErrURL, "http:/a": redirect.ErrURL, "http://": redirect.ErrHost, "http:///a": redirect.ErrHost, "http://:1": redirect.ErrHost,
		"http://a\\b": redirect.ErrURL, "http:\\\\a": redirect.ErrURL, "http://a\n": redirect.ErrURL, "http://a:0": redirect.ErrURL,
		"http://a b/": redirect.ErrURL, "http://u:p:x@": redirect.ErrHost,
	} {
		if u, err := redirect.Parse(in); err != want {
			t.Errorf("%q: %v, %v, want %v", in, u, err, want)
		}
	}
}
