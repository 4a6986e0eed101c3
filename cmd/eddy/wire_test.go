package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// What the client does between the command and the server.
func TestFetch_TLSRedirectsCodingsAndProxies(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			http.Redirect(w, r, "/next", http.StatusSeeOther)
		case "/for-ever":
			http.Redirect(w, r, "/for-ever", http.StatusFound)
		case "/coded":
			if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				io.WriteString(w, "as it is")
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, "decoded")
			z.Close()
		default:
			echo(w, r)
		}
	})
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "proxied "+r.URL.String()) })
	for _, c := range []struct {
		args   []string
		code   int
		stdout string // patterns
		stderr string
	}{
		{[]string{"-k", secure.URL + "/a"}, exitOK, `GET /a "" \n`, ``},
		{[]string{"-k", "-i", secure.URL}, exitOK, `HTTP/2.0 200 \S*\n(.*\n)+\nGET / "" \n`, ``},
		{[]string{"-k", "-timings", "-d", "x", secure.URL}, exitOK, `POST / "x" \n`, `(.*\n)+  TLS up +\S+ ms\n(.*\n)+`},
		{[]string{"-d", "x", url}, exitOK, `GET /next "" \n`, ``},
		{[]string{"-timings", url}, exitOK, `GET /next "" \n`, `(.*\n)+  redirects followed +\S+ ms\n(.*\n)+`},
		{[]string{url + "/for-ever"}, exitFailed, ``, `eddy: http://\S+/for-ever: redirect: too many redirects\n`},
		{[]string{"-no-follow", "-f", url + "/for-ever"}, exitOK, `(.*\n)*`, ``},
		{[]string{url + "/coded"}, exitOK, `decoded`, ``},
		{[]string{"-raw", url + "/coded"}, exitOK, `as it is`, ``},
		{[]string{"-proxy", proxy, "http://site.example/a?b"}, exitOK, `proxied http://site.example/a\?b`, ``},
		{[]string{"-proxy", "127.0.0.1:1", "http://site.example/"}, exitFailed, ``, `eddy: http://site.example/: connect: .*\n`},
	} {
		r := command(t, append([]string{"fetch"}, c.args...)...)
		if r.code != c.code || !matches(c.stdout, r.stdout) || !matches(c.stderr, r.stderr) {
			t.Errorf("%q: %+v", c.args, r)
		}
	}
}

// matches reports whether a pattern matches all of text.
func matches(pattern, text string) bool {
	return regexp.MustCompile(`\A(?:` + pattern + `)\z`).MatchString(text)
}
