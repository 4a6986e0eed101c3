package httpclient

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"eddy/http1"
	"eddy/loop"
	"eddy/tcp"
)

// The defaults of Options.
const (
	DefaultMaxClients     = 1000
	DefaultMaxQueue       = 100_000
	DefaultQueueTimeout   = 20 * time.Second
	DefaultConnectTimeout = 20 * time.Second
	DefaultRequestTimeout = 20 * time.Second
	DefaultReadTimeout    = time.Minute
	DefaultExpectTimeout  = time.Second
	DefaultIdleTimeout    = time.Minute
	DefaultMaxIdle        = 1000
	DefaultMaxRedirects   = 5
	DefaultMaxBody        = 100 << 20
)

// DefaultUserAgent is the User-Agent of requests that do not say otherwise.
const DefaultUserAgent = "Eddy"

// Options configures a [Client]. The zero value is good. What a [Request] says itself goes before what stands here, and
// that before the defaults.
//
// Functions, Jar, Resolver and Decoders are used by many goroutines at once. They run where the fetch was called, so
// that they may wait by its context, as a handler may, and block as little as one.
type Options struct {
	// MaxClients bounds the requests under way at once, on all loops: from their turn to the end of their response, of
	// a [Stream] to its end or Close. Those beyond it wait in the order of their coming. Default: 1,000. Negative: no
	// limit.
	MaxClients int
	// MaxPerHost bounds those to one host and port. Who waits for one host keeps nobody from another. Default and
	// negative: no limit but MaxClients.
	MaxPerHost int
	// MaxQueue bounds those who wait; one more fails with [ErrQueueFull]. Default: 100,000. Negative: no limit.
	MaxQueue int
	// QueueTimeout is how long a request waits for its turn; beyond it, it fails in [PhaseQueue]. For a long list that is
	// fetched at once it should be none. Default: 20 seconds; negative: no limit.
	QueueTimeout time.Duration

	// ConnectTimeout bounds finding the server's address, connecting, the proxy's part and TLS, together. Default: 20
	// seconds; negative: no limit.
	ConnectTimeout time.Duration
	// RequestTimeout bounds a request from its turn in the queue to the last byte of its response, redirects and
	// answered challenges included; of [Client.Stream], to the response's head. For a large file that is not streamed
	// it wants to be longer. Default: 20 seconds; negative: no limit.
	RequestTimeout time.Duration
	// ReadTimeout is how long a server may send nothing while its response is awaited or read, and take nothing
	// of the request: up to twice as long there. What the caller's side takes its time with, as a source of the
	// body or a reader of a [Stream], does not count. A server that is silent by design, as one of server-sent events
	// or a long poll, needs a longer one or none. Default: a minute; negative: no limit.
	ReadTimeout time.Duration
	// ExpectTimeout is how long a request with ExpectContinue waits for the server's word before it sends its body all
	// the same (RFC 9110 §10.1.1). Default: one second; negative: as long as other limits let it.
	ExpectTimeout time.Duration

	// IdleTimeout is how long a connection is kept that nobody uses: a second less than its server says that it does
	// (Keep-Alive: timeout) if that is shorter. Default: a minute. Negative: connections are used once.
	IdleTimeout time.Duration
	// MaxIdle bounds the idle connections of each loop, to all hosts; the one that was idle longest is closed for a new
	// one. Default: 1,000. Negative: no limit.
	MaxIdle int

	// MaxRedirects is how many redirects are followed, one after another; one more is an error, see [RedirectError].
	// Default: 5. Negative: none, so that they are results as all others.
	MaxRedirects int
	// AllowDowngrade lets a redirect lead from https to http, which is refused else.
	AllowDowngrade bool
	// CheckRedirect, if not nil, is asked before each redirect is followed; its error ends the fetch, in a
	// [RedirectError]. It must not change what it is given.
	CheckRedirect func(*Redirect) error

	// MaxBody bounds a response's body in bytes, as it is sent and after decompression; beyond it, [ErrBodyTooLarge].
	// Default: 100 MiB; negative: no limit. A body that is read by [Client.Stream] has no limit but one that its
	// request sets.
	MaxBody int64
	// Limits bounds the other parts of a response: lines, heads, trailers; beyond them, an *[http1.Error]. Zero fields
	// have http1's defaults. Its Body is not used.
	Limits http1.Limits

	// UserAgent is the User-Agent field of requests that have none. Default: "Eddy"; "-" sends none.
	UserAgent string
	// NoDecompress leaves bodies as they are sent, and asks for no coding. Otherwise zstd, gzip and deflate are asked for
	// and undone, see [Response].Uncompressed.
	NoDecompress bool
	// Decoders has further codings of bodies, such as brotli's: under "br", a function that returns what its
	// argument holds, decoded; it is closed if it is an io.Closer. They are asked for before those that the client knows.
	Decoders map[string]func(io.Reader) (io.Reader, error)
	// Jar keeps cookies between requests, as that of [net/http/cookiejar] does: give its New a list of public suffixes,
	// or one site can set cookies for another. Default: none are kept.
	Jar http.CookieJar

	// Proxy returns the proxy for a URL, nil for none: its scheme is "http", "https", "socks5" or "socks5h", with
	// credentials if it wants them. It is asked for each redirect, too; the URL it is asked for has no user. http goes
	// through an HTTP proxy as it is, all else by a tunnel. Default: [ProxyFromEnvironment]. [Direct] uses none.
	Proxy func(*url.URL) (*url.URL, error)
	// ProxyAuthMode is how an HTTP proxy learns who the user in its URL is. Default: [Basic].
	ProxyAuthMode AuthMode
	// ProxyTLS configures connections to proxies whose URL begins with https, as TLS below those to servers: RootCAs for
	// authorities of your own, Certificates for the client's. Its ServerName is filled in.
	ProxyTLS *tls.Config
	// TLS configures connections to servers. Its ServerName is filled in for each. It must not be
	// changed after. Default: the system's roots, TLS 1.2 or later.
	TLS *tls.Config
	// NoHTTP2 does not offer HTTP/2 to servers. Without it, and without NextProtos in TLS, who asks a server for the
	// first time waits for others who do so already, to share their connection; one that serves as many requests
	// as the server allows is joined by another. They belong to no loop; when there are more than MaxIdle, those that
	// are idle are closed.
	NoHTTP2 bool

	// Resolver looks up names. Default: [tcp.DefaultResolver].
	Resolver tcp.Resolver
	// Hosts maps "host:port", or "host" for all ports, to another "host:port" or "unix:" and the path of a Unix socket,
	// to which is connected instead (Tornado's hostname_mapping). Nothing else of the request changes. The map must not
	// be changed after.
	Hosts map[string]string
	// Family restricts addresses to those of one family: tcp.IPv4 or tcp.IPv6. Default: both.
	Family tcp.Family
	// LocalAddr is the address to connect from; only servers of its family are reached. Default: the system's choice.
	LocalAddr netip.Addr
	// Interface is the name of the network interface to connect through, on systems that have a way to say so (Linux,
	// macOS); on others it is an error.
	Interface string
	// Allow, if not nil, is shown every address before it is connected to; those that it has an error for are not. See
	// [tcp.DialOptions]: with it, Unix sockets are refused. A proxy's address is shown, and not what is behind it.
	Allow func(netip.AddrPort) error

	// Group is whose loops serve callers that have no loop of their own; Close leaves it alone. Default: the client makes
	// one, of as many loops as CPUs, when it is needed first.
	Group *loop.Group
	// Logger receives what no caller can be told. Default: slog.Default().
	Logger *slog.Logger
}

// withDefaults returns o with each zero field replaced by its default, and each negative limit by
// zero, which means none from here on.
func (o Options) withDefaults() Options {
	orDefault(&o.MaxClients, DefaultMaxClients)
	orDefault(&o.MaxPerHost, 0)
	orDefault(&o.MaxQueue, DefaultMaxQueue)
	orDefault(&o.QueueTimeout, DefaultQueueTimeout)
	orDefault(&o.ConnectTimeout, DefaultConnectTimeout)
	orDefault(&o.RequestTimeout, DefaultRequestTimeout)
	orDefault(&o.ReadTimeout, DefaultReadTimeout)
	orDefault(&o.ExpectTimeout, DefaultExpectTimeout)
	orDefault(&o.IdleTimeout, DefaultIdleTimeout)
	orDefault(&o.MaxIdle, DefaultMaxIdle)
	orDefault(&o.MaxRedirects, DefaultMaxRedirects)
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	o.Limits.Body = -1 // counted after decompression
	o.Limits = o.Limits.WithDefaults()
	if o.UserAgent == "" {
		o.UserAgent = DefaultUserAgent
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// orDefault makes *v the default if it is zero, and zero if it is less.
func orDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	} else if *v < 0 {
		*v = 0
	}
}
