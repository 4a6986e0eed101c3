package hardserver_test

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"eddy/internal/hardserver"
	"eddy/internal/testcert"
)

// standard is net/http's client under trial.
type standard struct{ http.Client }

func newStandard(*hardserver.Case) hardserver.Client {
	return &standard{http.Client{Transport: &http.Transport{
		DialContext:            dialLoopback,
		MaxResponseHeaderBytes: hardserver.MaxHead,
		TLSClientConfig:        &tls.Config{RootCAs: testcert.Shared().Pool()},
	}}}
}

var errGuard = errors.New("no loopback address")

func dialLoopback(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && !ip.IsLoopback() && !ip.IsUnspecified() {
		return nil, errGuard
	}
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

func (s *standard) Close() { s.CloseIdleConnections() }

func (s *standard) Fetch(ctx context.Context, c *hardserver.Case, target string) hardserver.Outcome {
	method, body := c.Method, io.Reader(nil)
	if method == "" {
		method = http.MethodGet
	}
	if c.Upload > 0 {
		body = strings.NewReader(strings.Repeat("x", c.Upload))
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		panic(err)
	}
	if c.Upload > 0 {
		r.Header.Set("Content-Type", "text/plain")
	}
	if c.Credentials {
		r.Header.Set("Authorization", hardserver.Authorization)
		r.Header.Set("Cookie", hardserver.Cookie)
	}
	resp, err := s.Do(r)
	if err != nil {
		return hardserver.Outcome{Class: classify(ctx, err)}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, hardserver.MaxBody+1))
	switch {
	case err != nil:
		return hardserver.Outcome{Class: classify(ctx, err)}
	case len(text) > hardserver.MaxBody:
		return hardserver.Outcome{Class: hardserver.TooLarge}
	}
	return hardserver.Outcome{Class: hardserver.OK, Status: resp.StatusCode, Body: string(text)}
}

// classify tells errors of net/http apart. Where it has no type for one, its text must do.
func classify(ctx context.Context, err error) hardserver.Class {
	text := err.Error()
	says := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	var dial *net.OpError
	var cert *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var corrupt flate.CorruptInputError
	switch {
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return hardserver.Timeout
	case errors.Is(err, errGuard), errors.As(err, &dial) && dial.Op == "dial":
		return hardserver.Connect
	case errors.As(err, &cert), errors.As(err, &invalid), errors.As(err, &alert), errors.As(err, &record), says("tls: "),
		says("server gave HTTP response to HTTPS client"):
		return hardserver.TLS
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return hardserver.Decode
	case says("server response headers exceeded", "too large", "too long"):
		return hardserver.TooLarge
	case says("stopped after 10 redirects", "unsupported protocol scheme", "no Host in request URL", "failed to parse Location",
		"invalid port", "Location header"):
		return hardserver.Redirect
	case says("server closed idle connection"):
		return hardserver.Closed
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return hardserver.Cut
	case errors.Is(err, io.EOF):
		return hardserver.Closed
	case says("malformed", "multiple", "chunk", "trailer", "invalid", "bad ", "unsupported transfer", "too many"):
		return hardserver.Protocol
	}
	return hardserver.Class("unknown: " + text)
}
