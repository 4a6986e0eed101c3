package httpclient_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"eddy/httpclient"
)

// What is remembered of URLs changes nothing: each fetch asks for its own, also when there are more of them than are kept,
// when they differ in little, and when one of them is no URL.
func TestURLs_AreRememberedAsTheyAre(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		io.WriteString(w, user+r.RequestURI)
	}))
	defer s.Close()
	c := httpclient.New(httpclient.Options{})
	defer c.Close()
	for range 4 {
		for i := range 100 {
			path := fmt.Sprint("/", i, "?a=%20", i)
			for user, url := range map[string]string{
				"": s.URL + path + "#fragment", "u": strings.Replace(s.URL, "//", "//u:p@", 1) + path,
			} {
				r, err := c.Get(t.Context(), url)
				if err != nil || string(r.Body) != user+path {
					t.Fatalf("%s: %s, %v", url, r.Body, err)
				}
			}
		}
		if _, err := c.Get(t.Context(), "http://[::1"); err == nil {
			t.Error("a malformed URL was taken")
		}
	}
}

// A URL that comes again costs no allocation for its parts.
func TestURLs_Again(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var urls httpclient.URLs
	parse := func() {
		u, origin, err := urls.Parse("http://example.com/path?query")
		if err != nil || u.Path != "/path" || u.RawQuery != "query" || origin != "example.com:80" {
			t.Fatal(u, origin, err)
		}
	}
	parse()
	parse()
	if n := testing.AllocsPerRun(100, parse); n != 0 {
		t.Errorf("%.0f allocations, want none", n)
	}
}

func BenchmarkURLs(b *testing.B) {
	for name, n := range map[string]int{"again": 1, "new": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			var urls httpclient.URLs
			list := make([]string, min(n, 100_000))
			for i := range list {
				list[i] = fmt.Sprint("http://example.com/path/", i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				urls.Parse(list[i%len(list)])
			}
		})
	}
}
