package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"eddy/httpclient"
)

func TestAuth_Basic(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		fmt.Fprint(w, user, ":", password, " ", ok)
	})
	at := func(userinfo string) string { return strings.Replace(s.URL, "http://", "http://"+userinfo+"@", 1) }
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{})
		for _, test := range []struct {
			r    httpclient.Request
			want string
		}{
			{httpclient.Request{URL: s.URL}, ": false"},
			{httpclient.Request{URL: s.URL, Username: "u", Password: "p:q"}, "u:p:q true"},
			{httpclient.Request{URL: s.URL, Username: "u"}, "u: true"},
			{httpclient.Request{URL: s.URL, Password: "p"}, ":p true"},
			{httpclient.Request{URL: s.URL, Username: "ü", Password: "€"}, "ü:€ true"},
			{httpclient.Request{URL: at("u:p")}, "u:p true"},
			{httpclient.Request{URL: at("u")}, "u: true"},
			{httpclient.Request{URL: at("%40:%3a%2f")}, "@::/ true"},
			{httpclient.Request{URL: at("u:p"), Username: "v", Password: "q"}, "u:p true"},
			{httpclient.Request{URL: at(""), Username: "v", Password: "q"}, "v:q true"},
		} {
			if got := fetched(t, ctx, c, &test.r).Body; string(got) != test.want {
				t.Errorf("%s %s:%s: %q, want %q", test.r.URL, test.r.Username, test.r.Password, got, test.want)
			}
		}
		for _, user := range []string{"a:b", "a\nb", "a\x00"} {
			_, err := c.Do(ctx, &httpclient.Request{URL: s.URL, Username: user})
			if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != httpclient.PhaseRequest || strings.Contains(err.Error(), user) {
				t.Errorf("%q: %v", user, err)
			}
		}
		own := &httpclient.Request{URL: at("u:p")}
		own.Header.Set("Authorization", "Basic "+"djpx")
		if got := fetched(t, ctx, c, own).Body; string(got) != "v:q true" {
			t.Errorf("a field of the caller's: %q", got)
		}
	})
}

func TestDigest_ProvesWithoutTelling(t *testing.T) {
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, g := range []*digestGuard{
			{algorithm: "SHA-256", qop: "auth"},
			{algorithm: "MD5", qop: "auth"},
			{algorithm: "SHA-256", qop: "auth-int"},
			{algorithm: "SHA-256", qop: "auth", hangUp: true},
			{algorithm: "SHA-256", qop: "auth", uses: 1},
			{algorithm: "MD5", qop: "auth-int", next: true},
		} {
			s := newServer(t, g.ServeHTTP)
			c := newClient(t, httpclient.Options{})
			kinds := bodyKinds("a body")
			if delete(kinds, "once"); g.qop == "auth-int" { // nobody knows the others before they are sent
				kinds = map[string]*httpclient.Request{"Body": kinds["Body"]}
			}
			for kind, r := range kinds {
				r.Method, r.URL, r.Username, r.Password, r.AuthMode = "POST", s.URL+"/a?b=c", "user", "secret", httpclient.Digest
				if got := fetched(t, ctx, c, r).Body; string(got) != "POST a body" {
					t.Errorf("%s %s, %s: %q", g.algorithm, g.qop, kind, got)
				}
			}
			g.counts()
			const more = 5
			for range more {
				r := &httpclient.Request{URL: s.URL + "/d", Username: "user", Password: "secret", AuthMode: httpclient.Digest}
				if got := fetched(t, ctx, c, r).Body; string(got) != "GET " {
					t.Errorf("%q", got)
				}
			}
			want := 0 // they answer in advance
			if g.uses == 1 {
				want = more
			}
			if refused, _ := g.counts(); refused != want {
				t.Errorf("%s %s: %d refusals of %d requests, want %d", g.algorithm, g.qop, refused, more, want)
			}
		}
	})
}

func TestDigest_ManyAtOnce(t *testing.T) {
	for _, g := range []*digestGuard{{algorithm: "SHA-256", qop: "auth"}, {algorithm: "SHA-256", qop: "auth", next: true}} {
		s := newServer(t, g.ServeHTTP)
		c := newClient(t, httpclient.Options{})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				r := &httpclient.Request{URL: s.URL, Username: "user", Password: "secret", AuthMode: httpclient.Digest}
				if resp, err := c.Do(context.Background(), r); err != nil || resp.Status != 200 {
					t.Errorf("%v, %+v", err, resp)
				}
			})
		}
		wg.Wait()
		if _, passed := g.counts(); passed != 50 {
			t.Errorf("%d passed", passed)
		}
	}
}

func TestDigest_RefusalsAreResults(t *testing.T) {
	s := newServer(t, (&digestGuard{algorithm: "SHA-256", qop: "auth"}).ServeHTTP)
	protected := newServer(t, (&digestGuard{algorithm: "SHA-256", qop: "auth-int"}).ServeHTTP)
	stale := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Digest realm="realm", nonce="n", qop="auth", stale=true`)
		w.WriteHeader(401)
	})
	basic := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("sent", r.Header.Get("Authorization"))
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="realm"`)
		w.WriteHeader(401)
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{MaxClients: 1})
		for name, r := range map[string]*httpclient.Request{
			"wrong password":                 {URL: s.URL, Password: "wrong"},
			"a body that is gone":            {URL: s.URL, Password: "secret", Method: "POST", BodyReader: struct{ io.Reader }{strings.NewReader("x")}},
			"a body that cannot be signed":   {URL: protected.URL, Password: "secret", Method: "POST", BodyReader: strings.NewReader("x")},
			"one stale nonce after another":  {URL: stale.URL, Password: "secret"},
			"a server that wants to be told": {URL: basic.URL, Password: "secret"},
		} {
			r.Username, r.AuthMode = "user", httpclient.Digest
			for range 2 {
				if resp, err := c.Do(ctx, r); err != nil || resp.Status != 401 {
					t.Errorf("%s: %v, %+v", name, err, resp)
				}
			}
		}
	})
}

func TestDigest_TheServersProofIsChecked(t *testing.T) {
	for _, qop := range []string{"auth", "auth-int"} {
		s := newServer(t, (&digestGuard{algorithm: "SHA-256", qop: qop, lie: true}).ServeHTTP)
		inBoth(t, func(t *testing.T, ctx context.Context) {
			c := newClient(t, httpclient.Options{MaxClients: 1})
			r := &httpclient.Request{URL: s.URL, Username: "user", Password: "secret", AuthMode: httpclient.Digest}
			if _, err := c.Do(ctx, r); !errors.Is(err, httpclient.ErrServerProof) {
				t.Errorf("%s: %v", qop, err)
			}
			stream, err := c.Stream(ctx, r)
			switch {
			case qop == "auth" && !errors.Is(err, httpclient.ErrServerProof):
				t.Error(err)
			case qop == "auth-int" && err != nil: // the proof is of a body that has not come
				t.Error(err)
			}
			if err == nil {
				stream.Close()
			}
		})
	}
}

func TestDigest_AnswersAreForTheirOriginOnly(t *testing.T) {
	g := &digestGuard{algorithm: "SHA-256", qop: "auth"}
	a := newServer(t, g.ServeHTTP)
	b := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/asks" {
			w.Header().Set("WWW-Authenticate", `Digest realm="realm", nonce="n", qop="auth"`)
			w.WriteHeader(401)
		}
		if got := r.Header.Get("Authorization"); got != "" {
			t.Error("told another origin", got)
		}
	})
	to := newServer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, b.URL+"/asks", http.StatusFound) })
	c := newClient(t, httpclient.Options{})
	for _, url := range []string{a.URL, to.URL} {
		r := &httpclient.Request{URL: url, Username: "user", Password: "secret", AuthMode: httpclient.Digest}
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
}
