package httpserver

import (
	"bufio"
	"crypto/tls"
	"log/slog"
	"strings"

	"golang.org/x/net/http2"
)

// protocolHTTP2 is HTTP/2's name in ALPN (RFC 9113 §3.2).
const protocolHTTP2 = "h2"

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
		h2.told = p.header
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
