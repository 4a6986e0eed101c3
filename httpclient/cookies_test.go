package httpclient_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"eddy/async"
	"eddy/httpclient"
	"eddy/internal/testcert"
)

func TestJar_KeepsCookies(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/set" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "two words", Path: "/", Quoted: true})
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		io.WriteString(w, r.Header.Get("Cookie"))
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		jar, _ := cookiejar.New(nil)
		c := newClient(t, httpclient.Options{Jar: jar})
		const both = `a=1; b="two words"`
		if got := fetched(t, ctx, c, &httpclient.Request{URL: s.URL + "/set"}).Body; string(got) != both {
			t.Errorf("behind the redirect that sets them: %q", got)
		}
		r := &httpclient.Request{URL: s.URL}
		r.Header.Set("Cookie", "own=0")
		if got := fetched(t, ctx, c, r).Body; string(got) != "own=0; "+both {
			t.Errorf("beside one of the request: %q", got)
		}
		if got := r.Header.Get("Cookie"); got != "own=0" {
			t.Errorf("the request has %q now", got)
		}
		without := newClient(t, httpclient.Options{})
		if got := fetched(t, ctx, without, &httpclient.Request{URL: s.URL}).Body; len(got) > 0 {
			t.Errorf("without a jar: %q", got)
		}
	})
}

// A jar is told of every response's cookies, and it alone decides where they go.
func TestJar_HasRulesOfItsOwn(t *testing.T) {
	show := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/set":
			w.Header().Add("Set-Cookie", "plain=1; Path=/")
			w.Header().Add("Set-Cookie", "secure=2; Path=/; Secure")
			w.Header().Add("Set-Cookie", "gone=3; Path=/; Max-Age=0")
			w.Header().Add("Set-Cookie", "there=4; Path=/there")
			w.Header().Add("Set-Cookie", "=; bad")
		case "/401":
			w.Header().Add("Set-Cookie", "refused=5; Path=/")
			w.Header().Set("WWW-Authenticate", `Digest realm="realm", nonce="n", qop="auth"`)
			if r.Header.Get("Authorization") == "" {
				w.WriteHeader(401)
				return
			}
			io.WriteString(w, r.Header.Get("Cookie"))
		case "/away":
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
		default:
			io.WriteString(w, r.Header.Get("Cookie"))
		}
	}
	plain := newServer(t, show)
	hosts := map[string]string{"a.example:80": plain.Listener.Addr().String(), "a.example:81": newServer(t, show).Listener.Addr().String()}
	for port, h2 := range map[string]bool{"441": false, "442": true} {
		hosts["a.example:"+port] = newSecure(t, show, h2).Listener.Addr().String()
	}
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, at := range []string{"http://a.example", "https://a.example:441", "https://a.example:442"} {
			jar, _ := cookiejar.New(nil)
			c := newClient(t, httpclient.Options{Jar: jar, TLS: testcert.Shared().Client(), Hosts: hosts, Proxy: httpclient.Direct})
			fetched(t, ctx, c, &httpclient.Request{URL: at + "/set"})
			want := "plain=1; secure=2"
			if at == "http://a.example" {
				want = "plain=1"
			}
			if got := fetched(t, ctx, c, &httpclient.Request{URL: at}).Body; string(got) != want {
				t.Errorf("%s: %q, want %q", at, got, want)
			}
			r := &httpclient.Request{URL: at + "/401", Username: "u", AuthMode: httpclient.Digest}
			if got := fetched(t, ctx, c, r).Body; string(got) != want+"; refused=5" {
				t.Errorf("%s: behind a challenge: %q", at, got)
			}
			// Ports are no borders for cookies (RFC 6265 §8.5), unlike for the request's own.
			r = &httpclient.Request{URL: "http://a.example/away?to=http://a.example:81"}
			r.Header.Set("Cookie", "own=6")
			if got := fetched(t, ctx, c, r).Body; string(got) != "plain=1; refused=5" {
				t.Errorf("%s: at another origin: %q", at, got)
			}
			c.Close()
		}
	})
}

// badJar is a jar that fails as badly as it can, or has cookies that are none.
type badJar struct{ get, set bool }

func (j badJar) Cookies(*url.URL) []*http.Cookie {
	if j.get {
		panic("no cookies")
	}
	return []*http.Cookie{{Name: "a b", Value: "1"}, {Name: "ok", Value: "y z"}}
}

func (j badJar) SetCookies(*url.URL, []*http.Cookie) {
	if j.set {
		panic("no more cookies")
	}
}

func TestJar_ThatIsBad(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "a=1")
		io.WriteString(w, r.Header.Get("Cookie"))
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, jar := range []badJar{{get: true}, {set: true}} {
			c := newClient(t, httpclient.Options{Jar: jar, MaxClients: 1})
			for range 2 { // a place that was lost would be missed
				if _, err := c.Get(ctx, s.URL); !errorIs[*async.PanicError](err) {
					t.Errorf("%+v: %v", jar, err)
				}
			}
		}
		c := newClient(t, httpclient.Options{Jar: badJar{}})
		if got := fetched(t, ctx, c, &httpclient.Request{URL: s.URL}).Body; string(got) != `ok="y z"` {
			t.Errorf("%q", got)
		}
	})
}
