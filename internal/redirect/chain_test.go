package redirect_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"eddy/httputil"
	"eddy/internal/redirect"
)

func parse(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func chain(t testing.TB, method, from string, body redirect.Body) *redirect.Chain {
	t.Helper()
	return redirect.New(redirect.Request{Method: method, URL: parse(t, from), Body: body}, 10)
}

func TestChain_MethodAndBody(t *testing.T) {
	const none, body = redirect.NoBody, redirect.Replayable
	type cell struct {
		method string
		body   redirect.Body
		want   string // the method and whether the body is kept
	}
	keeps := []cell{
		{"GET", none, "GET false"}, {"HEAD", none, "HEAD false"}, {"DELETE", none, "DELETE false"}, {"OPTIONS", none, "OPTIONS false"},
		{"GET", body, "GET true"}, {"PUT", body, "PUT true"}, {"PATCH", body, "PATCH true"}, {"DELETE", body, "DELETE true"},
		{"QUERY", body, "QUERY true"}, {"post", body, "post true"},
	}
	postKept := []cell{{"POST", body, "POST true"}, {"POST", none, "POST false"}}
	postToGet := []cell{{"POST", body, "GET false"}, {"POST", none, "GET false"}, {"POST", redirect.Once, "GET false"}}
	toGet := []cell{
		{"GET", none, "GET false"}, {"GET", body, "GET false"}, {"HEAD", none, "HEAD false"}, {"HEAD", body, "HEAD false"}, {"POST", body, "GET false"},
		{"PUT", body, "GET false"}, {"PATCH", redirect.Once, "GET false"}, {"DELETE", none, "GET false"}, {"OPTIONS", none, "GET false"},
		{"QUERY", body, "GET false"}, {"post", body, "GET false"}, {"", none, "GET false"},
	}
	for status, cells := range map[int][]cell{
		301: append(postToGet, keeps...), 302: append(postToGet, keeps...), 303: toGet,
		307: append(postKept, keeps...), 308: append(postKept, keeps...),
	} {
		for _, c := range cells {
			p, err := chain(t, c.method, "http://a/", c.body).Next(status, []string{"/b"})
			if got := fmt.Sprint(p.Method, " ", p.KeepBody); err != nil || got != c.want {
				t.Errorf("%d of %s with body %d: %s, %v, want %s", status, c.method, c.body, got, err, c.want)
			}
		}
	}
}

func TestChain_NoRedirect(t *testing.T) {
	for _, status := range []int{0, 100, 101, 200, 201, 299, 300, 304, 305, 306, 309, 399, 404, 503} {
		if _, err := chain(t, "GET", "http://a/", 0).Next(status, []string{"/b"}); err != redirect.ErrNone {
			t.Errorf("%d: %v", status, err)
		}
	}
	for _, locations := range [][]string{nil, {""}} {
		if _, err := chain(t, "GET", "http://a/", 0).Next(302, locations); err != redirect.ErrNone {
			t.Errorf("%q: %v", locations, err)
		}
	}
	if _, err := chain(t, "CONNECT", "http://a/", 0).Next(302, []string{"/b"}); err != redirect.ErrNone {
		t.Errorf("CONNECT: %v", err)
	}
}

func TestChain_BodyThatCannotBeSentAgain(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		want   error
	}{
		{"POST", 301, nil}, {"POST", 302, nil}, {"POST", 303, nil}, {"POST", 307, redirect.ErrBody}, {"POST", 308, redirect.ErrBody},
		{"PUT", 302, redirect.ErrBody}, {"PUT", 303, nil}, {"PUT", 307, redirect.ErrBody},
	} {
		if _, err := chain(t, c.method, "http://a/", redirect.Once).Next(c.status, []string{"/b"}); err != c.want {
			t.Errorf("%d of %s: %v, want %v", c.status, c.method, err, c.want)
		}
	}
	// A body that was dropped is not asked for again.
	c := chain(t, "POST", "http://a/", redirect.Once)
	for _, status := range []int{303, 307} {
		if p, err := c.Next(status, []string{"/b"}); err != nil || p.KeepBody || p.Method != "GET" {
			t.Errorf("%d: %+v, %v", status, p, err)
		}
	}
}

func TestChain_Bound(t *testing.T) {
	c := redirect.New(redirect.Request{URL: parse(t, "http://a/")}, 3)
	for i := range 3 {
		if _, err := c.Next(302, []string{"/"}); err != nil {
			t.Fatalf("redirect %d: %v", i, err)
		}
	}
	if _, err := c.Next(302, []string{"/"}); err != redirect.ErrTooMany {
		t.Errorf("beyond the bound: %v", err)
	}
	if _, err := c.Next(200, nil); err != redirect.ErrNone {
		t.Errorf("a result beyond the bound: %v", err)
	}
	for _, most := range []int{0, -1} {
		if _, err := redirect.New(redirect.Request{URL: parse(t, "http://a/")}, most).Next(302, []string{"/"}); err != redirect.ErrTooMany {
			t.Errorf("a bound of %d: %v", most, err)
		}
	}
}

func TestChain_ErrorChangesNothing(t *testing.T) {
	c := redirect.New(redirect.Request{URL: parse(t, "http://u:p@a/x"), Method: "PUT", Body: redirect.Once}, 1)
	for _, bad := range []string{"ftp://b/", "http://[", "http://b/"} { // the last one for its body
		if _, err := c.Next(307, []string{bad}); err == nil {
			t.Errorf("%q is followed", bad)
		}
	}
	p, err := c.Next(303, []string{"y"})
	if err != nil || p.URL.String() != "http://u:p@a/y" || p.DropCredentials {
		t.Errorf("%v, %+v", err, p)
	}
}

func TestChain_Credentials(t *testing.T) {
	for _, c := range []struct {
		name string
		from string
		via  []string
		drop bool // at the last one
	}{
		{"relative", "http://a/", []string{"b"}, false},
		{"absolute", "http://a/", []string{"http://a/b"}, false},
		{"in capitals", "http://a/", []string{"HTTP://A/b"}, false},
		{"default port said", "http://a/", []string{"http://a:80/"}, false},
		{"default port unsaid", "https://a:443/", []string{"https://a/"}, false},
		{"port with zeros", "https://a/", []string{"https://a:00443/"}, false},
		{"empty port", "http://a/", []string{"http://a:/"}, false},
		{"scheme-relative", "http://a:8080/", []string{"//a:8080/x"}, false},
		{"A-label of the same name", "http://b\u00fccher.example/", []string{"http://xn--bcher-kva.example/"}, false},
		{"name in UTF-8", "http://xn--bcher-kva.example/", []string{"http://B\u00dcCHER.example/"}, false},
		{"another host", "http://a/", []string{"http://b/"}, true},
		{"subdomain (not as net/http)", "http://a.example/", []string{"http://b.a.example/"}, true},
		{"parent domain", "http://b.a.example/", []string{"http://a.example/"}, true},
		{"suffix without a dot (CVE-2024-45336's neighbour)", "http://a.example/", []string{"http://evil-a.example/"}, true},
		{"another port (CVE-2022-27774)", "http://a/", []string{"http://a:8080/"}, true},
		{"the other scheme's default port", "https://a/", []string{"https://a:80/"}, true},
		{"upgrade", "http://a/", []string{"https://a/"}, true},
		{"upgrade to the same port", "http://a:8080/", []string{"https://a:8080/"}, true},
		{"downgrade", "https://a/", []string{"http://a/"}, true},
		{"backslashes hide a host", "http://a/", []string{`/\b/x`}, true},
		{"backslashes hide a host, absolute", "http://a/", []string{`http:\\b\x`}, true},
		{"user information hides a host", "http://a/", []string{"http://a@b/"}, true},
		{"user information with the same host", "http://a/", []string{"http://u:p@a/"}, false},
		{"trailing dot", "http://a.example/", []string{"http://a.example./"}, true},
		{"IPv6 zone-like prefix (CVE-2024-45341's kin)", "http://[::1]/", []string{"http://[::1]:81/"}, true},
		{"IPv6", "http://[::1]/", []string{"http://[::1]:80/"}, false},
		{"there and back (CVE-2024-45336)", "http://a/", []string{"http://b/", "http://a/"}, true},
		{"there and back by a relative one", "http://a/", []string{"http://b/", "//a/", "x"}, true},
		{"to another port and back", "http://a/", []string{"http://a:81/", "http://a/"}, true},
		{"up and down", "http://a/", []string{"https://a/", "http://a/"}, true},
	} {
		chain := chain(t, "GET", c.from, 0)
		var p redirect.Plan
		for _, l := range c.via {
			var err error
			if p, err = chain.Next(302, []string{l}); err != nil {
				t.Fatalf("%s: %q: %v", c.name, l, err)
			}
		}
		if p.DropCredentials != c.drop {
			t.Errorf("%s: dropped is %v at %s", c.name, p.DropCredentials, p.URL)
		}
	}
}

func TestChain_UserInformation(t *testing.T) {
	for _, c := range []struct{ from, location, want string }{
		{"http://u:p@a/", "b", "http://u:p@a/b"},
		{"http://u:p@a/", "http://a/b", "http://u:p@a/b"},
		{"http://u:p@a/", "http://v:q@a/b", "http://u:p@a/b"},
		{"http://u:p@a/", "http://b/", "http://b/"},
		{"http://u:p@a/", "//b/", "http://b/"},
		{"http://u:p@a/", "http://v:q@b/", "http://b/"},
		{"http://a/", "http://v:q@a/", "http://a/"},
		{"http://u:p@a/", "https://a/", "https://a/"},
	} {
		p, err := chain(t, "GET", c.from, 0).Next(307, []string{c.location})
		if err != nil || p.URL.String() != c.want {
			t.Errorf("%s to %s: %v, %v, want %s", c.from, c.location, p.URL, err, c.want)
		}
	}
	back := chain(t, "GET", "http://u:p@a/", 0)
	for _, l := range []string{"http://b/", "http://a/", "x"} {
		if p, err := back.Next(302, []string{l}); err != nil || p.URL.User != nil {
			t.Errorf("%s: %v, %v", l, p.URL, err)
		}
	}
}

func TestChain_LeavesURLsAlone(t *testing.T) {
	first := parse(t, "http://u:p@A:80/x?y#z")
	c := redirect.New(redirect.Request{URL: first}, 10)
	p, err := c.Next(302, []string{"/b"})
	if err != nil || first.String() != "http://u:p@A:80/x?y#z" {
		t.Fatalf("%s, %v", first, err)
	}
	p.URL.Host = "other"
	if p, err = c.Next(302, []string{"c"}); err != nil || p.URL.Hostname() != "a" || p.DropCredentials {
		t.Errorf("a plan that was changed: %s, %v", p.URL, err)
	}
}

func TestChain_RefererAndDowngrade(t *testing.T) {
	for _, c := range []struct {
		from, location, referer string
		downgrade               bool
	}{
		{"http://u:p@a/x?y#z", "/b", "http://a/x?y", false},
		{"http://u:p@a/x?y#z", "http://b/", "http://a/", false},
		{"https://a/x", "https://a/b", "https://a/x", false},
		{"https://a:444/x", "https://b/", "https://a:444/", false},
		{"http://a/x", "https://a/", "http://a/", false},
		{"http://b\u00fccher.example/x", "http://b/", "http://xn--bcher-kva.example/", false},
		{"https://a/x", "http://a/", "", true},
		{"https://a/x", "http://b/", "", true},
	} {
		p, err := chain(t, "GET", c.from, 0).Next(302, []string{c.location})
		if err != nil || p.Referer != c.referer || p.Downgrade != c.downgrade {
			t.Errorf("%s to %s: %q %v, %v", c.from, c.location, p.Referer, p.Downgrade, err)
		}
	}
}

func TestPlan_Apply(t *testing.T) {
	all := []string{
		"Host", "Accept", "Authorization", "cookie", "Proxy-Authorization", "content-length", "Content-Type", "Content-Encoding",
		"Transfer-Encoding", "Expect", "Referer", "User-Agent",
	}
	for _, c := range []struct {
		name    string
		plan    redirect.Plan
		referer string
		want    string
	}{
		{"same origin, body kept", redirect.Plan{KeepBody: true}, "http://a/",
			"[Accept Authorization Cookie Proxy-Authorization Content-Length Content-Type Content-Encoding Transfer-Encoding Expect Referer User-Agent]"},
		{"same origin, body dropped", redirect.Plan{}, "http://a/", "[Accept Authorization Cookie Proxy-Authorization Referer User-Agent]"},
		{"another origin, body kept", redirect.Plan{KeepBody: true, DropCredentials: true}, "http://a/",
			"[Accept Content-Length Content-Type Content-Encoding Transfer-Encoding Expect Referer User-Agent]"},
		{"another origin", redirect.Plan{DropCredentials: true}, "http://a/", "[Accept Referer User-Agent]"},
		{"downgrade", redirect.Plan{DropCredentials: true, Downgrade: true}, "https://a/", "[Accept User-Agent]"},
		{"Referer with a password", redirect.Plan{DropCredentials: true}, "http://u:p@a/", "[Accept User-Agent]"},
		{"Referer that is no URL", redirect.Plan{DropCredentials: true}, "http://[u:p@", "[Accept User-Agent]"},
	} {
		var h httputil.Header
		for _, name := range all {
			value := "x"
			if name == "Referer" {
				value = c.referer
			}
			h.Append(name, value)
		}
		c.plan.Apply(&h)
		var got []string
		for name := range h.All() {
			got = append(got, name)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestErrors_HoldNothingOfTheResponse(t *testing.T) {
	for _, l := range []string{"secret://a/", "http://secret:x/", "http://a/sec\x00ret"} {
		_, err := chain(t, "GET", "http://a/", 0).Next(302, []string{l})
		if err == nil || errors.Unwrap(err) != nil || len(err.Error()) > 80 {
			t.Errorf("%q: %v", l, err)
		}
	}
}
