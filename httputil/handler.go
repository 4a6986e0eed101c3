package httputil

import (
	"context"
	"io"
	"net/netip"

	"eddy/internal/habit"
)

// A Handler answers requests. It is the seam between the engines below (Eddy's own
// server, net/http) and the frameworks above (package web): both sides know only this
// file and [Request].
//
// ServeRequest runs in its own coroutine or goroutine. It may park by any call that
// takes ctx, and by reading r.Body or writing to w. ctx is cancelled when the client
// disconnects, when the server gives up on the request, and when ServeRequest returns.
// A handler that returns without having written a head is answered with 500.
type Handler interface {
	ServeRequest(ctx context.Context, w ResponseWriter, r *Request)
}

// HandlerFunc is a function that is a [Handler].
type HandlerFunc func(ctx context.Context, w ResponseWriter, r *Request)

// ServeRequest calls f.
func (f HandlerFunc) ServeRequest(ctx context.Context, w ResponseWriter, r *Request) { f(ctx, w, r) }

// ResponseWriter takes the response to one request. One goroutine at a time may use it,
// and only until ServeRequest returns; later calls fail with ErrFinished.
type ResponseWriter interface {
	// WriteHead starts the response. length is the number of body bytes to come, or -1
	// if it is not known: the engine then frames the body by chunks, or by closing where
	// the client speaks HTTP/1.0. A status of 1xx sends an interim response and may be
	// followed by further heads. The engine adds Date, Connection and the framing fields;
	// a Content-Length or Transfer-Encoding in header is ignored in favour of length.
	// header is read before WriteHead returns and stays the caller's.
	WriteHead(status int, reason string, header *Header, length int64) error

	// Write sends body bytes. It copies p, buffers, and parks while more than the
	// write-buffer limit waits for a slow client. A body longer than the announced
	// length fails with ErrBodyLength; responses that have no body (HEAD, 204, 304)
	// count the bytes and drop them.
	io.Writer

	// Flush hands what was written so far to the connection. It does not wait for the
	// client to read it, except for room in the write buffer.
	Flush() error

	// SetTrailer sets the fields that Finish sends behind the body, in place of those of an
	// earlier call. Only a body of unknown length to a client that speaks HTTP/1.1 or later
	// has a place for them: with any other they are dropped, and so are fields of framing,
	// Host and Connection (RFC 9110 §6.5.1). To announce the names is up to a Trailer field
	// in the head. h is read before SetTrailer returns and stays the caller's. It may be
	// called at any time before the response has ended, and fails with ErrFinished then.
	SetTrailer(h *Header) error

	// Finish ends the response. The engine calls it when ServeRequest returns; a handler
	// calls it to let the client go before its own clean-up. A response that is shorter
	// than announced closes the connection.
	Finish() error
}

// Respond sends a whole response: it is WriteHead with the length of body, Write and Finish, and
// fails as those do. An engine that does the three in one step, as Eddy's own does, does it
// by its method of this name.
func Respond(w ResponseWriter, status int, reason string, header *Header, body []byte) error {
	if engine, ok := w.(interface {
		Respond(status int, reason string, header *Header, body []byte) error
	}); ok {
		return engine.Respond(status, reason, header, body)
	}
	return RespondBySteps(w, status, reason, header, body)
}

// RespondBySteps is [Respond] without a look for a method of this name.
func RespondBySteps(w ResponseWriter, status int, reason string, header *Header, body []byte) error {
	if err := w.WriteHead(status, reason, header, int64(len(body))); err != nil {
		return err
	}
	if len(body) > 0 {
		if _, err := w.Write(body); err != nil {
			return err
		}
	}
	return w.Finish()
}

// Conn tells about the connection that a request came by. Its methods may be called
// from any goroutine.
type Conn interface {
	// RemoteAddr returns the peer's address: invalid for a Unix socket, and once the
	// connection is gone and the address was not asked for before.
	RemoteAddr() netip.AddrPort
	// LocalAddr returns the server's side of the connection, likewise.
	LocalAddr() netip.AddrPort
	// Follow says to which of the handler's kinds, such as its routes, the request belongs. An engine
	// that runs handlers on event loops notes under h whether it blocks, and lets it go on in
	// a goroutine of its own if its kind does. Other engines do nothing. It is for
	// the goroutine that ServeRequest runs in, before anything is read or written; from any
	// other it does nothing.
	Follow(h *habit.Habit)
}

// ProxiedConn is the Conn of a request that a trusted proxy has passed on: see [Proxies]. Its
// RemoteAddr is the proxy's.
type ProxiedConn interface {
	Conn
	// ClientAddr returns the address that the proxy says its client has, invalid if it is
	// not known. Any goroutine.
	ClientAddr() netip.AddrPort
}
