package httputil

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"eddy/internal/habit"
)

// The versions of HTTP that [Request.Version] holds.
const (
	HTTP10 = "HTTP/1.0"
	HTTP11 = "HTTP/1.1"
	HTTP20 = "HTTP/2.0"
)

// Request is a request as a server received it (Tornado's HTTPServerRequest). Its
// strings are the request's own: it is never recycled and stays valid for ever. It is
// meant for the goroutine that answers it; share what you need of it instead.
type Request struct {
	Method  string // as sent: methods are case-sensitive (RFC 9110 §9.1)
	URI     string // the request-target as sent
	Path    string // the target's path, still percent-encoded; "*" for OPTIONS *
	Query   string // what follows the "?", still encoded
	Version string // HTTP10, HTTP11 or HTTP20
	Host    string // from the target's authority or the Host field; may hold a port

	// Protocol is "http" or "https".
	Protocol string

	Header Header

	// ContentLength is the length of the body: 0 if there is none, -1 if it is not known
	// before its end.
	ContentLength int64

	// Body reads the body. It is never nil; without a body it is at EOF at once. Read
	// parks the handler until the client has sent more, and fails with ErrBodyTooLarge,
	// ErrBodyMalformed, ErrBodyTimeout or ErrClosed.
	Body io.ReadCloser

	// Trailer holds the fields behind a chunked body, once Body has reached EOF.
	Trailer Header

	// Conn is the connection; nil in a request made by hand.
	Conn Conn

	// Start is when the head was complete.
	Start time.Time

	query url.Values // of Query, nil before it was parsed
}

// QueryArguments returns the arguments of the query. It parses them once, keeps blank
// values, and skips pieces with a broken percent-encoding.
func (r *Request) QueryArguments() url.Values {
	if r.query == nil && r.Query != "" {
		r.query, _ = url.ParseQuery(r.Query)
	}
	return r.query
}

// QueryArgument returns the last value of one argument, and whether there is one:
// QueryArguments without its map, for requests of which nobody wants more.
func (r *Request) QueryArgument(name string) (value string, ok bool) {
	if r.query != nil {
		values := r.query[name]
		if len(values) == 0 {
			return "", false
		}
		return values[len(values)-1], true
	}
	for piece := range strings.SplitSeq(r.Query, "&") {
		// url.ParseQuery skips what has a semicolon, which some take for a separator.
		key, raw, _ := strings.Cut(piece, "=")
		if piece == "" || strings.Contains(piece, ";") || !isQueryEscapeOf(key, name) {
			continue
		}
		if v, err := url.QueryUnescape(raw); err == nil {
			value, ok = v, true
		}
	}
	return value, ok
}

func isQueryEscapeOf(key, name string) bool {
	if !strings.ContainsAny(key, "%+") {
		return key == name
	}
	key, err := url.QueryUnescape(key)
	return err == nil && key == name
}

// Follow calls Conn's method of this name if there is a Conn.
func (r *Request) Follow(h *habit.Habit) {
	if r.Conn != nil {
		r.Conn.Follow(h)
	}
}

// RemoteAddr returns the client's address: what a trusted proxy says if there is one (see
// [Proxies]), else the connection's peer. It is invalid if the client has none or it is not known.
func (r *Request) RemoteAddr() netip.AddrPort {
	switch c := r.Conn.(type) {
	case nil:
		return netip.AddrPort{}
	case ProxiedConn:
		return c.ClientAddr()
	default:
		return c.RemoteAddr()
	}
}

// RemoteIP returns the client's IP address as text, or "0.0.0.0" for one that has none, such as
// that of a Unix socket, or that is not known.
func (r *Request) RemoteIP() string {
	if a := r.RemoteAddr(); a.IsValid() {
		return a.Addr().Unmap().String()
	}
	return "0.0.0.0"
}

// HostName returns Host without the port, in lower case.
func (r *Request) HostName() string {
	host := r.Host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	return strings.ToLower(host)
}

// FullURL reconstructs the URL that the client asked for.
func (r *Request) FullURL() string {
	u := r.Protocol + "://" + r.Host + r.Path
	if r.Query != "" {
		u += "?" + r.Query
	}
	return u
}

// SetMaxBody bounds the body to n bytes, for this request, in place of the server's limit: it may be
// lower or higher. A negative n means no bound. Call it before Body is read. A body that announces
// more fails at its first Read, before the client is asked for it (100-continue), and another as soon
// as it is longer, with ErrBodyTooLarge.
//
// It fails with an error that is errors.ErrUnsupported if Body cannot do that, and with ErrFinished
// after the response.
func (r *Request) SetMaxBody(n int64) error {
	if b, ok := r.Body.(interface{ SetMaxBody(int64) error }); ok {
		return b.SetMaxBody(n)
	}
	return fmt.Errorf("httputil: no limit can be set for this body: %w", errors.ErrUnsupported)
}

// SetBodyTimeout bounds the time from now until the last byte of the body has come, for this
// request, in place of the server's limits of pauses and of the rate. Negative means no bound, and
// zero the server's limits again. Beyond it reads fail with ErrBodyTimeout. Its errors are
// SetMaxBody's.
func (r *Request) SetBodyTimeout(d time.Duration) error {
	if b, ok := r.Body.(interface {
		SetBodyTimeout(time.Duration) error
	}); ok {
		return b.SetBodyTimeout(d)
	}
	return fmt.Errorf("httputil: no time can be set for this body: %w", errors.ErrUnsupported)
}

// NoBody is the body of a request without one.
var NoBody io.ReadCloser = noBody{}

type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
func (noBody) Close() error             { return nil }

func (noBody) SetMaxBody(int64) error             { return nil }
func (noBody) SetBodyTimeout(time.Duration) error { return nil }
