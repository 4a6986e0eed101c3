package httpserver

import (
	"bufio"
	"crypto/tls"
	"log/slog"
	"slices"
	"strings"

	"golang.org/x/net/http2"
)

// protocolHTTP2 is HTTP/2's name in ALPN (RFC 9113 §3.2).
const protocolHTTP2 = "h2"

// fitForHTTP2 reports whether what a client may agree on with c is good enough for HTTP/2: TLS 1.2 with
// the cipher that every client has (RFC 9113 §9.2). A client that chose HTTP/2 with less would be sent away.
func fitForHTTP2(c *tls.Config) bool {
	switch {
	case c.MaxVersion != 0 && c.MaxVersion < tls.VersionTLS12:
		return false
	case c.CipherSuites == nil || c.MinVersion >= tls.VersionTLS13:
		return true
	}
	return slices.Contains(c.CipherSuites, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) ||
		slices.Contains(c.CipherSuites, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
}

// greet looks for HTTP/2's preface in the first bytes of a connection without TLS (RFC 9113 §3.3),
// and reports whether the connection is on its way there. No request can begin so.
func (c *conn) greet(p []byte) bool {
	switch {
	case len(p) == 0:
		return false
	case len(p) >= len(http2.ClientPreface) && string(p[:len(http2.ClientPreface)]) == http2.ClientPreface:
		c.handOver()
		return true
	case c.EOF() || !strings.HasPrefix(http2.ClientPreface, string(p)):
		if c.phase == greeting {
			c.phase = reading // and its deadline stays
		}
		return false
	case c.phase == fresh:
		c.phase = greeting
		c.SetDeadline(c.server.options.HeaderTimeout)
	}
	return true
}

// handOver makes a connection leave its loop for HTTP/2, with the bytes that have come. What
// TLS has written for its handshake must have left before; StreamFlushed comes back for it.
func (c *conn) handOver() {
	c.phase = handing
	c.Pause()
	c.FlushNow()
	if c.Closed() || c.Pending() > 0 {
		return
	}
	h2 := &http2Conn{host: c.server.http2, loop: c.Loop()}
	h2.users.Store(1)
	if p, ok := c.Sink().(*proxied); ok {
		h2.remote, h2.local = p.remote, p.local
	}
	var err error
	if h2.Conn, err = c.DetachNow(); err != nil {
		c.server.options.Logger.Error("a connection was dropped", slog.Any("error", err))
		if c.Closed() {
			c.server.spreader.Gone(h2.loop)
		} else {
			c.CloseNow()
		}
		return
	}
	if t, ok := h2.Conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		h2.state = t.ConnectionState
	} else {
		h2.input = bufio.NewReader(h2.Conn)
	}
	c.server.http2.serve(h2)
}
