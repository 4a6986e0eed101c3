package web

import "crypto/tls"

// TLS returns what TLS has agreed on with the peer, nil without TLS: among the rest the
// certificates that the client has shown, in PeerCertificates (Tornado's get_ssl_certificate).
// Behind a proxy the peer is the proxy.
func (h *RequestHandler) TLS() *tls.ConnectionState {
	if c, ok := h.Request.Conn.(interface{ ConnectionState() *tls.ConnectionState }); ok {
		return c.ConnectionState()
	}
	return nil
}
