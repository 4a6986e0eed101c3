package eddy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"eddy"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testlog"
	"eddy/web"
)

// A proxy that speaks TLS to the server passes on requests of clients that did not: what the
// connection knows of itself stays.
func TestProxies_OverTLS(t *testing.T) {
	networks, err := httputil.ParseNetworks("loopback")
	if err != nil {
		t.Fatal(err)
	}
	logs, logger := testlog.New()
	app := web.NewApplicationWith(web.Settings{Logger: logger},
		web.Func("/own", func(_ context.Context, h *web.RequestHandler) error {
			return h.Text(fmt.Sprintf("%s %s %v", h.Request.RemoteIP(), h.Request.FullURL(), h.Request.Conn.RemoteAddr().Addr()))
		}),
		web.Mount("/mounted", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.RemoteAddr, " ", r.URL, " ", r.TLS != nil && r.TLS.HandshakeComplete)
		})))
	s, url, client := serveTLS(t, app, eddy.Options{HTTP: httpserver.Options{Proxies: &httputil.Proxies{
		Trusted: networks, AddrField: "Forwarded", ProtocolField: "Forwarded", HostField: "Forwarded"}}})
	for path, want := range map[string]string{
		"/own":     "192.0.2.1 http://outer/own 127.0.0.1",
		"/mounted": "192.0.2.1:99 http://outer/mounted true",
	} {
		req, err := http.NewRequest("GET", url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Forwarded", `for=192.0.2.66;proto=https, for="192.0.2.1:99";proto=http;host=outer`)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", path, got, err, want)
		}
	}
	client.CloseIdleConnections()
	if err := s.Shutdown(t.Context()); err != nil { // waits for the handlers, which log at their end
		t.Error(err)
	}
	if text := logs.String(); !strings.Contains(text, "200 GET /own (192.0.2.1) ") {
		t.Errorf("the access log: %s", text)
	}
}
