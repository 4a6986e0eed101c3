package nethttp

import (
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
		c := conn{r}
		if client, ok := p.Resolve(c.RemoteAddr(), c.LocalAddr(), toldBy(p, r.Header)); ok {
			r = introduce(r, client)
		}
		h.ServeHTTP(w, r)
	})
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

// introduce returns a request as if it had come from the client itself.
func introduce(from *http.Request, client httputil.Client) *http.Request {
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
	u.Scheme, u.Host = client.Protocol, r.Host // both, as for a target in absolute-form
	if u.Scheme == "" {
		u.Scheme = protocolOf(from)
	}
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
