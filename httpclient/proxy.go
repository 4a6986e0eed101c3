package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"eddy/httputil"
	"eddy/internal/digest"
	"eddy/internal/tunnel"
	"eddy/stream"
)

var environment = sync.OnceValue(tunnel.FromEnvironment)

// ProxyFromEnvironment returns the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY (or their lower-case forms)
// name for a URL, as they are when they are needed first. See [net/http.ProxyFromEnvironment], which does the same. Any
// goroutine.
func ProxyFromEnvironment(u *url.URL) (*url.URL, error) { return environment()(u) }

// Direct uses no proxy, see [Options].
func Direct(*url.URL) (*url.URL, error) { return nil, nil }

// route finds out whether the hop goes by a proxy, and which connections it can use.
func (h *hop) route() error {
	if h.req.UnixSocket != "" {
		h.key.addr = "unix:" + h.req.UnixSocket
		return nil
	}
	proxy := h.req.Proxy
	if proxy == nil {
		choose := h.client.options.Proxy
		if choose == nil {
			choose = ProxyFromEnvironment
		}
		var err error
		if proxy, err = choose(h.url); err != nil || proxy == nil {
			return err
		}
	}
	if _, err := tunnel.Address(proxy); err != nil {
		return err
	}
	h.proxy, h.key.proxy = proxy, proxy.String()
	if h.forwarded() {
		h.key.addr = "" // its connections are good for all servers
	}
	return nil
}

// forwarded reports whether the proxy is asked for the resource itself, and not for a tunnel to its
// server (RFC 9112 §3.2.2).
func (h *hop) forwarded() bool {
	return h.proxy != nil && h.url.Scheme == "http" && (h.proxy.Scheme == "http" || h.proxy.Scheme == "https")
}

// digestProxy reports whether the proxy's password must not be told.
func (h *hop) digestProxy() bool {
	mode := h.req.ProxyAuthMode
	if mode == Basic {
		mode = h.client.options.ProxyAuthMode
	}
	return mode == Digest && h.proxy.User != nil
}

// throughProxy makes a connection to the proxy into one to the server, if that is needed.
func (h *hop) throughProxy(ctx context.Context, s *stream.Stream) (*stream.Stream, error) {
	if h.proxy.Scheme == "https" {
		config := h.client.options.ProxyTLS.Clone()
		if config == nil {
			config = new(tls.Config)
		}
		if config.ServerName == "" {
			config.ServerName = h.proxy.Hostname()
		}
		if err := s.StartTLS(ctx, stream.Client, config); err != nil {
			return nil, err
		}
	}
	if h.forwarded() {
		return s, nil
	}
	if err := h.openTunnel(ctx, s); err != nil {
		s.Loop().Do(context.WithoutCancel(ctx), func(context.Context) error { s.CloseNow(); return nil })
		return nil, err
	}
	if h.proxy.Scheme == "https" && h.key.scheme == "https" {
		return unwrapped(ctx, s)
	}
	return s, nil
}

// openTunnel asks the proxy for the server, a second time if it wants the user to prove who he is.
func (h *hop) openTunnel(ctx context.Context, s *stream.Stream) error {
	target := withPort(h.url)
	if !h.digestProxy() {
		return tunnel.Open(ctx, s, h.proxy, target, tunnel.Options{})
	}
	anonymous := *h.proxy
	anonymous.User = nil
	session := h.session(h.proxy)
	request := digest.Request{Method: http.MethodConnect, Target: target}
	answer, err := session.Answer(request)
	for err == nil {
		var o tunnel.Options
		if answer != nil {
			o.Header = new(httputil.Header)
			o.Header.Append("Proxy-Authorization", answer.Field)
		}
		err = tunnel.Open(ctx, s, &anonymous, target, o)
		refusal, ok := errors.AsType[*tunnel.Error](err)
		if !ok || !refusal.KeepAlive {
			break
		}
		challenges, _ := httputil.ParseChallenges(refusal.Header.Values("Proxy-Authenticate")...)
		if answer, err = session.Retry(challenges, answer, request); err != nil {
			err = errors.Join(refusal, err)
		}
	}
	return err
}

// unwrapped returns a stream of what s carries, for TLS within the TLS of a proxy: a stream can have one of
// them.
func unwrapped(ctx context.Context, s *stream.Stream) (*stream.Stream, error) {
	l := s.Loop()
	near, far, err := stream.Pair(ctx, l, l)
	if err != nil {
		return nil, err
	}
	life := context.WithoutCancel(ctx)
	pump := func(from, to *stream.Stream) func(context.Context) {
		return func(ctx context.Context) {
			for {
				piece, err := from.ReadSome(ctx, pumpPiece)
				if err == nil {
					err = to.Write(ctx, piece)
				}
				if err != nil {
					break
				}
			}
			to.Loop().Do(ctx, func(context.Context) error { to.Close(); return nil })
		}
	}
	l.Spawn(life, pump(s, far))
	l.Spawn(life, pump(far, s))
	return near, nil
}

// pumpPiece is how much is carried at once.
const pumpPiece = 32 << 10
