package httpclient

//lint:file-ignore SA1019 see h2_pool.go

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"eddy/http1"
	"eddy/httputil"
)

// h2Exchange is the other side of an exchange by HTTP/2: a goroutine that puts into it what comes.
type h2Exchange struct {
	x      *exchange
	hop    *hop
	tries  int
	pool   *h2Pool
	conn   *h2Conn // that was used last; nil before there is one
	cancel context.CancelCauseFunc
	launch launcher
	room   chan struct{} // there is room for more of the body
	silent *time.Timer   // ends it when the server has been silent for too long; nil: never
}

// start begins with x, in a goroutine that ends with it.
func (p *h2Pool) start(ctx context.Context, h *hop, x *exchange) {
	e := &h2Exchange{x: x, hop: h, pool: p, launch: h.launcher(ctx), room: make(chan struct{}, 1)}
	work, cancel := context.WithCancelCause(context.WithValue(context.WithoutCancel(ctx), exchangeKey{}, e))
	e.cancel = cancel
	x.peer = e
	go func() {
		defer cancel(nil)
		if err := guarded(func() error { return e.run(work) }); err != nil {
			x.over(err)
		}
	}()
}

// run returns what the response ends with, or nil if that is done.
func (e *h2Exchange) run(ctx context.Context) error {
	x := e.x
	defer e.watch()()
	resp, err := e.pool.transport.RoundTrip(e.request(ctx))
	if err != nil {
		return e.fault(ctx, err)
	}
	defer resp.Body.Close()
	x.mu.Lock()
	x.touched, x.first, x.secured = true, time.Now(), resp.TLS
	x.mu.Unlock()
	if fields(resp.Header) > e.pool.client.options.Limits.HeaderFields {
		return errManyFields
	}
	head := fromH2(resp)
	if x.most >= 0 && head.ContentLength > x.most && head.hasBody(x.out.method) && !(x.follow && isRedirect(head)) {
		return ErrBodyTooLarge
	}
	x.answer(head)
	x.overIn(PhaseBody, e.fault(ctx, e.receive(ctx, resp)))
	return nil
}

// request makes of what is sent what x/net takes.
func (e *h2Exchange) request(ctx context.Context) *http.Request {
	out := &e.x.out
	r := &http.Request{Method: out.method, Host: out.host, Header: make(http.Header), ContentLength: out.length}
	r.URL = &url.URL{Scheme: "https", Host: out.host, Opaque: out.target}
	if strings.HasPrefix(out.target, "/") {
		r.URL.Opaque = "//" + out.host + out.target
	}
	for name, value := range out.header.All() {
		if !perConnection(&out.header, name, value) {
			r.Header[name] = append(r.Header[name], value)
		}
	}
	if out.trip != nil && len(r.Header["Trailer"]) > 0 {
		r.Header.Del("Trailer")
		r.Trailer = out.trip.req.Trailer // x/net announces it, and reads it when the body has ended
	}
	if !out.header.Has("User-Agent") {
		r.Header["User-Agent"] = nil // or x/net had one of its own
	}
	r.Close = e.pool.client.options.IdleTimeout == 0 || out.header.HasToken("Connection", "close")
	switch {
	case out.source != nil:
		r.GetBody = func() (io.ReadCloser, error) { return newH2Source(ctx, e), nil }
		r.Body, _ = r.GetBody()
		if !out.replay {
			r.GetBody = nil
		}
	case len(out.body) > 0:
		r.GetBody = func() (io.ReadCloser, error) { return &heldBody{e: e, r: bytes.NewReader(out.body)}, nil }
		r.Body, _ = r.GetBody()
	}
	trace := &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error { return e.interim(h) }}
	return r.WithContext(httptrace.WithClientTrace(ctx, trace))
}

// interim takes a head that another one follows. x/net counts none if somebody is told of them.
func (e *h2Exchange) interim(h textproto.MIMEHeader) error {
	e.heard()
	x := e.x
	x.heads += 32
	for name, values := range h {
		for _, v := range values {
			x.heads += int32(min(len(name)+len(v)+32, 1<<20)) // as RFC 9113 §6.5.2 counts
		}
	}
	if int(x.heads) > e.pool.client.options.Limits.HeaderBytes {
		return errInterim
	}
	return nil
}

// perConnection reports whether HTTP/2 has no such field (RFC 9113 §8.2.2), or another place for it: it is about the
// connection, by itself or because Connection names it.
func perConnection(h *httputil.Header, name, value string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Http2-Settings", "Host", "Content-Length":
		return true
	case "Te":
		return !strings.EqualFold(value, "trailers")
	}
	return h.HasToken("Connection", name)
}

// heldBody is a body in memory that is the caller's again once the exchange is over.
type heldBody struct {
	e *h2Exchange
	r *bytes.Reader
}

// Read implements io.Reader.
func (b *heldBody) Read(p []byte) (int, error) {
	x := b.e.x
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return 0, errOver
	}
	b.e.heard()
	return b.r.Read(p)
}

// Close implements io.Closer.
func (b *heldBody) Close() error { return nil }

func fromH2(in *http.Response) *Response {
	resp := &Response{Status: in.StatusCode, Reason: http.StatusText(in.StatusCode), Version: httputil.HTTP20, ContentLength: in.ContentLength}
	resp.Header = httputil.HeaderOver(resp.fields[:0])
	appendFields(&resp.Header, in.Header)
	for _, name := range slices.Sorted(maps.Keys(in.Trailer)) {
		resp.Header.Append("Trailer", name) // as it was sent
	}
	return resp
}

// What breaks the protocol is an http1.Error in this package.
var (
	errManyFields = &http1.Error{Status: 502, Reason: "too many header fields", Section: "RFC 6585 §5"}
	errMalformed  = &http1.Error{Status: 502, Reason: "a malformed response by HTTP/2", Section: "RFC 9113 §8.1.1"}
)

func fields(h http.Header) (n int) {
	for _, values := range h {
		n += len(values)
	}
	return n
}

// appendFields adds fields whose order was lost, in one that does not change.
func appendFields(to *httputil.Header, from http.Header) {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		for _, v := range from[name] {
			to.Append(name, v)
		}
	}
}

// receive takes the body. Its error is io.EOF at the end.
func (e *h2Exchange) receive(ctx context.Context, in *http.Response) error {
	x := e.x
	x.mu.Lock()
	x.tell() // also of a redirect: the connection is free all the time
	x.mu.Unlock()
	size := int64(4 << 10) // of which many may wait for what is not known to come
	if in.ContentLength >= 0 {
		size = min(max(in.ContentLength, 1), 16<<10)
	}
	buf := make([]byte, size)
	for {
		n, err := in.Body.Read(buf)
		e.heard()
		x.mu.Lock()
		full, fault := false, x.err
		if fault == nil { // else nobody wants it any more
			full, fault = x.put(buf[:n])
		}
		if err == io.EOF && fields(in.Trailer) > e.pool.client.options.Limits.HeaderFields {
			fault = errManyFields
		} else if err == io.EOF {
			appendFields(&x.trailer, in.Trailer)
		}
		x.tell()
		x.mu.Unlock()
		if fault != nil {
			return fault
		}
		if err != nil {
			return err
		}
		if full {
			if err := e.wait(ctx); err != nil {
				return err
			}
		}
	}
}

// wait waits for room for more of the body.
func (e *h2Exchange) wait(ctx context.Context) error {
	e.rest()
	defer e.heard()
	select {
	case <-e.room:
		return ctx.Err() // x/net gives what has come, also when nobody wants it any more
	case <-ctx.Done():
		return ctx.Err()
	case <-e.pool.closed:
		return ErrClosed
	}
}

// endWithClient ends the exchange with the client.
func (e *h2Exchange) endWithClient(ctx context.Context) {
	select {
	case <-e.pool.closed:
		e.cancel(ErrClosed)
	case <-ctx.Done():
	}
}

// watch ends the exchange when its time is over. stop ends watching.
func (e *h2Exchange) watch() (stop func()) {
	x := e.x
	if x.idle > 0 {
		e.silent = time.AfterFunc(x.idle, func() { e.cancel(&TimeoutError{"ReadTimeout", x.idle}) })
	}
	var due *time.Timer
	if !x.due.IsZero() {
		due = time.AfterFunc(time.Until(x.due), func() {
			x.mu.Lock()
			headed := x.toHead && x.resp != nil
			x.mu.Unlock()
			if !headed {
				e.cancel(&TimeoutError{"RequestTimeout", x.total})
			}
		})
	}
	return func() {
		e.rest()
		if due != nil {
			due.Stop()
		}
	}
}

// heard notes that the server has sent something, or taken some of the request.
func (e *h2Exchange) heard() {
	if e.silent != nil {
		e.silent.Reset(e.x.idle)
	}
}

// rest stops waiting for the server, because others are to do something.
func (e *h2Exchange) rest() {
	if e.silent != nil {
		e.silent.Stop()
	}
}

// resume implements peer.
func (e *h2Exchange) resume(context.Context) {
	select {
	case e.room <- struct{}{}:
	default:
	}
}

// abandon implements peer.
func (e *h2Exchange) abandon(_ context.Context, x *exchange, err error) {
	x.mu.Lock()
	phase := PhaseHead
	if x.resp != nil {
		phase = PhaseBody
	}
	x.mu.Unlock()
	x.overIn(phase, err)
	e.cancel(err)
}

// fault returns what an error of x/net's means here.
func (e *h2Exchange) fault(ctx context.Context, err error) error {
	var goAway http2.GoAwayError
	var broken http2.ConnectionError
	var reset http2.StreamError
	switch {
	case err == io.EOF || errors.Is(err, errNotH2):
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case e.pool.client.closed.Load():
		return ErrClosed
	case errors.As(err, &reset):
		e.x.mu.Lock()
		e.x.touched = true // this is the server's answer, and no stale connection
		e.x.mu.Unlock()
		if fault, ok := errors.AsType[*http1.Error](reset.Cause); ok {
			return fault
		}
		if reset.Cause != nil && reset.Cause.Error() != fromPeer {
			return fmt.Errorf("%w: %w", errMalformed, err)
		}
		return cut(err)
	case errors.As(err, &broken): // by whichever of its responses
		return cut(fmt.Errorf("%w: %w", errMalformed, err))
	case errors.As(err, new(*phaseError)), errors.As(err, new(*sourceError)):
		return err
	case errors.As(err, &goAway), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.As(err, new(net.Error)):
		return cut(err)
	}
	if e.conn != nil && e.conn.State().Closed { // for want of a sign of life, of which x/net has no error that one could know
		return cut(err)
	}
	return err
}

// fromPeer is the cause of x/net's for a stream that the server has reset.
const fromPeer = "received from peer"
