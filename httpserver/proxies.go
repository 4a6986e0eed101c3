package httpserver

import (
	"context"
	"net/http"
	"net/netip"

	"eddy/httputil"
	"eddy/internal/nethttp"
	"eddy/loop"
	"eddy/tcp/proxyproto"
)

// inFrontOf returns h behind what the options want to be done to requests before. Whoever does
// not use them has no cost.
func (o *Options) inFrontOf(h httputil.Handler) httputil.Handler {
	switch o.Protocol {
	case "", "http", "https":
	default:
		panic("httpserver: Options.Protocol must be http or https")
	}
	if o.DecompressRequests {
		h = &decoding{next: h, limit: o.Limits.Body}
	}
	if o.Proxies != nil {
		h = &believing{next: h, proxies: o.Proxies}
	}
	return h
}

// keeps returns the addresses of a new connection that are to be kept with it, if they are. Asked for
// later, they could be those of a connection that its client has reset: none.
func (s *Server) keeps(l *loop.Loop, fd int, h *proxyproto.Header) (remote, local netip.AddrPort, ok bool) {
	switch {
	case h != nil && h.Source.IsValid():
		return h.Source, h.Destination, true
	case s.options.Proxies != nil:
		return l.Files().PeerAddr(fd), l.Files().LocalAddr(fd), true
	}
	return remote, local, false
}

// believing is a handler in front of another, to which it introduces the clients of proxies.
type believing struct {
	next    httputil.Handler
	proxies *httputil.Proxies
}

// ServeRequest implements httputil.Handler.
func (b *believing) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	if x, ok := w.(*exchange); ok {
		x.believe(b.proxies)
	}
	b.next.ServeRequest(ctx, w, r)
}

// believe changes the request and nothing else: a proxy's next request on the connection may be
// another client's.
func (x *exchange) believe(proxies *httputil.Proxies) {
	peer, ok := x.conn.Sink().(*proxied)
	if !ok {
		return
	}
	client, ok := proxies.Resolve(peer.remote, peer.local, &x.req.Header)
	if !ok {
		return
	}
	x.req.Conn = &forwarded{x, client.Addr}
	if client.Protocol != "" {
		x.req.Protocol = client.Protocol
	}
	if client.Host != "" {
		x.req.Host = client.Host
	}
}

// forwarded is the httputil.Conn of a request that a trusted proxy has passed on. It can do what
// the exchange can.
type forwarded struct {
	*exchange
	client netip.AddrPort
}

// ClientAddr implements httputil.ProxiedConn.
func (f *forwarded) ClientAddr() netip.AddrPort { return f.client }

// BehindProxies returns an http.Handler that does for h under net/http's server what
// Options.Proxies does under Eddy's, be it a web.Application or any other: h sees the client's
// address in Request.RemoteAddr, the protocol and the host in Request.URL, the host in
// Request.Host. RemoteAddr is empty if the client is not known. Put it outside of what changes
// RemoteAddr, too. Any goroutine.
func BehindProxies(h http.Handler, proxies *httputil.Proxies) http.Handler {
	return nethttp.BehindProxies(h, proxies)
}
