package httpclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"time"

	"golang.org/x/net/http/httpguts"

	"eddy/httputil"
)

// Transport is an [http.RoundTripper], for libraries that want one, and for [http.Client]:
//
//	&http.Client{Transport: &httpclient.Transport{Client: c}}
//
// It keeps that interface's contract as http.Transport does: one request and its response, without the
// redirects, cookies and authentication that http.Client has. With the context of a coroutine
// (http.NewRequestWithContext) it parks the coroutine, and so do reads of the body; elsewhere they block. A
// request's body is read by a goroutine, and may be closed while a Read of it waits, if the exchange is over; one
// of up to 64 KiB that can be had again (GetBody) is read before, and costs none. Request.Cancel, by which
// http.Client.Timeout works here, costs a goroutine, too; a context with a deadline does not.
//
// Connections, the queue, proxies, TLS and of [Options] the following are the Client's: MaxClients, MaxPerHost,
// QueueTimeout, ConnectTimeout, ReadTimeout, ExpectTimeout, Limits, UserAgent and NoDecompress. A response holds its
// place among MaxClients until its body was read or closed, or its context has ended; an upgraded connection holds
// none. RequestTimeout, MaxBody, MaxRedirects and Jar are not looked at: http.Client has its own, and who reads a body
// decides how much of it.
//
// The body of a 101 that was asked for, or of a 2xx to CONNECT, is an io.ReadWriteCloser with CloseWrite, and
// with Detach(context.Context) (net.Conn, error). The end of the request's context does not end it. A 101 that nobody has
// asked for has no body, and its connection is closed.
//
// Errors are of type [*Error]. When the context has ended, those of reads of the body are its cause itself. Any
// goroutine.
type Transport struct {
	// Client does the work. Default: [Default].
	Client *Client
}

// Why requests are not sent.
var (
	errNilURL    = errors.New("the request has no URL")
	errNilHeader = errors.New("the request has no Header")
	errNilBody   = errors.New("ContentLength is set and Body is nil")
	errConnect   = errors.New("a CONNECT has no body: write to that of its response")
	errCancelled = errors.New("the request was cancelled by its Cancel")
)

// CloseIdleConnections closes the connections that nobody uses, of all users of the Client.
func (t *Transport) CloseIdleConnections() { t.client().CloseIdle() }

func (t *Transport) client() *Client {
	if t.Client == nil {
		return Default
	}
	return t.Client
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	p := &trip{req: req, body: req.Body}
	resp, err := t.client().roundTrip(p)
	if err != nil {
		p.closeBody()
		return nil, err
	}
	return resp, nil
}

// tripRequest is what a fetch for a Transport has in place of a caller's Request.
var tripRequest = Request{RequestTimeout: -1}

func (c *Client) roundTrip(p *trip) (*http.Response, error) {
	f := &fetch{client: c, req: &tripRequest, toHead: true, maxBody: -1, trip: p, began: time.Now()}
	h := &hop{fetch: f, method: p.method(), connectTimeout: c.options.ConnectTimeout}
	f.hop = h
	if err := p.check(); err != nil {
		return nil, f.failed(&phaseError{PhaseRequest, err})
	}
	u := *p.req.URL
	u.User = nil // http.Client has made a field of it
	h.url = &u
	ctx, cancel := p.context()
	f.trace = httptrace.ContextClientTrace(ctx)
	resp, err := p.run(ctx, h)
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = &phaseError{phaseOf(err), context.Cause(ctx)}
		}
		cancel(nil)
		return nil, f.failed(err)
	}
	if b, ok := resp.Body.(*tripBody); ok {
		b.cancel = cancel
	} else {
		cancel(nil)
	}
	return p.decoded(resp), nil
}

// run sends the request and returns the response when its head is there.
func (p *trip) run(ctx context.Context, h *hop) (*http.Response, error) {
	err := ctx.Err()
	if err == nil {
		err = p.prepare(ctx)
	}
	if err == nil {
		h.url.Host, err = httpguts.PunycodeHostPort(h.url.Host)
	}
	if err == nil {
		err = h.aim()
	}
	if err != nil {
		return nil, &phaseError{PhaseRequest, err}
	}
	resp, err := h.do(ctx)
	if err != nil {
		return nil, err
	}
	return p.response(ctx, h.fetch, resp, h.x)
}

// context returns the request's context, which ends by its Cancel, too.
func (p *trip) context() (context.Context, context.CancelCauseFunc) {
	//lint:ignore SA1019 http.Client.Timeout goes by it
	ctx, stop := p.req.Context(), p.req.Cancel
	if stop == nil {
		return ctx, func(error) {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-stop:
			cancel(errCancelled)
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// check returns what is wrong with the request.
func (p *trip) check() error {
	req := p.req
	switch {
	case req.URL == nil:
		return errNilURL
	case req.Header == nil:
		return errNilHeader
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return errScheme
	case req.URL.Host == "":
		return errHost
	case !httputil.IsToken(p.method()):
		return fmt.Errorf("invalid method %q", req.Method)
	case req.ContentLength != 0 && req.Body == nil:
		return errNilBody
	case p.method() == "CONNECT" && p.hasBody():
		return errConnect
	}
	if err := checkFields("header", req.Header); err != nil {
		return err
	}
	for name := range req.Trailer {
		switch http.CanonicalHeaderKey(name) {
		case "Transfer-Encoding", "Trailer", "Content-Length":
			return fmt.Errorf("invalid trailer field %q", name)
		}
	}
	return checkFields("trailer", req.Trailer)
}

// checkFields never shows a value, which may be secret.
func checkFields(kind string, h http.Header) error {
	for name, values := range h {
		if !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("invalid %s field name %q", kind, name)
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return fmt.Errorf("invalid value of %s field %q", kind, name)
			}
		}
	}
	return nil
}
