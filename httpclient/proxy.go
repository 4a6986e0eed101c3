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

// Direct is for Options.Proxy, and uses none. Any goroutine.
func Direct(*url.URL) (*url.URL, error) { return nil, nil }

// route finds out whether the hop goes by a proxy, and adds that to w and to the key.
func (h *hop) route(w *way) error {
	h.proxy = nil // a redirect may lead to where there is none
	if h.req.UnixSocket != "" {
		h.key.addr = "unix:" + h.req.UnixSocket
		return nil
	}
	proxy, err := h.chooseProxy()
	if err != nil || proxy == nil {
		return err
	}
	if _, err := tunnel.Address(proxy); err != nil {
		return proxyError(err)
	}
	h.proxy, w.proxy = proxy, proxy.String()
	if h.forwarded() {
		h.key.addr = "" // its connections are good for all servers
	} else if own := h.ownProof(); own != "" {
		w.proxy += " " + own // whoever opened a tunnel has proved who he is
	}
	return nil
}

// chooseProxy returns the proxy for the hop, nil for none.
func (h *hop) chooseProxy() (proxy *url.URL, err error) {
	if proxy = h.req.Proxy; proxy == nil {
		choose := h.client.options.Proxy
		if choose == nil {
			return ProxyFromEnvironment(h.url)
		}
		bare := *h.url
		bare.User = nil
		err = guarded(func() (err error) {
			proxy, err = choose(&bare)
			return err
		})
	}
	if proxy != nil && *proxy == (url.URL{}) {
		return nil, err
	}
	return proxy, err
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

// throughProxy makes a connection to the proxy into one to the server, if that is needed. It closes what it
// cannot use.
func (h *hop) throughProxy(ctx context.Context, s *stream.Stream) (*stream.Stream, error) {
	if h.proxy.Scheme == "https" {
		if err := s.StartTLS(ctx, stream.Client, h.proxyTLS()); err != nil {
			return nil, err
		}
	}
	if h.forwarded() {
		return s, nil
	}
	err := h.openTunnel(ctx, s)
	if err == nil && s.Secure() && h.key.secure {
		var inner *stream.Stream
		if inner, err = unwrapped(ctx, s); err == nil {
			return inner, nil
		}
	}
	if err != nil {
		s.Loop().Do(context.WithoutCancel(ctx), func(context.Context) error { s.CloseNow(); return nil })
		return nil, err
	}
	return s, nil
}

// proxyTLS returns the configuration for the proxy's name.
func (h *hop) proxyTLS() *tls.Config {
	config := h.client.options.ProxyTLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = serverName(h.proxy)
	}
	config.NextProtos = []string{"http/1.1"}
	return config
}

// ownProof is what the request itself says to a proxy that is asked for a tunnel.
func (h *hop) ownProof() string {
	if h.header == nil {
		return ""
	}
	return h.header.Get("Proxy-Authorization")
}

// errProxyClosed says that there is an answer to the proxy's challenge, which needs another connection.
var errProxyClosed = errors.New("httpclient: the proxy has closed behind its challenge")

// openTunnel asks the proxy for the server, again if it wants the user to prove who he is.
func (h *hop) openTunnel(ctx context.Context, s *stream.Stream) error {
	target := withPort(h.url)
	proxy, o := *h.proxy, tunnel.Options{Header: h.tunnelHeader()}
	if !h.digestProxy() || o.Header.Has("Proxy-Authorization") {
		return tunnel.Open(ctx, s, &proxy, target, o)
	}
	proxy.User = nil
	session := h.session(h.proxy)
	request := digest.Request{Method: http.MethodConnect, Target: target}
	for {
		if h.tunnelAnswer == nil {
			var err error
			if h.tunnelAnswer, err = session.Answer(request); err != nil {
				return err
			}
		}
		if h.tunnelAnswer != nil {
			o.Header.Replace("Proxy-Authorization", h.tunnelAnswer.Field)
		}
		err := tunnel.Open(ctx, s, &proxy, target, o)
		refusal, ok := errors.AsType[*tunnel.Error](err)
		if !ok || refusal.Status != http.StatusProxyAuthRequired {
			return err
		}
		challenges, _ := httputil.ParseChallenges(refusal.Header.Values("Proxy-Authenticate")...)
		if h.tunnelAnswer, err = session.Retry(challenges, h.tunnelAnswer, request); err != nil {
			refusal.Err = err
			return refusal
		}
		if !refusal.KeepAlive {
			s.Loop().Do(context.WithoutCancel(ctx), func(context.Context) error { s.CloseNow(); return nil })
			return errProxyClosed
		}
	}
}

// tunnelHeader returns what a proxy is told when it is asked for a tunnel.
func (h *hop) tunnelHeader() *httputil.Header {
	header := new(httputil.Header)
	agent := h.client.options.UserAgent
	if h.req.UserAgent != "" {
		agent = h.req.UserAgent
	}
	if agent == "-" {
		agent = ""
	}
	header.Append("User-Agent", agent)
	if own := h.ownProof(); own != "" {
		header.Append("Proxy-Authorization", own)
	}
	return header
}
