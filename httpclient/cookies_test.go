package httpclient_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"

	"eddy/httpclient"
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
