package tunnel

import (
	"context"
	"io"
	"net/url"
	"strings"
	"time"

	"eddy/httputil"
	"eddy/stream"
)

// refusalTime is how long the body of a refusal is waited for, to keep the connection.
const refusalTime = time.Second

// readSize is how much of an answer is asked for at once: most heads fit.
const readSize = 4 << 10

// Options configures [Open]. The zero value is good.
type Options struct {
	// Header has fields for an HTTP proxy's request, such as one with credentials that are not
	// Basic; SOCKS has none. A Proxy-Authorization replaces that of the URL's user, and a User-Agent
	// the one that is sent else, "eddy"; an empty one is left out. Fields of the
	// connection and its framing are not copied: see [http1.RequestEncoder.AppendHead].
	Header *httputil.Header
}

// Open asks the proxy at the other end of s for a connection to target, "host:port" with IPv6
// addresses in brackets, and makes s into it: bytes that came behind the proxy's answer are unread,
// and they and all others are the target's. The schemes are those of [Address]; a stream to an https
// proxy has TLS already. Nothing may have been read from s yet.
//
// TLS to the target is begun on s afterwards, unless s has TLS already: a stream has it once. Bytes that a
// proxy has put behind its answer make that fail (stream.ErrNotIdle), because they would pass for the target's.
//
// The user of the proxy's URL, if it has one, is sent in clear: by Basic, or RFC 1929. An HTTP proxy
// that wants something else refuses with status 407. If [Error.KeepAlive] is set then, Open can be
// called again with the same stream, else with a new one. To keep a password from a proxy that may want Digest,
// give a URL without user first.
//
// Open parks the calling coroutine, or blocks any other goroutine; a plain callback of the loop must
// not call it. Only the end of ctx limits its time. Errors are an [*Error]. But for that one case
// the caller closes the stream then. Any goroutine.
func Open(ctx context.Context, s *stream.Stream, proxy *url.URL, target string, o Options) error {
	c, err := newConversation(proxy, target, o.Header)
	if err == nil {
		err = s.Loop().Do(ctx, func(ctx context.Context) error {
			if proxy.Scheme == "https" && !s.Secure() {
				return fault("the stream to an https proxy has no TLS")
			}
			return converse(ctx, s, c)
		})
	}
	if err != nil {
		return located(err, proxy, target)
	}
	return nil
}

// conversation is what is said with a proxy, without its I/O.
type conversation interface {
	// begin returns what is sent first.
	begin() []byte
	// take is given all unread bytes. It is called again when more have come behind those that it has
	// not used, until the tunnel is open or there is an error.
	take(in []byte) (progress, error)
	// end says what it means that no more bytes come.
	end() error
}

// progress is what a conversation has made of some bytes.
type progress struct {
	used  int
	send  []byte
	open  bool // what is not used is the target's
	brief bool // what is missing is not worth waiting for long
}

func newConversation(proxy *url.URL, target string, extra *httputil.Header) (conversation, error) {
	if _, err := checkScheme(proxy); err != nil {
		return nil, err
	}
	to, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(proxy.Scheme, "socks5") {
		return newSocks5(proxy, to)
	}
	return newConnect(proxy, to, extra)
}

func errClosed() error {
	return &Error{Reason: "the proxy has closed the connection", Err: io.ErrUnexpectedEOF}
}

// converse runs with the loop held.
func converse(ctx context.Context, s *stream.Stream, c conversation) error {
	if len(s.Unread()) > 0 {
		return fault("the proxy has sent something before it was asked")
	}
	out, wait, brief := c.begin(), ctx, false
	for {
		if len(out) > 0 {
			if err := s.Write(ctx, out); err != nil {
				return err
			}
		}
		if err := s.WaitReadable(wait, readSize); err == io.EOF || err != nil && brief && ctx.Err() == nil {
			return c.end()
		} else if err != nil {
			return err
		}
		p, err := c.take(s.Unread())
		s.Discard(p.used)
		if p.open || err != nil {
			return err
		}
		if out = p.send; p.brief && !brief {
			var cancel context.CancelFunc
			wait, cancel = context.WithTimeout(ctx, refusalTime)
			defer cancel()
			brief = true
		}
	}
}
