package httpserver

import (
	"crypto/tls"
	"errors"
	"log/slog"

	"eddy/stream"
)

// beginTLS makes the connection wait for its client's handshake.
func (c *conn) beginTLS() {
	o := &c.server.options
	c.SetDeadline(o.HandshakeTimeout)
	if err := c.BeginTLS(o.Context, stream.Server, o.TLS, c.server.handshakes, c.secured); err != nil {
		o.Logger.Error("a connection was dropped", slog.Any("error", err))
		c.CloseNow()
	}
}

// secured is called when the handshake is over. If it failed, the stream closes itself.
func (c *conn) secured(err error) {
	switch {
	case err == nil && c.Protocol() == protocolHTTP2:
		c.handOver()
		return
	case err == nil:
		c.SetDeadline(c.server.options.HeaderTimeout)
		return
	}
	c.phase = leaving
	if inClear(err) {
		c.SendBytes([]byte("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"))
	}
	if !stream.Quiet(err) {
		c.server.options.Logger.Info("TLS handshake failed", slog.Any("error", err), slog.String("client", c.RemoteAddr().String()))
	}
}

// inClear reports whether the client has begun with what looks like a request line.
func inClear(err error) bool {
	var first tls.RecordHeaderError
	if !errors.As(err, &first) || first.Conn == nil {
		return false
	}
	switch string(first.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "PATCH", "DELET", "CONNE":
		return true
	}
	return false
}

// ConnectionState returns what TLS has agreed on with the client, nil without TLS.
func (x *exchange) ConnectionState() *tls.ConnectionState {
	if !x.conn.secure {
		return nil
	}
	var found *tls.ConnectionState
	x.onLoop(func() {
		if state, ok := x.conn.Stream.ConnectionState(); ok {
			found = &state
		}
	})
	return found
}
