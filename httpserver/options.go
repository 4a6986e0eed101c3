package httpserver

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"slices"
	"time"

	"eddy/http1"
	"eddy/httputil"
)

// The defaults of [Options].
const (
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultHeaderTimeout    = 20 * time.Second
	DefaultBodyTimeout      = 30 * time.Second
	DefaultMinBodyRate      = 240 // bytes a second
	DefaultIdleTimeout      = 75 * time.Second
	DefaultWriteTimeout     = 60 * time.Second
	DefaultMinWriteRate     = 240 // bytes a second
	DefaultMaxStreams       = 250
)

// Options configures a [Server]. The zero value is good. A negative timeout means none.
type Options struct {
	// Limits bounds heads and bodies; see [http1.Limits] for the defaults. Limits.Body is asked
	// when a handler begins to read a body, so that it may set another for its request; see
	// httputil.Request.SetMaxBody. One who does not read is not told how long it is.
	Limits http1.Limits

	// HeaderTimeout bounds the time from the first byte of a head to its last, however
	// the bytes come, and from the opening of a connection to its first byte. Default:
	// 20 seconds; the answer is 408, or none if not a byte has come.
	HeaderTimeout time.Duration

	// BodyTimeout bounds how long a handler waits for the next bytes of a request body.
	// Default: 30 seconds; the read fails with httputil.ErrBodyTimeout.
	BodyTimeout time.Duration

	// MinBodyRate is the least number of bytes a second that a client must send of a body,
	// on the average of the time that the handler waits for it and beyond the first
	// BodyTimeout; what came faster counts for no more than another BodyTimeout. Default: 240;
	// negative: none. Too slow a body fails as by BodyTimeout.
	MinBodyRate int

	// IdleTimeout bounds how long a connection stays open between requests. Default: 75 seconds.
	IdleTimeout time.Duration

	// WriteTimeout bounds how long a client may take nothing of a response that waits for
	// it. Default: 60 seconds; the connection is closed at once.
	WriteTimeout time.Duration

	// MinWriteRate is the least number of bytes a second that a client must take of output that
	// waits for it, on the average of every WriteTimeout for which some waits. What the handler
	// has not written yet does not wait, nor does what the kernel has taken. Default: 240;
	// negative: none. The connection of a client that is slower is closed at once.
	MinWriteRate int

	// RequestTimeout bounds how long a handler may take for a request, from its head to its
	// return. Default: none. The handler's context ends with httputil.ErrRequestTimeout; if it
	// then returns without a response, the client gets a 503. One that does not look at its
	// context is not stopped.
	RequestTimeout time.Duration

	// MaxRequestsPerConnection bounds the requests that are served on one connection; the
	// response to the last one says `Connection: close`. Default: none.
	MaxRequestsPerConnection int

	// TLS is the configuration of ServeTLS, which uses a copy that offers HTTP/2 and HTTP/1.1 by
	// ALPN if it offers nothing. Certificates that change come by its GetCertificate; see
	// [tcp.KeyPair]. Session tickets and their keys are shared by all connections.
	TLS *tls.Config

	// HandshakeTimeout bounds the time from the opening of a connection to the end of its TLS
	// handshake. Default: 10 seconds; the connection is closed.
	HandshakeTimeout time.Duration

	// MaxHandshakes bounds the TLS handshakes that are under way at once; further clients wait
	// for their turn within HandshakeTimeout. Default: 1024; negative: no bound.
	MaxHandshakes int

	// MaxConnections bounds the connections that are open at once, idle ones included. Beyond
	// it accepting stops until one is gone, and clients wait in the kernel's queue. Those that
	// handlers have taken over count until they are closed. Default: none but the number of
	// descriptors.
	MaxConnections int

	// NoHTTP2 takes HTTP/2 out of what TLS offers. HTTP/2 is served by goroutines: see
	// docs/http2.md for what that costs.
	NoHTTP2 bool

	// H2C serves HTTP/2 without TLS, too, to clients that begin with its preface ("prior
	// knowledge", RFC 9113 §3.3). It is for networks that are trusted, such as the one behind a proxy.
	// There is no upgrade from HTTP/1.1, which RFC 9113 has removed. Default: such clients get 505.
	H2C bool

	// MaxStreams bounds the requests that one connection of HTTP/2 may have open at once.
	// Default: 250; clients are told, and wait; a request beyond it is reset.
	MaxStreams int

	// NoKeepAlive closes every connection after one response.
	NoKeepAlive bool

	// Proxies says which peers are proxies, and which of their header fields tell the client's
	// address, protocol and host, for Request.RemoteAddr, Protocol and Host and what hosted
	// http.Handlers see of them. Fields of others are left in the header, and mean nothing.
	// Default: nobody is believed.
	Proxies *httputil.Proxies

	// Protocol is what Request.Protocol is unless Proxies know better: "https" behind a proxy
	// that takes TLS off without a word. Default: "https" for connections with TLS, else "http";
	// New panics on anything else.
	Protocol string

	// DecompressRequests decodes request bodies in the codings gzip and deflate as handlers
	// read them. Limits.Body then holds for what comes out, too. The field Content-Encoding is
	// renamed X-Consumed-Content-Encoding, and the length is unknown. Bodies in other codings, or in
	// several at once, are left to the handler, with their Content-Encoding. Default: so are all.
	DecompressRequests bool

	// Logger receives panics of handlers and, at level Info, what clients did wrong.
	// Default: slog.Default().
	Logger *slog.Logger

	// Context carries values for all requests. Its cancellation is not looked at.
	// Default: context.Background().
	Context context.Context
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.WithDefaults()
	timeout := func(d *time.Duration, normal time.Duration) {
		switch {
		case *d == 0:
			*d = normal
		case *d < 0:
			*d = 0 // what SetDeadline takes for none
		}
	}
	timeout(&o.HandshakeTimeout, DefaultHandshakeTimeout)
	timeout(&o.HeaderTimeout, DefaultHeaderTimeout)
	timeout(&o.BodyTimeout, DefaultBodyTimeout)
	timeout(&o.IdleTimeout, DefaultIdleTimeout)
	timeout(&o.WriteTimeout, DefaultWriteTimeout)
	timeout(&o.RequestTimeout, 0)
	o.TLS = o.offers()
	if o.MaxStreams <= 0 {
		o.MaxStreams = DefaultMaxStreams
	}
	o.MaxStreams = min(o.MaxStreams, math.MaxInt32)
	if o.MinBodyRate == 0 {
		o.MinBodyRate = DefaultMinBodyRate
	}
	if o.MinWriteRate == 0 {
		o.MinWriteRate = DefaultMinWriteRate
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
	// Without a parent that can be cancelled, context.Cause is right about a request's own
	// cancellation.
	o.Context = context.WithoutCancel(o.Context)
	return o
}

// offers returns the configuration of TLS with what ALPN shall offer.
func (o *Options) offers() *tls.Config {
	if o.TLS == nil {
		return nil
	}
	offered := o.TLS.NextProtos
	switch {
	case len(offered) == 0 && (o.NoHTTP2 || !fitForHTTP2(o.TLS)):
		offered = []string{"http/1.1"}
	case len(offered) == 0:
		offered = []string{protocolHTTP2, "http/1.1"}
	case o.NoHTTP2 && slices.Contains(offered, protocolHTTP2):
		offered = slices.DeleteFunc(slices.Clone(offered), func(p string) bool { return p == protocolHTTP2 })
	default:
		return o.TLS
	}
	config := o.TLS.Clone()
	config.NextProtos = offered
	return config
}
