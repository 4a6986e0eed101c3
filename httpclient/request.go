package httpclient

import (
	"context"
	"crypto/tls"
	"io"
	"net/netip"
	"net/url"
	"time"

	"eddy/httputil"
	"eddy/tcp"
)

// Request is what to fetch (Tornado's HTTPRequest). It is a plain value: the client changes nothing
// in it, and it may be used again, also by several fetches at once, when its body can be.
// Zero fields mean what the [Options] of the client say.
type Request struct {
	// Method is sent as it is. Default: GET. Others than those of RFC 9110 §9 and PATCH need
	// AllowNonstandardMethods.
	Method string
	// URL is absolute: http or https. Its host may be a name in any script, which is sent as DNS has it; spaces
	// and other characters that URLs cannot hold are escaped. The fragment is not sent. A user name and a
	// password in it go before Username and Password.
	URL string
	// Header has the fields to send. Host replaces the one of the URL. Proxy-Authorization goes to a proxy that
	// is spoken to by HTTP, in place of what the user in its URL makes, and never to a server.
	Header httputil.Header

	// Body is sent as it is. It must not be changed before the fetch has returned.
	Body []byte
	// BodyReader gives the body instead, if it is not nil, and is read in a goroutine of its own. A Read that is under
	// way when the fetch ends, early, is not waited for.
	// It can be sent a second time, for a redirect or in answer to a challenge, if it is an io.Seeker.
	BodyReader io.Reader
	// BodyProducer writes the body instead, if it is not nil (Tornado's body_producer): in a coroutine of the
	// caller's loop, or a goroutine if the caller has none. Its writes wait while the server is slow.
	// It is called again when the body must be sent a second time.
	BodyProducer func(ctx context.Context, w io.Writer) error
	// BodyLength is how many bytes BodyReader or BodyProducer gives. Zero: not known, so that the body
	// is sent in chunks.
	BodyLength int64
	// ExpectContinue sends the body only when the server asks for it (RFC 9110 §10.1.1), or after
	// [Options].ExpectTimeout.
	ExpectContinue bool
	// AllowNonstandardMethods lets Method be any token, and have a body or none (SHC-03).
	AllowNonstandardMethods bool

	// Username and Password authenticate by AuthMode. They are sent to the origin of URL only, not to others that
	// it redirects to. An Authorization in Header is sent in place of what they make. By Digest a body must be one that
	// can be sent a second time, or a 401 is the result.
	Username, Password string
	AuthMode           AuthMode
	// IfModifiedSince, if not zero, asks for the resource only if it was changed since.
	IfModifiedSince time.Time
	// UserAgent is the User-Agent field, if Header has none.
	UserAgent string
	// NoDecompress leaves the body as it is sent, and asks for no coding.
	NoDecompress bool

	// ConnectTimeout, RequestTimeout and ReadTimeout are those of [Options].
	ConnectTimeout, RequestTimeout, ReadTimeout time.Duration
	// MaxRedirects is how many redirects are followed. Negative: none, so that they are
	// results as all others.
	MaxRedirects int
	// MaxBody bounds the response's body in bytes, after decompression. Negative: no limit.
	MaxBody int64

	// HeaderCallback is called with every final head but those of redirects that are followed, before the
	// body is read. Its error ends the fetch.
	HeaderCallback func(ctx context.Context, r *Response) error
	// StreamingCallback is given the body in pieces, which are its own to keep, in place of
	// Response.Body. No more is read from the server before it returns. Its error ends the fetch.
	StreamingCallback func(ctx context.Context, piece []byte) error

	// Proxy is the proxy to use, an empty URL none, and ProxyAuthMode how it learns who the user in its URL is;
	// Basic means what [Options] say. With UnixSocket there is no proxy.
	Proxy         *url.URL
	ProxyAuthMode AuthMode
	// TLS configures the connection, if it is one of https. Connections are shared by requests that name the same
	// configuration. Its ServerName is filled in. To another origin that it redirects to, its certificates and its
	// ServerName do not go.
	TLS *tls.Config
	// Family restricts addresses to those of one family.
	Family tcp.Family
	// LocalAddr is the address to connect from, and Interface the network interface to connect through.
	LocalAddr netip.Addr
	Interface string
	// UnixSocket is the path of a Unix socket to connect to, in place of what the URL names.
	UnixSocket string
}

// AuthMode is how a request authenticates (RFC 9110 §11).
type AuthMode uint8

// The modes of authentication.
const (
	// Basic sends user name and password with the request (RFC 7617).
	Basic AuthMode = iota
	// Digest answers the server's challenge without telling the password (RFC 7616). It costs another
	// round trip.
	Digest
)
