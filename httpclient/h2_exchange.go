package httpclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"eddy/httputil"
)

// h2Exchange is the other side of an exchange by HTTP/2: a goroutine that puts into it what comes.
type h2Exchange struct {
	x      *exchange
	cancel context.CancelCauseFunc
	room   chan struct{} // there is room for more of the body
	silent *time.Timer   // ends it when the server has been silent for too long
}

// start begins with x, in a goroutine that ends with it.
func (p *h2Pool) start(ctx context.Context, h *hop, x *exchange) {
	work, cancel := context.WithCancelCause(context.WithValue(context.WithoutCancel(ctx), hopKey{}, h))
	e := &h2Exchange{x: x, cancel: cancel, room: make(chan struct{}, 1)}
	x.peer = e
	go func() {
		defer cancel(nil)
		e.run(work, p)
	}()
}

func (e *h2Exchange) run(ctx context.Context, p *h2Pool) {
	x := e.x
	defer e.watch()()
	resp, err := p.transport.RoundTrip(e.request(ctx))
	if err != nil {
		x.over(e.fault(ctx, err))
		return
	}
	defer resp.Body.Close()
	x.mu.Lock()
	x.touched, x.first, x.secured = true, time.Now(), resp.TLS
	x.mu.Unlock()
	x.answer(fromH2(resp))
	x.overIn(PhaseBody, e.fault(ctx, e.receive(resp)))
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
		if !slices.Contains(perConnection, name) {
			r.Header[name] = append(r.Header[name], value)
		}
	}
	switch {
	case out.source != nil:
		r.Body = produced(ctx, out.source)
	case len(out.body) > 0:
		r.GetBody = func() (io.ReadCloser, error) { return &heldBody{e: e, r: bytes.NewReader(out.body)}, nil }
		r.Body, _ = r.GetBody()
	}
	trace := &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { e.heard(); return nil }}
	return r.WithContext(httptrace.WithClientTrace(ctx, trace))
}

// perConnection are the fields that HTTP/2 does not know (RFC 9113 §8.2.2), and Host, which it calls :authority.
var perConnection = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Host", "Content-Length"}

// produced returns a reader of what a source gives.
func produced(ctx context.Context, s source) io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(s.run(ctx, w)) }()
	return r
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
	return b.r.Read(p)
}

// Close implements io.Closer.
func (b *heldBody) Close() error { return nil }

func fromH2(in *http.Response) *Response {
	resp := &Response{Status: in.StatusCode, Reason: http.StatusText(in.StatusCode), Version: httputil.HTTP20, ContentLength: in.ContentLength}
	resp.Header = httputil.HeaderOver(resp.fields[:0])
	for name, values := range in.Header {
		for _, v := range values {
			resp.Header.Append(name, v)
		}
	}
	return resp
}

// receive takes the body. Its error is io.EOF at the end.
func (e *h2Exchange) receive(in *http.Response) error {
	x := e.x
	buf := make([]byte, 16<<10)
	for {
		n, err := in.Body.Read(buf)
		e.heard()
		x.mu.Lock()
		full, fault := x.put(buf[:n])
		if err == io.EOF {
			for name, values := range in.Trailer {
				for _, v := range values {
					x.trailer.Append(name, v)
				}
			}
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
			e.silent.Stop()
			<-e.room
			e.heard()
		}
	}
}

// watch ends the exchange when its time is over. stop ends watching.
func (e *h2Exchange) watch() (stop func()) {
	x := e.x
	e.silent = time.AfterFunc(x.idle, func() { e.cancel(&TimeoutError{"ReadTimeout", x.idle}) })
	if x.idle == 0 {
		e.silent.Stop()
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
		e.silent.Stop()
		if due != nil {
			due.Stop()
		}
	}
}

// heard notes that the server has sent something.
func (e *h2Exchange) heard() {
	if e.x.idle > 0 {
		e.silent.Reset(e.x.idle)
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
	e.resume(context.Background())
}

// fault returns what an error of x/net's means here.
func (e *h2Exchange) fault(ctx context.Context, err error) error {
	var goAway http2.GoAwayError
	var reset http2.StreamError
	switch {
	case err == io.EOF:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &reset), errors.As(err, &goAway):
		return cut(err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return cut(err)
	}
	return err
}
