package nethttp

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"eddy/httputil"
	"eddy/internal/habit"
)

// Serve answers a request of net/http by h. It keeps httputil's promises: h may read
// the request while it writes the response, and a response without a head becomes a 500.
// A panic in h passes through.
func Serve(w http.ResponseWriter, r *http.Request, h httputil.Handler) { ServeAs("", w, r, h) }

// ServeAs is Serve for requests whose protocol is known to be another than the connection's, unless
// a proxy that is trusted has told it. "" means the connection's.
func ServeAs(protocol string, w http.ResponseWriter, r *http.Request, h httputil.Handler) {
	if r.ContentLength != 0 {
		// Without it, net/http closes the body once the response begins. A writer that
		// cannot do it, such as HTTP/2's, is full duplex anyway.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	req, body := serverRequest(protocol, w, r)
	sw := &serveWriter{rw: w, req: r, body: body, length: -1}
	h.ServeRequest(r.Context(), sw, req)
	sw.end()
}

// serverRequest translates a request. Path and query come from r.URL, which a
// middleware may have changed; URI stays what the client sent.
func serverRequest(protocol string, w http.ResponseWriter, r *http.Request) (*httputil.Request, *serverBody) {
	req := &httputil.Request{
		Method:        r.Method,
		URI:           r.RequestURI,
		Path:          r.URL.EscapedPath(),
		Query:         r.URL.RawQuery,
		Version:       r.Proto,
		Host:          r.Host,
		Protocol:      cmp.Or(protocol, protocolOf(r)),
		Header:        requestFields(r),
		ContentLength: r.ContentLength,
		Conn:          conn{r},
		Start:         time.Now(),
	}
	if req.URI == "" { // a request made by hand
		req.URI = r.URL.RequestURI()
	}
	if req.Path == "" && r.Method != http.MethodConnect {
		req.Path = "/"
	}
	introduced(r, req)
	body := &serverBody{req: req, r: r, w: w, whole: r.Body}
	req.Body = body
	return req, body
}

// protocolOf returns what the connection speaks.
func protocolOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func requestFields(r *http.Request) httputil.Header {
	fields := httputil.HeaderOver(make([]httputil.Field, 0, len(r.Header)+1))
	if r.Host != "" {
		fields.Append("Host", r.Host)
	}
	for name, values := range r.Header {
		for _, v := range values {
			fields.Append(name, v)
		}
	}
	for name := range r.Trailer { // net/http has taken the field out
		fields.Append("Trailer", name)
	}
	return fields
}

// serverBody reads net/http's body with httputil's errors, and hands over the trailer
// at its end.
type serverBody struct {
	req   *httputil.Request
	r     *http.Request
	w     http.ResponseWriter
	whole io.ReadCloser // without the limit of SetMaxBody
	fault atomic.Int32  // the status that answers what was wrong with the body; 0: nothing
}

func (b *serverBody) Read(p []byte) (int, error) {
	if b.r.Body == nil { // a request made by hand
		return 0, io.EOF
	}
	n, err := b.r.Body.Read(p)
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		err = bodyError(err)
		b.fault.Store(int32(statusOfBody(err)))
		return n, err
	}
	if b.req.Trailer.Len() == 0 {
		for name, values := range b.r.Trailer {
			for _, v := range values {
				b.req.Trailer.Append(name, v)
			}
		}
	}
	return n, io.EOF
}

func (b *serverBody) Close() error {
	if b.r.Body == nil {
		return nil
	}
	return b.r.Body.Close()
}

func bodyError(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fmt.Errorf("%w: %w", httputil.ErrBodyTooLarge, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", httputil.ErrBodyTimeout, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %w", httputil.ErrClosed, err)
	case isBadChunk(err):
		return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, err)
	}
	return err
}

// isBadChunk reports whether err is what net/http has for a client that breaks the rules of chunks
// and trailers, of which most have no name.
func isBadChunk(err error) bool {
	var trailer textproto.ProtocolError
	text := err.Error()
	return errors.As(err, &trailer) || strings.Contains(text, "chunk") || text == "header line too long"
}

// statusOfBody returns the status that answers err, 0 for one that is not the client's fault.
func statusOfBody(err error) int {
	switch {
	case errors.Is(err, httputil.ErrBodyTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, httputil.ErrBodyTimeout):
		return http.StatusRequestTimeout
	case errors.Is(err, httputil.ErrBodyMalformed):
		return http.StatusBadRequest
	}
	return 0
}

// conn is the connection of a request of net/http, as far as that tells about it.
type conn struct{ r *http.Request }

func (c conn) RemoteAddr() netip.AddrPort {
	a, _ := netip.ParseAddrPort(c.r.RemoteAddr)
	return a
}

// ConnectionState returns what TLS has agreed on with the client, nil without TLS.
func (c conn) ConnectionState() *tls.ConnectionState { return c.r.TLS }

// Follow does nothing: net/http runs every handler in a goroutine.
func (c conn) Follow(*habit.Habit) {}

func (c conn) LocalAddr() netip.AddrPort {
	if a, ok := c.r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
