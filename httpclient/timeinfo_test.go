package httpclient_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/internal/testcert"
)

// The phases of a fetch come one after another, on every way to the server; a connection that was there has none of
// those that make one.
func TestTimeInfo_OfEveryWay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its clock is too coarse for steps that take microseconds")
	}
	handler := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }
	plain, secure, h2 := newServer(t, handler), newSecure(t, handler, false), newSecure(t, handler, true)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		p, secureProxy := newProxy(t, false), newProxy(t, true)
		socks := &url.URL{Scheme: "socks5", Host: newSocks(t, p, "", "")}
		trusting := testcert.Shared().Client()
		for _, via := range []*url.URL{{}, p.at(nil), secureProxy.at(nil), socks} {
			for _, s := range []*httptest.Server{plain, secure, h2} {
				c := newClient(t, httpclient.Options{TLS: trusting, ProxyTLS: trusting})
				r := &httpclient.Request{URL: s.URL, Proxy: via}
				for _, fresh := range []bool{true, false} {
					at := fetched(t, ctx, c, r).Time
					steps := []time.Duration{at.Connect, at.AppConnect, at.PreTransfer, at.StartTransfer, at.Total}
					if s == plain {
						steps = append(steps[:1:1], steps[2:]...)
					}
					if !fresh {
						if at.NameLookup+at.Connect+at.AppConnect != 0 {
							t.Errorf("%v to %s (HTTP/2: %v): of a connection that was there: %+v", via, s.URL, s == h2, at)
						}
						steps = steps[len(steps)-3:]
					}
					for i, d := range steps {
						if d <= 0 || i > 0 && d < steps[i-1] {
							t.Errorf("%v to %s: step %d is at %v: %+v", via, s.URL, i, d, at)
						}
					}
					if at.Queue != 0 || at.Redirect != 0 {
						t.Errorf("%+v", at)
					}
				}
				c.Close()
			}
		}
	})
}
