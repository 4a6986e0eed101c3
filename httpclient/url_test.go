package httpclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"eddy/httpclient"
)

// A URL goes over the wire in ASCII, whether it is asked for or redirected to.
func TestURL_IsSentInASCII(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header()["Location"] = []string{to}
			w.WriteHeader(307)
			return
		}
		io.WriteString(w, r.Host+" "+r.RequestURI)
	})
	hosts := map[string]string{"xn--bcher-kva.example": s.Listener.Addr().String(), "a.example": s.Listener.Addr().String()}
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{Hosts: hosts, Proxy: httpclient.Direct})
		for _, test := range []struct{ url, want string }{
			{"http://bücher.example/", "xn--bcher-kva.example /"},
			{"http://BÜCHER.example:80/?ü", "xn--bcher-kva.example:80 /?%C3%BC"},
			{"HTTP://A.EXAMPLE/a b?c d", "a.example /a%20b?c%20d"},
			{"http://a.example/\xff%zz#secret", "a.example /%FF%25zz"},
			{"http://a.example?q#secret", "a.example /?q"},
			{"http://a.example:/x", "a.example /x"},
			{"http://u:p@a.example/{}|", "a.example /%7B%7D%7C"},
		} {
			if got := fetched(t, ctx, c, &httpclient.Request{URL: test.url}).Body; string(got) != test.want {
				t.Errorf("%q: %q, want %q", test.url, got, test.want)
			}
			first := &httpclient.Request{URL: "http://a.example/first?to=" + url.QueryEscape(test.url)}
			if got := fetched(t, ctx, c, first).Body; string(got) != test.want {
				t.Errorf("redirected to %q: %q, want %q", test.url, got, test.want)
			}
		}
	})
}

func TestURL_IsRefusedBeforeAnythingIsSent(t *testing.T) {
	c := newClient(t, httpclient.Options{})
	for _, url := range []string{
		"", "a.example", "//a.example/", "ftp://a.example/", "file:///etc/passwd", "http:", "http:a", "http:/a", "http:///a", "https://", "http://:80/",
		"http://a.example:0/", "http://a.example:65536/", "http://a.example:x/", "http://a b/", "http://a%00/", "http://a\r\nb/", "http://a/\x00",
		"http://u:p\x7f@a/", "http://a\\b/", "http:\\\\a/", "http://[::1/", "http://[a]/", "http://%41/", "http://secret:hunter2/@a", "http://\xff/",
	} {
		_, err := c.Get(t.Context(), url)
		e, ok := errors.AsType[*httpclient.Error](err)
		if !ok || e.Phase != httpclient.PhaseRequest || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// The zone of an address is for the way to it only.
func TestURL_ZonesAreNotSent(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	got := make(chan string, 1)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got <- r.Host }))
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := newClient(t, httpclient.Options{Proxy: httpclient.Direct, Hosts: map[string]string{"[fe80::1%eth0]:" + port: l.Addr().String()}})
	if _, err := c.Get(t.Context(), "http://[fe80::1%25eth0]:"+port+"/"); err != nil {
		t.Fatal(err)
	}
	if host := <-got; host != "[fe80::1]:"+port {
		t.Errorf("Host: %s", host)
	}
}
