package nethttp

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"

	"eddy/httputil"
)

// introduction is what a request's context holds of the proxy that has passed it on.
type introduction struct {
	client httputil.Client
	proxy  string // its address, as net/http writes it
}

type introductionKey struct{}

// BehindProxies is httpserver.BehindProxies.
func BehindProxies(h http.Handler, p *httputil.Proxies) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, Introduce(r, p, ""))
	})
}

// Introduce returns r as if it had come from the client itself if its peer is one of the proxies,
// and else r. protocol is what the client speaks unless the proxy tells; "" is what the connection does.
func Introduce(r *http.Request, p *httputil.Proxies, protocol string) *http.Request {
	c := conn{r}
	client, ok := p.Resolve(c.RemoteAddr(), c.LocalAddr(), toldBy(p, r.Header))
	if !ok {
		return r
	}
	return introduce(r, client, protocol)
}

// toldBy returns the fields that p looks at.
func toldBy(p *httputil.Proxies, from http.Header) *httputil.Header {
	var h httputil.Header
	for _, name := range [...]string{p.AddrField, p.ProtocolField, p.HostField} {
		if name == "" || h.Has(name) {
			continue
		}
		for _, value := range from.Values(name) {
			h.Append(name, value)
		}
	}
	return &h
}

func introduce(from *http.Request, client httputil.Client, protocol string) *http.Request {
	ctx := context.WithValue(from.Context(), introductionKey{}, &introduction{client, from.RemoteAddr})
	r := from.WithContext(ctx)
	r.RemoteAddr = ""
	if client.Addr.IsValid() {
		r.RemoteAddr = client.Addr.String()
	}
	if client.Host != "" {
		r.Host = client.Host
	}
	u := *from.URL
	u.Scheme, u.Host = cmp.Or(client.Protocol, protocol, protocolOf(from)), r.Host // both, as for a target in absolute-form
	r.URL = &u
	return r
}

// introduced makes what was told of a request of net/http known to an application.
func introduced(r *http.Request, req *httputil.Request) {
	known, ok := r.Context().Value(introductionKey{}).(*introduction)
	if !ok {
		return
	}
	if known.client.Protocol != "" {
		req.Protocol = known.client.Protocol
	}
	proxy, _ := netip.ParseAddrPort(known.proxy)
	req.Conn = &proxiedConn{conn{r}, proxy, known.client.Addr}
}

// proxiedConn implements httputil.ProxiedConn.
type proxiedConn struct {
	conn
	proxy, client netip.AddrPort
}

func (c *proxiedConn) RemoteAddr() netip.AddrPort { return c.proxy }
func (c *proxiedConn) ClientAddr() netip.AddrPort { return c.client }
