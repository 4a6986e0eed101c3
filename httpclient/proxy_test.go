package httpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/httputil"
	"eddy/internal/testcert"
)

// seen is a server that tells what came, and must never learn what is the proxy's.
func seen(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Proxy-Authorization"); got != "" {
			t.Error("the server was told", got)
		}
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, r.Proto, " ", r.Host, " ", r.RequestURI, " ", n)
	}
}

// newSecure returns a server with TLS and the shared authority's certificate.
func newSecure(t *testing.T, f http.HandlerFunc, h2 bool) *httptest.Server {
	s := httptest.NewUnstartedServer(f)
	s.TLS, s.EnableHTTP2 = testcert.Shared().Server(t), h2
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestProxy_EveryKindToEveryServer(t *testing.T) {
	plain, secure, h2 := newServer(t, seen(t)), newSecure(t, seen(t), false), newSecure(t, seen(t), true)
	trusting := testcert.Shared().Client()
	const basic = "Basic dXNlcjpzZWNyZXQ="
	user := url.UserPassword("user", "secret")
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, kind := range []string{"http", "https", "socks5", "socks5h"} {
			for _, withUser := range []bool{false, true} {
				p := newProxy(t, kind == "https")
				at, want, name := p.at(nil), "", ""
				if withUser {
					at, want, name = p.at(user), basic, "user"
					p.behave(proxyRules{basic: basic})
				}
				socks := strings.HasPrefix(kind, "socks")
				if socks {
					at.Scheme, at.Host = kind, newSocks(t, p, name, "secret")
				}
				c := newClient(t, httpclient.Options{TLS: trusting, ProxyTLS: trusting})
				for _, s := range []*httptest.Server{plain, secure, h2} {
					addr := s.Listener.Addr().String()
					for range 2 { // the second time on the same connection
						body := strings.Repeat("x", 200_000)
						r := &httpclient.Request{Method: "POST", URL: s.URL + "/a?b", Proxy: at, Body: []byte(body)}
						proto := "HTTP/1.1 "
						if s == h2 {
							proto = "HTTP/2.0 "
						}
						if got := string(fetched(t, ctx, c, r).Body); got != proto+addr+" /a?b 200000" {
							t.Errorf("%s: %s", kind, got)
						}
					}
					asked, fields := p.log()
					expected := []string{"CONNECT " + addr}
					switch {
					case socks:
						expected = []string{"SOCKS " + addr}
					case s == plain:
						expected = []string{"POST " + s.URL + "/a?b", "POST " + s.URL + "/a?b"}
					}
					if !slices.Equal(asked, expected) || slices.ContainsFunc(fields, func(f string) bool { return f != want }) {
						t.Errorf("%s was asked %q as %q, want %q as %q", kind, asked, fields, expected, want)
					}
				}
				c.Close()
			}
		}
	})
}

// Large bodies go both ways at once through TLS within TLS, and nothing is left of it.
func TestProxy_TLSWithinTLS(t *testing.T) {
	const size = 3_000_000
	s := newSecure(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		if r.URL.Path == "/hold" {
			<-r.Context().Done()
			return
		}
		io.Copy(w, r.Body)
	}, false)
	trusting := testcert.Shared().Client()
	inBoth(t, func(t *testing.T, ctx context.Context) {
		p := newProxy(t, true)
		c := newClient(t, httpclient.Options{TLS: trusting, ProxyTLS: trusting})
		p.log() // of the run before
		fetch := func() error {
			st, err := c.Stream(ctx, &httpclient.Request{
				Method: "POST", URL: s.URL, Proxy: p.at(nil), BodyReader: strings.NewReader(strings.Repeat("x", size)),
			})
			if err != nil {
				return err
			}
			defer st.Close()
			if n, err := io.Copy(io.Discard, st); n != size || err != nil {
				return fmt.Errorf("%d bytes, %v", n, err)
			}
			return nil
		}
		for range 2 {
			if err := fetch(); err != nil {
				t.Error(err)
			}
		}
		if asked, _ := p.log(); len(asked) != 1 {
			t.Errorf("asked %q", asked)
		}
		p.cut() // an idle connection is gone
		if err := fetch(); err != nil && !errors.Is(err, httpclient.ErrCut) {
			t.Error(err)
		}
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		_, err := c.Do(short, &httpclient.Request{URL: s.URL + "/hold", Proxy: p.at(nil)})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestProxy_Refusals(t *testing.T) {
	s := newSecure(t, seen(t), false)
	trusting := testcert.Shared().Client()
	untrusted := newProxy(t, true)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{TLS: trusting, MaxClients: 1})
		p := newProxy(t, false)
		socks := &url.URL{Scheme: "socks5", Host: newSocks(t, p, "", "")}
		for _, status := range []int{2, 5, 403, 407, 502, 503} {
			p.behave(proxyRules{fail: status})
			at := p.at(url.UserPassword("user", "hunter2"))
			if status < 100 {
				at = socks
			}
			_, err := c.Do(ctx, &httpclient.Request{URL: s.URL, Proxy: at})
			e, ok := errors.AsType[*httpclient.Error](err)
			refusal, is := errors.AsType[*httpclient.ProxyError](err)
			if !ok || !is || e.Phase != httpclient.PhaseProxy || refusal.Target != s.Listener.Addr().String() || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%d: %v", status, err)
				continue
			}
			if status < 100 && refusal.Reply != byte(status) || status > 100 && refusal.Status != status {
				t.Errorf("%d: %+v", status, refusal)
			}
			// What a proxy forwards has its answer for a result.
			if status > 100 {
				resp, err := c.Do(ctx, &httpclient.Request{URL: "http://a.example/", Proxy: at})
				if err != nil || resp.Status != status {
					t.Errorf("forwarded, %d: %v", status, err)
				}
			}
		}
		_, err := c.Do(ctx, &httpclient.Request{URL: s.URL, Proxy: untrusted.at(nil)})
		e, ok := errors.AsType[*httpclient.Error](err)
		if !ok || e.Phase != httpclient.PhaseProxy || !errorIs[*tls.CertificateVerificationError](err) {
			t.Error("certificate:", err)
		}
		for _, bad := range []string{"ftp://a/", "socks4://a/", "http:///"} {
			u, _ := url.Parse(bad)
			_, err := c.Do(ctx, &httpclient.Request{URL: s.URL, Proxy: u})
			if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != httpclient.PhaseRequest {
				t.Errorf("%s: %v", bad, err)
			}
		}
	})
}

// What is for the proxy by the caller's own hand goes there and no further, and its tunnels serve nobody else.
func TestProxy_OwnField(t *testing.T) {
	plain, secure := newServer(t, seen(t)), newSecure(t, seen(t), false)
	trusting := testcert.Shared().Client()
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{TLS: trusting})
		p := newProxy(t, false)
		for _, s := range []*httptest.Server{plain, secure} {
			for _, token := range []string{"one", "two", "one"} {
				for _, via := range []*url.URL{p.at(url.UserPassword("u", "p")), {}} {
					r := &httpclient.Request{URL: s.URL, Proxy: via}
					r.Header.Set("Proxy-Authorization", "Token "+token)
					fetched(t, ctx, c, r)
				}
			}
			_, fields := p.log()
			want := []string{"Token one", "Token two", "Token one"}
			if s == secure {
				want = want[:2] // the first tunnel was used again, by who has opened it
			}
			if !slices.Equal(fields, want) {
				t.Errorf("%q, want %q", fields, want)
			}
		}
	})
}

// A connection that was made through one proxy, or as one user of it, serves no others.
func TestProxy_ConnectionsAreNotShared(t *testing.T) {
	plain, secure := newServer(t, seen(t)), newSecure(t, seen(t), false)
	p, q := newProxy(t, false), newProxy(t, false)
	c := newClient(t, httpclient.Options{TLS: testcert.Shared().Client()})
	for range 2 {
		for _, via := range []*url.URL{p.at(nil), p.at(url.User("a")), p.at(url.User("b")), q.at(nil), {}} {
			for _, s := range []*httptest.Server{plain, secure} {
				fetched(t, t.Context(), c, &httpclient.Request{URL: s.URL, Proxy: via})
			}
		}
	}
	for _, proxy := range []struct {
		*testProxy
		tunnels int
	}{{p, 3}, {q, 1}} {
		asked, _ := proxy.log()
		asked = slices.DeleteFunc(asked, func(s string) bool { return !strings.HasPrefix(s, "CONNECT") })
		if len(asked) != proxy.tunnels {
			t.Errorf("%q, want %d tunnels", asked, proxy.tunnels)
		}
	}
}

func TestProxy_Digest(t *testing.T) {
	plain, secure := newServer(t, seen(t)), newSecure(t, seen(t), false)
	trusting := testcert.Shared().Client()
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, closes := range []bool{false, true} {
			p := newProxy(t, false)
			p.behave(proxyRules{guard: &digestGuard{algorithm: "SHA-256", qop: "auth", proxy: true, hangUp: closes}})
			for _, s := range []*httptest.Server{plain, secure} {
				for _, password := range []string{"secret", "wrong"} {
					c := newClient(t, httpclient.Options{TLS: trusting, ProxyAuthMode: httpclient.Digest})
					r := &httpclient.Request{URL: s.URL, Proxy: p.at(url.UserPassword("user", password))}
					resp, err := c.Do(ctx, r)
					refusal, _ := errors.AsType[*httpclient.ProxyError](err)
					switch {
					case password == "secret" && (err != nil || resp.Status != 200):
						t.Errorf("%s: %v, %+v", s.URL, err, resp)
					case password == "wrong" && s == plain && (err != nil || resp.Status != 407):
						t.Errorf("%s: wrong password: %v", s.URL, err)
					case password == "wrong" && s == secure && (refusal == nil || refusal.Status != 407):
						t.Errorf("%s: wrong password: %v", s.URL, err)
					}
					c.Close()
				}
			}
			_, fields := p.log()
			for _, f := range fields {
				if strings.Contains(f, "Basic") {
					t.Error("the password was told:", f)
				}
			}
		}
	})
}

// Who is guarded on both sides is asked by both.
func TestProxy_DigestOfProxyAndServer(t *testing.T) {
	g := &digestGuard{algorithm: "SHA-256", qop: "auth-int"}
	s := newServer(t, g.ServeHTTP)
	p := newProxy(t, false)
	p.behave(proxyRules{guard: &digestGuard{algorithm: "MD5", qop: "auth", proxy: true, next: true}})
	c := newClient(t, httpclient.Options{ProxyAuthMode: httpclient.Digest})
	for range 3 {
		r := &httpclient.Request{
			Method: "POST", Body: []byte("x"), URL: s.URL, Username: "user", Password: "secret", AuthMode: httpclient.Digest,
			Proxy: p.at(url.UserPassword("user", "secret")),
		}
		if got := fetched(t, t.Context(), c, r).Body; string(got) != "POST x" {
			t.Errorf("%q", got)
		}
	}
	if refused, passed := g.counts(); refused != 1 || passed != 3 {
		t.Errorf("the server has refused %d and passed %d", refused, passed)
	}
}

func TestProxy_IsChosenForEachHop(t *testing.T) {
	end := newServer(t, seen(t))
	start := newServer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, end.URL+"/end", http.StatusFound) })
	inBoth(t, func(t *testing.T, ctx context.Context) {
		p := newProxy(t, false)
		c := newClient(t, httpclient.Options{Proxy: func(u *url.URL) (*url.URL, error) {
			if u.User != nil {
				t.Error("the password was shown")
			}
			if u.Path == "/end" {
				return nil, nil
			}
			return p.at(nil), nil
		}})
		fetched(t, ctx, c, &httpclient.Request{URL: strings.Replace(start.URL, "http://", "http://u:p@", 1)})
		if asked, _ := p.log(); len(asked) != 1 {
			t.Errorf("asked %q", asked)
		}
		boom := errors.New("boom")
		failing := newClient(t, httpclient.Options{MaxClients: 1, Proxy: func(*url.URL) (*url.URL, error) { return nil, boom }})
		panicking := newClient(t, httpclient.Options{MaxClients: 1, Proxy: func(*url.URL) (*url.URL, error) { panic(boom) }})
		for range 2 {
			if _, err := failing.Get(ctx, end.URL); !errors.Is(err, boom) {
				t.Error(err)
			}
			if _, err := panicking.Get(ctx, end.URL); err == nil {
				t.Error("a panic was lost")
			}
		}
	})
}

func TestProxy_HostsOfEveryForm(t *testing.T) {
	p := newProxy(t, false)
	p.behave(proxyRules{fail: 404})
	c := newClient(t, httpclient.Options{TLS: testcert.Shared().Client()})
	for in, want := range map[string]string{
		"http://a.example":             "GET http://a.example/",
		"http://A.example:80/x?y#z":    "GET http://a.example:80/x?y",
		"http://[::1]/":                "GET http://[::1]/",
		"http://[::1]:8080/":           "GET http://[::1]:8080/",
		"http://u:p@bücher.example/":   "GET http://xn--bcher-kva.example/",
		"https://a.example/x":          "CONNECT a.example:443",
		"https://[::1]/":               "CONNECT [::1]:443",
		"https://bücher.example:8443/": "CONNECT xn--bcher-kva.example:8443",
	} {
		c.Do(t.Context(), &httpclient.Request{URL: in, Proxy: p.at(nil)})
		if asked, _ := p.log(); len(asked) != 1 || asked[0] != want {
			t.Errorf("%s: %q, want %q", in, asked, want)
		}
	}
}

func TestProxy_UserAgentOfTunnels(t *testing.T) {
	got := make(chan []string, 1)
	p := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header["User-Agent"]
		w.WriteHeader(403)
	})
	u, _ := url.Parse(p.URL)
	for agent, want := range map[string]string{"": "[Eddy]", "-": "[]", "own": "[own]"} {
		c := newClient(t, httpclient.Options{UserAgent: agent})
		c.Do(t.Context(), &httpclient.Request{URL: "https://a.example/", Proxy: u})
		if s := fmt.Sprint(<-got); s != want {
			t.Errorf("%q: %s, want %s", agent, s, want)
		}
	}
}

// The environment is read once, so another process has to.
func TestProxyFromEnvironment_IsTheDefault(t *testing.T) {
	if proxied := os.Getenv("HTTPCLIENT_TEST_URLS"); proxied != "" {
		for url := range strings.FieldsSeq(proxied) {
			resp, err := httpclient.Get(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println(resp.Status)
		}
		httpclient.Default.Close()
		return
	}
	s := newServer(t, func(http.ResponseWriter, *http.Request) {})
	p := newProxy(t, false)
	p.behave(proxyRules{fail: 404})
	cmd := exec.Command(os.Args[0], "-test.run=^TestProxyFromEnvironment_IsTheDefault$")
	cmd.Env = append(os.Environ(), "HTTPCLIENT_TEST_URLS=http://a.example/ "+s.URL, "http_proxy="+p.URL, "HTTP_PROXY="+p.URL, "NO_PROXY=", "no_proxy=")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "404\n200\n") {
		t.Errorf("%v: %s", err, out)
	}
	if asked, _ := p.log(); len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
}

// Of several ways to the server that were said, the Unix socket goes first, and then the proxy.
func TestProxy_AndOtherWays(t *testing.T) {
	p := newProxy(t, false)
	p.behave(proxyRules{fail: 404})
	s := newServer(t, seen(t))
	c := newClient(t, httpclient.Options{Hosts: map[string]string{"a.example": s.Listener.Addr().String()}})
	resp, err := c.Do(t.Context(), &httpclient.Request{URL: "http://a.example/", Proxy: p.at(nil)})
	if err != nil || resp.Status != 404 {
		t.Errorf("Hosts: %v", err)
	}
	if resp, err = c.Do(t.Context(), &httpclient.Request{URL: "http://a.example/", Proxy: new(url.URL)}); err != nil || resp.Version != httputil.HTTP11 || resp.Status != 200 {
		t.Errorf("no proxy: %v", err)
	}
	_, err = c.Do(t.Context(), &httpclient.Request{URL: "http://a.example/", Proxy: p.at(nil), UnixSocket: "/nowhere"})
	if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != httpclient.PhaseConnect {
		t.Errorf("UnixSocket: %v", err)
	}
}
