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

// Request is what to fetch (Tornado's HTTPRequest). It is a plain value: the client changes nothing in it,
// and it may be used again, also by several fetches at once: a BodyReader only by one after the other, and if
// it can be read again. It must not be changed while it is being fetched. Zero fields mean what the [Options]
// of the client say.
type Request struct {
	// Method is sent as it is, case and all. Default: GET, with a body too, which is an error then. GET, HEAD and TRACE
	// have no body, POST, PUT, PATCH, DELETE and OPTIONS may have one; all else needs AllowNonstandardMethods.
	Method string
	// URL is absolute: http or https. Its host may be a name in any script, which is sent as DNS has it; spaces
	// and other characters that URLs cannot hold are escaped. The fragment is not sent. A user name and a
	// password in it go before Username and Password.
	URL string
	// Header has the fields to send, see [Header] for a short way to write them. They go before what the client adds:
	// User-Agent, Accept-Encoding, Content-Type of a POST with a body ("application/x-www-form-urlencoded"),
	// Authorization; cookies of a Jar are added to a Cookie. Host replaces the one of the URL. Proxy-Authorization goes
	// to a proxy that is spoken to by HTTP, in place of what the user in its URL makes, and never to a server. What
	// cannot be sent, as a line end in a value, is an error of [PhaseRequest], and what is between sender and next
	// server (Content-Length, Transfer-Encoding) is the client's.
	Header httputil.Header

	// Body is sent as it is. It must not be changed before the fetch has returned.
	Body []byte
	// BodyReader gives the body instead, if it is not nil, and is read in a goroutine of its own. A Read that is under
	// way when the fetch ends, early, is not waited for.
	// It can be sent a second time, for a redirect or in answer to a challenge, if it is an io.Seeker.
	// What is sent is what it has from where it stands to its end. It is not closed.
	BodyReader io.Reader
	// BodyProducer writes the body instead, if it is not nil (Tornado's body_producer): in a coroutine of the
	// caller's loop, or a goroutine if the caller has none. Its writes wait while the server is slow, and fail when the
	// server needs no more. Its own error ends the fetch. It is called again when the body must be sent a second time.
	BodyProducer func(ctx context.Context, w io.Writer) error
	// BodyLength is how many bytes BodyReader or BodyProducer gives; more or fewer are an error. Zero or negative: not
	// known, so that the body is sent in chunks, which some servers do not take.
	BodyLength int64
	// ExpectContinue sends the body only when the server asks for it (RFC 9110 §10.1.1), or after ExpectTimeout of the
	// [Options]; a response that comes instead is the result. A server that refuses to be asked so (417) is sent the
	// request once more without.
	ExpectContinue bool
	// AllowNonstandardMethods lets Method be any token, and have a body or none.
	AllowNonstandardMethods bool

	// Username and Password authenticate by AuthMode. They are sent to the origin of URL only, not to others that
	// it redirects to. An Authorization in Header is sent in place of what they make. By Digest a body must be one that
	// can be sent a second time, or a 401 is the result. A 401 in the end is a result as all others.
	Username, Password string
	AuthMode           AuthMode
	// IfModifiedSince, if not zero, asks for the resource only if it was changed since, and for 304 otherwise. It is
	// sent in seconds.
	IfModifiedSince time.Time
	// UserAgent is the User-Agent field, if Header has none. Default: that of the Options.
	UserAgent string
	// NoDecompress leaves the body as it is sent, and asks for no coding. So does an Accept-Encoding or a Range in
	// Header.
	NoDecompress bool

	// ConnectTimeout, RequestTimeout and ReadTimeout are those of [Options], for this request. Negative: no limit.
	ConnectTimeout, RequestTimeout, ReadTimeout time.Duration
	// MaxRedirects is how many redirects are followed (301, 302, 303, 307 and 308 with a Location); one more is a
	// [RedirectError]. Negative: none, so that they are results as all others. To a POST 301 and 302 say GET, and 303
	// to all but HEAD; else method and body stay.
	MaxRedirects int
	// MaxBody bounds the response's body in bytes, after decompression. Negative: no limit. Zero: that of the Options,
	// and with [Client.Stream] no limit.
	MaxBody int64

	// HeaderCallback is called with the head of the response, before the body is read: not with those of redirects that
	// are followed, of challenges that are answered, and of status 1xx. It runs in the caller's coroutine or goroutine
	// and may wait. Its error ends the fetch, and is the Err of an [Error].
	HeaderCallback func(ctx context.Context, r *Response) error
	// StreamingCallback is given the body in pieces of at most 32 KiB, decompressed, which are its own to keep, in place
	// of Response.Body. It runs where HeaderCallback does and may wait: little more is read from the server before it
	// returns. MaxBody holds. Its error ends the fetch, and is the Err of an [Error].
	StreamingCallback func(ctx context.Context, piece []byte) error

	// Proxy is the proxy to use, an empty URL none, and ProxyAuthMode how it learns who the user in its URL is;
	// Basic means what [Options] say. With UnixSocket there is no proxy.
	Proxy         *url.URL
	ProxyAuthMode AuthMode
	// TLS configures the connection, if it is one of https. Connections are shared by requests that name the same
	// configuration. Its ServerName is filled in. To another origin that it redirects to, its certificates and its
	// ServerName do not go.
	TLS *tls.Config
	// Family restricts addresses to those of one family: tcp.IPv4 or tcp.IPv6.
	Family tcp.Family
	// LocalAddr is the address to connect from, and Interface the network interface to connect through.
	LocalAddr netip.Addr
	Interface string
	// UnixSocket is the path of a Unix socket to connect to, in place of what the URL names. The URL still says what
	// the server is asked for, such as http://localhost/containers, and with https whose certificate it shows.
	UnixSocket string
}

// Header returns the fields for a [Request], names and values by turns:
//
//	httpclient.Header("Accept", "application/json", "Authorization", "Bearer "+token)
//
// Fields with an empty value are left out. What cannot be sent fails when the request is made. It panics if there is a
// name without a value.
func Header(nameValues ...string) (h httputil.Header) {
	if len(nameValues)%2 != 0 {
		panic("httpclient: Header with a name that has no value")
	}
	for i := 0; i < len(nameValues); i += 2 {
		if nameValues[i+1] != "" {
			h.Append(nameValues[i], nameValues[i+1])
		}
	}
	return h
}

// AuthMode is how a request authenticates (RFC 9110 §11).
type AuthMode uint8

// The modes of authentication.
const (
	// Basic sends user name and password with the request (RFC 7617).
	Basic AuthMode = iota
	// Digest answers the server's challenge without telling the password (RFC 7616): by SHA-512-256, SHA-256 or MD5. It
	// costs another round trip for the first request to a server.
	Digest
)
